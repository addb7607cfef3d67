package usersig_test

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"usersig"
)

// ticket is the content of a PrivateMapKey, written out as the format says.
type ticket struct {
	version     byte
	user        string
	app, id     uint32
	until       uint32
	privileges  uint32
	accountType uint32
	name        string // of the room, with version 1
}

// testTicket is a good ticket of alice's.
var testTicket = ticket{user: "alice", app: testApp, id: 123, until: testTime + testTTL, privileges: 42}

// named is testTicket for a room with a name.
func named(name string) ticket {
	t := testTicket
	t.version, t.id, t.name = 1, 0, name
	return t
}

func (t ticket) room() usersig.Room { return usersig.Room{ID: t.id, Name: t.name} }

func ticketOf(t ticket) []byte {
	b := []byte{t.version}
	b = binary.BigEndian.AppendUint16(b, uint16(len(t.user)))
	b = append(b, t.user...)
	for _, n := range []uint32{t.app, t.id, t.until, t.privileges, t.accountType} {
		b = binary.BigEndian.AppendUint32(b, n)
	}
	if t.version == 0 {
		return b
	}
	b = binary.BigEndian.AppendUint16(b, uint16(len(t.name)))
	return append(b, t.name...)
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// wantNoTicket fails unless every forger's token with buf is refused as a
// PrivateMapKey of alice for room, by the named check.
func wantNoTicket(t *testing.T, buf []byte, room usersig.Room, check, part string) {
	t.Helper()
	v := verifierOf(t, nil)
	for _, f := range forgers {
		who, err := v.VerifyPrivateMapKey(t.Context(), f.make().userBuf(buf).token(), "alice", room)
		wantRefusal(t, who, err, usersig.ErrNoGrant, part)
		if r, _ := usersig.RefusalOf(err); r.Check != check || r.TRTC != -100006 || r.Code != -100006 {
			t.Errorf("%s: %+v, want check %s", f.name, r, check)
		}
	}
}

// wantSpoilt is wantNoTicket for a buffer that is no whole ticket of alice. One that
// begins like hers is neither that nor free bytes, and is not signed as such.
func wantSpoilt(t *testing.T, buf []byte, room usersig.Room) {
	t.Helper()
	if len(buf) < 12 || string(buf[1:12]) != "\x00\x05alice\x53\x72\x4e\x00" {
		wantNoTicket(t, buf, room, "purpose", "its user buffer is not a PrivateMapKey for this user and application")
		return
	}
	wantNoTicket(t, buf, room, "grant", "its content is malformed")
	v := verifierOf(t, nil)
	for _, f := range forgers {
		who, err := v.VerifyUserBuf(t.Context(), f.make().userBuf(buf).token(), "alice")
		wantRefusal(t, who, err, usersig.ErrPurpose, "")
	}
	s, err := usersig.NewSigner(testApp, privateOf(t, keyP256), nil)
	if err != nil {
		t.Fatal(err)
	}
	if token, err := s.Sign(usersig.Claims{UserID: "alice", TTL: time.Hour, UserBuf: buf}); token != "" || !errors.Is(err, usersig.ErrInvalidClaims) {
		t.Errorf("signed %x as free bytes: %v", buf, err)
	}
}

func TestTicketIsTaken(t *testing.T) {
	v := verifierOf(t, nil)
	for name, c := range map[string]ticket{
		"number": testTicket, "name": named("lobby"), "Chinese name": named("房间"), "long name": named(strings.Repeat("r", 255)),
		"room 0":         {user: "alice", app: testApp, until: testTime + testTTL, privileges: 255},
		"largest number": {user: "alice", app: testApp, id: math.MaxUint32, until: math.MaxUint32, privileges: 1},
	} {
		for _, f := range forgers {
			who, err := v.VerifyPrivateMapKey(t.Context(), f.make().userBuf(ticketOf(c)).token(), "alice", c.room())
			if err != nil {
				t.Errorf("%s, %s: %v", f.name, name, err)
				continue
			}
			want := usersig.Grant{Room: c.room(), Allow: usersig.Privilege(c.privileges)}
			if grant, err := who.Grant(); err != nil || grant != want {
				t.Errorf("%s, %s: %+v, %v, want %+v", f.name, name, grant, err, want)
			}
			if string(who.UserBuf()) != string(ticketOf(c)) {
				t.Errorf("%s, %s: user buffer %x", f.name, name, who.UserBuf())
			}
		}
	}
}

// TestTicketIsWhole: no official verifier looks inside; here every byte counts.
func TestTicketIsWhole(t *testing.T) {
	for _, good := range []ticket{testTicket, named("lobby")} {
		whole := ticketOf(good)
		for n := range whole {
			wantSpoilt(t, whole[:n], good.room())
		}
		wantSpoilt(t, append(whole[:len(whole):len(whole)], 0), good.room())
		wantSpoilt(t, append(whole[:len(whole):len(whole)], whole...), good.room())
	}
	spoil := func(f func(*ticket), from ticket) []byte {
		f(&from)
		return ticketOf(from)
	}
	lobby := named("lobby")
	for name, buf := range map[string][]byte{
		"version 2":               spoil(func(t *ticket) { t.version = 2 }, lobby),
		"version 255":             spoil(func(t *ticket) { t.version = 255 }, lobby),
		"account type 1":          spoil(func(t *ticket) { t.accountType = 1 }, lobby),
		"account type 2^31":       spoil(func(t *ticket) { t.accountType = 1 << 31 }, lobby),
		"number and name":         spoil(func(t *ticket) { t.id = 1 }, lobby),
		"name of no bytes":        spoil(func(t *ticket) { t.name = "" }, lobby),
		"name with NUL":           spoil(func(t *ticket) { t.name = "lobby\x00x" }, lobby),
		"name with a line feed":   spoil(func(t *ticket) { t.name = "lobby\n" }, lobby),
		"name not UTF-8":          spoil(func(t *ticket) { t.name = "lobb\xff" }, lobby),
		"name of 256 bytes":       spoil(func(t *ticket) { t.name = strings.Repeat("r", 256) }, lobby),
		"another user":            spoil(func(t *ticket) { t.user = "alicf" }, lobby),
		"user in capitals":        spoil(func(t *ticket) { t.user = "Alice" }, lobby),
		"user cut":                spoil(func(t *ticket) { t.user = "alic" }, lobby),
		"no user":                 spoil(func(t *ticket) { t.user = "" }, lobby),
		"another application":     spoil(func(t *ticket) { t.app++ }, lobby),
		"application 0":           spoil(func(t *ticket) { t.app = 0 }, lobby),
		"length of user too long": append([]byte{1, 255, 255}, ticketOf(lobby)[3:]...),
	} {
		t.Run(name, func(t *testing.T) {
			for _, room := range []usersig.Room{{Name: "lobby"}, {Name: "lobby\x00x"}, {}, {ID: 1}} {
				wantSpoilt(t, buf, room)
			}
		})
	}
}

// TestTicketIsForOneRoom: the number 123 and the name "123" are different rooms.
func TestTicketIsForOneRoom(t *testing.T) {
	for name, c := range map[string]struct {
		ticket ticket
		asked  usersig.Room
		part   string
	}{
		"another number":  {testTicket, usersig.Room{ID: 124}, "it is for room #123, wanted room #124"},
		"number as name":  {testTicket, usersig.Room{Name: "123"}, `it is for room #123, wanted room "123"`},
		"name as number":  {named("123"), usersig.Room{ID: 123}, `it is for room "123", wanted room #123`},
		"another name":    {named("lobby"), usersig.Room{Name: "Lobby"}, `wanted room "Lobby"`},
		"no room":         {testTicket, usersig.Room{}, "wanted room #0"},
		"name and number": {testTicket, usersig.Room{ID: 123, Name: "lobby"}, `wanted room "lobby"`},
		"very long":       {testTicket, usersig.Room{Name: strings.Repeat("房", 100)}, "房…"},
	} {
		t.Run(name, func(t *testing.T) { wantNoTicket(t, ticketOf(c.ticket), c.asked, "grant", c.part) })
	}
}

// TestMangledTickets: some libraries count characters where bytes belong, so that
// different users had the same rights.
func TestMangledTickets(t *testing.T) {
	v := verifierOf(t, nil)
	tail := unhex(t, "53724e00"+"0000007b"+"ffffffff"+"000000ff"+"00000000") // 1400000000, room 123
	if string(ticketOf(ticket{user: "x", app: testApp, id: 123, until: math.MaxUint32, privileges: 255})) != "\x00\x00\x01x"+string(tail) {
		t.Fatal("the tail is not a ticket's")
	}
	for name, c := range map[string]struct{ user, head string }{
		"Java and Node write the low byte of each character": {"用户甲", "000003" + "283732"},
		"C# cuts to the first character":                     {"用户甲", "000003" + "e794a8"},
		"C# overwrites what does not fit":                    {"用户甲", "000003" + "e794a8e688b7e794b2"},
		"Python writes Latin-1":                              {"é", "000001" + "e9"},
		"Java counts a surrogate pair as two":                {"x😀y", "000004" + "783d0079"},
	} {
		t.Run(name, func(t *testing.T) {
			buf := append(unhex(t, c.head), tail...)
			for _, f := range forgers {
				token := f.make().user(c.user).userBuf(buf).token()
				who, err := v.VerifyPrivateMapKey(t.Context(), token, c.user, usersig.Room{ID: 123})
				wantRefusal(t, who, err, usersig.ErrNoGrant, "")
				// Nor does it serve the user whose ID came out.
				who, err = v.VerifyPrivateMapKey(t.Context(), token, "(72", usersig.Room{ID: 123})
				wantRefusal(t, who, err, usersig.ErrNoGrant, "")
			}
		})
	}
	// The same bytes are a good ticket of the user "(72", and of nobody else.
	buf := append(unhex(t, "000003"+"283732"), tail...)
	if _, err := v.VerifyPrivateMapKey(t.Context(), forge2(testSecret).user("(72").userBuf(buf).token(), "(72", usersig.Room{ID: 123}); err != nil {
		t.Error(err)
	}
}

// TestTicketTimes: a PrivateMapKey has two ends, and the first counts.
func TestTicketTimes(t *testing.T) {
	const leeway = 60
	for _, f := range forgers {
		for name, c := range map[string]struct {
			outer, inner int64 // seconds after testTime
			want         string
			check        string
		}{
			"inner first": {86400, 600, "it was valid until", "grant"},
			"outer first": {600, 86400, "it was valid until", "time"},
			"both":        {600, 600, "it was valid until", "time"},
		} {
			t.Run(f.name+"/"+name, func(t *testing.T) {
				tk := testTicket
				tk.until = uint32(testTime + c.inner)
				token := f.make().times(testTime, c.outer).userBuf(ticketOf(tk)).token()
				end := testTime + min(c.inner, c.outer)
				ask := func(now int64) (usersig.Verified, error) {
					return verifierOf(t, &usersig.VerifierOptions{Clock: at(now)}).VerifyPrivateMapKey(t.Context(), token, "alice", tk.room())
				}
				who, err := ask(end + leeway)
				if err != nil || who.ExpiresAt().Unix() != end {
					t.Errorf("at its last second: %v, expires at %v", err, who.ExpiresAt())
				}
				who, err = ask(end + leeway + 1)
				want := usersig.ErrExpired
				if c.check == "grant" {
					want = usersig.ErrNoGrant
				}
				wantRefusal(t, who, err, want, c.want)
				if r, _ := usersig.RefusalOf(err); r.TRTC != -100006 || r.Check != c.check {
					t.Errorf("%+v, want check %s", r, c.check)
				}
			})
		}
	}
}

// TestDurationForInstant: libraries before mid-2020 wrote the lifetime where the
// instant belongs, and a century wraps to 1990.
func TestDurationForInstant(t *testing.T) {
	for name, until := range map[string]uint32{"duration": testTTL, "zero": 0, "wrapped": (testTime + 3153600000) & math.MaxUint32} {
		tk := testTicket
		tk.until = until
		t.Run(name, func(t *testing.T) { wantNoTicket(t, ticketOf(tk), tk.room(), "grant", "it was valid until") })
	}
}

// TestPrivilegesAreMasked: only eight bits mean anything.
func TestPrivilegesAreMasked(t *testing.T) {
	v := verifierOf(t, nil)
	for raw, want := range map[uint32]usersig.Privilege{
		math.MaxUint32: usersig.AllPrivileges, 0xffffff00: 0, 0x12a: usersig.Audience, 0: 0,
	} {
		tk := testTicket
		tk.privileges = raw
		token := forge2(testSecret).userBuf(ticketOf(tk)).token()
		who, err := v.VerifyPrivateMapKey(t.Context(), token, "alice", tk.room())
		grant, gerr := who.Grant()
		if err != nil || gerr != nil || grant.Allow != want {
			t.Errorf("%#x: %v, %v, %v, want %v", raw, grant.Allow, err, gerr, want)
		}
		if said, err := usersig.Inspect(token); err != nil || said.Grant == nil || said.Grant.Allow != want {
			t.Errorf("%#x: inspection %+v, %v", raw, said, err)
		}
	}
}

func TestTicketOfAnotherUser(t *testing.T) {
	v := verifierOf(t, nil)
	bob := testTicket
	bob.user = "bob"
	token := forge1(keyP256).user("bob").userBuf(ticketOf(bob)).token()
	who, err := v.VerifyPrivateMapKey(t.Context(), token, "alice", bob.room())
	wantRefusal(t, who, err, usersig.ErrUserMismatch, `it was issued for "bob", wanted "alice"`)
	r, _ := usersig.RefusalOf(err)
	if zh := r.In("zh"); r.TRTC != -100006 || zh.TRTC != -100006 || zh.Code != 70013 {
		t.Errorf("%+v, %+v", r, zh)
	}
}

// TestSignerTicket compares what a Signer puts into a PrivateMapKey with the format.
func TestSignerTicket(t *testing.T) {
	for _, key := range []usersig.SigningKey{privateOf(t, keyP256), secretOf(t, testSecret)} {
		for name, c := range map[string]ticket{"number": testTicket, "name": named("房间"), "nothing allowed": {user: "alice", app: testApp, id: 1, until: testTime + testTTL}} {
			token := signed(t, signerOf(t, key, false), usersig.Claims{
				UserID: "alice", TTL: testTTL * time.Second,
				Grant: &usersig.Grant{Room: c.room(), Allow: usersig.Privilege(c.privileges)},
			})
			said, err := usersig.Inspect(token)
			if err != nil || string(said.UserBuf) != string(ticketOf(c)) {
				t.Errorf("%s: %x, %v, want %x", name, said.UserBuf, err, ticketOf(c))
			}
		}
	}
}
