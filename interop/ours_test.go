package interop

import (
	"encoding/binary"
	"strconv"
	"testing"
	"time"

	"usersig"
)

// An attempt is a token of ours before the official Node verifier, and what it should say. It
// checks no expiry, so that is not among the attempts.
type attempt struct {
	request
	name string
	want bool
	text string // the userbuf it should return; not compared if noText
}

const noText = "\x00" // a PrivateMapKey's bytes are not text, and Node mangles them

// TestNodeVerifiesOurECDSA covers the direction in which the package for asymmetric keys is the
// verifier: every curve, all three purposes, plain and compressed. No published package verifies
// for secrets; TestOurHMAC says what stands in for that.
func TestNodeVerifiesOurECDSA(t *testing.T) {
	for _, curve := range allCurves {
		for _, compress := range []bool{false, true} {
			t.Run(curve.String()+"/compress="+strconv.FormatBool(compress), func(t *testing.T) {
				checkOurs(t, newKeyPair(t, curve), compress)
			})
		}
	}
}

func checkOurs(t *testing.T, key keyPair, compress bool) {
	signer := newSigner(t, key.PrivateKey, compress)
	var attempts []attempt
	for _, user := range users {
		r := request{API: "v1.verifySig", App: app, User: user, PublicKey: key.public}
		r.Token = sign(t, signer, usersig.Claims{UserID: user})
		attempts = append(attempts, attempt{r, "UserSig", true, ""})

		r.API = "v1.verifySigWithUserbuf"
		for _, buf := range buffers {
			r.Token = sign(t, signer, usersig.Claims{UserID: user, UserBuf: buf})
			attempts = append(attempts, attempt{r, "userbuf", true, string(buf)})
		}
		grant := &usersig.Grant{Room: usersig.Room{Name: "大厅"}, Allow: usersig.AllPrivileges}
		r.Token = sign(t, signer, usersig.Claims{UserID: user, Grant: grant})
		attempts = append(attempts, attempt{r, "PrivateMapKey", true, noText})
	}
	attempts = append(attempts, refused(t, attempts[0].request, key.Curve())...)

	requests := make([]request, len(attempts))
	for i, a := range attempts {
		requests[i] = a.request
	}
	for i, got := range ask(t, node, requests) {
		a := attempts[i]
		if got.OK != a.want {
			t.Errorf("%s for %q: the official verifier says %v, want %v", a.name, a.User, got.OK, a.want)
		}
		if a.text != noText && got.Text != a.text {
			t.Errorf("%s for %q: it returns userbuf %q, want %q", a.name, a.User, got.Text, a.text)
		}
	}
}

// refused turns a good UserSig into attempts that must fail, so that a verifier that says yes to
// everything would be noticed.
func refused(t *testing.T, good request, curve usersig.Curve) []attempt {
	t.Helper()
	user, appID, key := good, good, good
	user.User += "x"
	appID.App++
	key.PublicKey = newKeyPair(t, curve).public
	return []attempt{
		{user, "another user's UserSig", false, ""},
		{appID, "another application's UserSig", false, ""},
		{key, "UserSig of another key", false, ""},
	}
}

// TestOurHMAC shows that ours and theirs are the same signature. An HMAC has one value only, so
// whoever takes their tokens takes ours; no published package could verify them.
func TestOurHMAC(t *testing.T) {
	signer := newSigner(t, newSecret(t), false)
	var requests []request
	for _, user := range users {
		r := request{App: app, User: user, Expire: expire, Secret: secret}
		requests = append(requests, with(r, "v2.genUserSig"))
		for _, r.UserBuf = range buffers {
			requests = append(requests, with(r, "v2.genSig"))
		}
	}
	for i, reply := range ask(t, node, requests) {
		r, theirs := requests[i], fields(t, reply.Token)
		issued, err := strconv.ParseInt(theirs["TLS.time"], 10, 64)
		if err != nil {
			t.Fatalf("their TLS.time: %v", err)
		}
		ours := fields(t, sign(t, signer, usersig.Claims{
			UserID: r.User, IssuedAt: time.Unix(issued, 0), UserBuf: r.UserBuf,
		}))
		for name, want := range theirs {
			if got, ok := ours[name]; !ok || got != want {
				t.Errorf("%s for %q: our %s is %q, theirs %q", r.API, r.User, name, got, want)
			}
		}
		if len(ours) != len(theirs) {
			t.Errorf("%s for %q: ours has %d fields, theirs %d", r.API, r.User, len(ours), len(theirs))
		}
	}
}

// TestOurPrivateMapKey compares the content of PrivateMapKeys byte for byte, but for the instant of
// expiry: for that the package reads the clock a second time.
func TestOurPrivateMapKey(t *testing.T) {
	signer := newSigner(t, newSecret(t), false)
	calls := privateMapKeyCalls()
	requests := make([]request, len(calls))
	for i, c := range calls {
		requests[i] = c.request
	}
	for i, reply := range ask(t, node, requests) {
		r := requests[i]
		grant := &usersig.Grant{Room: room(r), Allow: usersig.Privilege(r.Privileges)}
		ours := fields(t, sign(t, signer, usersig.Claims{UserID: r.User, Grant: grant}))
		got, gotAt := splitInstant(t, r, decode(t, ours["TLS.userbuf"]))
		want, wantAt := splitInstant(t, r, decode(t, fields(t, reply.Token)["TLS.userbuf"]))
		if got != want {
			t.Errorf("%s for %q: our userbuf is %x, theirs %x", r.API, r.User, got, want)
		}
		if d := gotAt - wantAt; d < 0 || d > int64(installTimeout/time.Second) {
			t.Errorf("%s for %q: ours, made after theirs, ends %d s after it", r.API, r.User, d)
		}
	}
}

// splitInstant takes the expiry out of a PrivateMapKey's userbuf: four bytes, which follow the
// version, the user ID with its length, the application and the room.
func splitInstant(t *testing.T, r request, buf []byte) (rest string, instant int64) {
	t.Helper()
	at := 1 + 2 + len(r.User) + 4 + 4
	if len(buf) < at+4 {
		t.Fatalf("a userbuf of %d bytes is too short", len(buf))
	}
	return string(buf[:at]) + string(buf[at+4:]), int64(binary.BigEndian.Uint32(buf[at:]))
}
