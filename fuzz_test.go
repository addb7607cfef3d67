package usersig_test

import (
	"testing"

	"usersig"
)

// FuzzVerify: nobody without a key can make a token, so one that verifies says
// what one of the seeds says. The seeds are every genuine token that the vectors
// have, and some of our own.
func FuzzVerify(f *testing.F) {
	v := verifierOf(f, nil)
	genuine := map[string]bool{}
	for _, made := range forgers {
		for _, forged := range []*forgery{made.make(), made.make().userBuf([]byte("x")), made.make().userBuf(ticketOf(testTicket)), made.make().userBuf(nil)} {
			token := forged.token()
			said, err := usersig.Inspect(token)
			if err != nil {
				f.Fatal(err)
			}
			genuine[meaning(said)] = true
			f.Add(token)
			f.Add(outer(storedIn([]byte(forged.text()), 1<<15)))
		}
	}
	for _, file := range []string{"issued.json", "hostile.json"} {
		for _, vector := range readVectors(f, file).Vectors {
			f.Add(vector.Token)
		}
	}
	f.Fuzz(func(t *testing.T, token string) {
		said, inspectErr := usersig.Inspect(token)
		if inspectErr != nil && (said != nil || usersig.Code(inspectErr) != 70003 && usersig.Code(inspectErr) != 70002) {
			t.Fatalf("%+v, %v", said, inspectErr)
		}
		verified := 0
		for _, ask := range []func() (usersig.Verified, error){
			func() (usersig.Verified, error) { return v.Authenticate(t.Context(), token) },
			func() (usersig.Verified, error) { return v.VerifyUserBuf(t.Context(), token, "alice") },
			func() (usersig.Verified, error) {
				return v.VerifyPrivateMapKey(t.Context(), token, "alice", testTicket.room())
			},
		} {
			who, err := ask()
			if err == nil {
				verified++
				if inspectErr != nil || !genuine[meaning(said)] || who.UserID() != "alice" || who.Purpose() != said.Purpose {
					t.Fatalf("%q verifies as %v", token, who.LogValue())
				}
				continue
			}
			if r, ok := usersig.RefusalOf(err); !ok || r.Message == "" || r.Remedy == "" || who.IsValid() || r.In("zh").Message == r.Message {
				t.Fatalf("%+v, %v", r, who.LogValue())
			}
		}
		if verified > 1 {
			t.Fatalf("%q serves %d purposes", token, verified)
		}
	})
}

// FuzzParsePrivilege: what is read prints as text that reads as the same.
func FuzzParsePrivilege(f *testing.F) {
	for _, s := range []string{"all", "none", "audience", "42", "create,join", " join , send-audio", "256", "", ",", "receive-screen,255", "-1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := usersig.ParsePrivilege(s)
		if err != nil {
			if p != 0 || len(err.Error()) > 400 {
				t.Fatalf("%v, %v", p, err)
			}
			return
		}
		if p&^usersig.AllPrivileges != 0 {
			t.Fatalf("%q is %d, which is not a privilege", s, uint32(p))
		}
		if again, err := usersig.ParsePrivilege(p.String()); err != nil || again != p {
			t.Fatalf("%q is %v, which reads as %v, %v", s, p, again, err)
		}
	})
}
