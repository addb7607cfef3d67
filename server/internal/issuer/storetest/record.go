package storetest

import (
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"usersig/server/internal/access"
	"usersig/server/internal/audit"
	"usersig/server/internal/issuer"
)

var recordTests = []test{
	{"WhatIsNotThere", testWhatIsNotThere},
	{"RecordsComeBackWhole", testRecordsComeBackWhole},
	{"TimesKeepTheirInstantAndAreUTC", testTimes},
	{"RecordsAreCopies", testRecordsAreCopies},
	{"UserIDsOfAnyScript", testUserIDs},
	{"UserIDsThatCannotBeStored", testBadUserIDs},
	{"DroppedUsersAreGone", testDropUser},
	{"DropThatFails", testDropFails},
	{"AppIDsAreNeverReused", testAppIDs},
	{"OnceUntilItEnds", testOnce},
	{"OnceForTheFirstOfMany", testOnceRace},
}

func testWhatIsNotThere(t *testing.T, s issuer.Store) {
	if r, err := getApp(t, s, 7); !errors.Is(err, issuer.ErrNotFound) || r != nil {
		t.Errorf("App of nothing = %v, %v, want ErrNotFound alone", r, err)
	}
	commit(t, s, func(tx issuer.Tx) error {
		if _, err := tx.App(7); !errors.Is(err, issuer.ErrNotFound) {
			t.Errorf("App of nothing = %v, want ErrNotFound", err)
		}
		if u, err := tx.User(7, "alice"); err != nil || u != (issuer.User{}) {
			t.Errorf("User of nothing = %+v, %v, want the zero User", u, err)
		}
		return tx.PutApp(record(8, "not found is no failure"))
	})
	if _, err := getApp(t, s, 8); err != nil {
		t.Errorf("App = %v", err)
	}
}

// full returns a record with every part set, all its times in zone.
func full(zone *time.Location) *issuer.Record {
	at := noon.In(zone)
	r := record(4294967295, "小明's app")
	r.App.CreatedAt, r.App.UpdatedAt = at, at.Add(time.Nanosecond)
	r.App.Settings = issuer.Settings{
		Scheme: "ecdsa", Curve: "P-256", Custody: "hosted", MaxTTL: 1 << 40, UserIDs: "any", RequirePrivateMapKey: true,
		Admins: []string{"administrator", "管理员"}, OIDC: &issuer.OIDC{Issuer: "https://id.example", Audience: "a", Claim: "sub"},
	}
	r.Keys = []issuer.Key{
		{
			ID: "k1", Scheme: "ecdsa", Curve: "P-256", State: issuer.Retired, Public: "-----BEGIN…\n", Sealed: []byte{0, 255, 10},
			Imported: true, CreatedAt: at, CreatedBy: "operator:1", RetireAt: new(at), EndedAt: new(at), EndedBy: "x", Reason: "leak",
		},
		{ID: "k2", Scheme: "hmac", State: issuer.Signing, CreatedAt: at, CreatedBy: "operator:1"},
	}
	r.Past, r.KEKCheck = []string{"k0"}, []byte{0, 255}
	r.APIKeys = []issuer.APIKey{{
		ID: "a1", Name: "back end", Hash: []byte{1, 2, 3}, Scopes: access.Scopes(), CreatedAt: at, CreatedBy: "operator:1",
		Networks:  []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("2001:db8::/32")},
		ExpiresAt: new(at), DeletedAt: new(at),
	}}
	return r
}

func testRecordsComeBackWhole(t *testing.T, s issuer.Store) {
	want := full(time.UTC)
	for i := range 500 { // large enough to leave the page that a row lies in
		want.APIKeys = append(want.APIKeys, issuer.APIKey{ID: fmt.Sprint(i), Hash: make([]byte, 32), CreatedAt: noon})
	}
	commit(t, s, func(tx issuer.Tx) error { return tx.PutApp(want) })
	got, err := getApp(t, s, want.App.ID)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("App = %.300v, %v, want %.300v", got, err, want)
	}
	if c := changes(t, s, 0); len(c.Apps) != 1 || !reflect.DeepEqual(c.Apps[0], want) {
		t.Errorf("Changes = %.300v, want the same record", c.Apps)
	}
}

func testTimes(t *testing.T, s issuer.Store) {
	want := full(time.UTC)
	end := time.Date(9999, time.December, 31, 23, 59, 59, 999999999, time.UTC)
	for _, zone := range []*time.Location{
		time.UTC, time.Local, time.FixedZone("CST", 8*3600), time.FixedZone("Shanghai before 1901", 8*3600+5*60+43),
	} {
		commit(t, s, func(tx issuer.Tx) error {
			if err := tx.PutUser(1, "alice", issuer.User{BlockedUntil: end.In(zone)}); err != nil {
				return err
			}
			return tx.PutApp(full(zone))
		})
		c := changes(t, s, 0)
		if !reflect.DeepEqual(c.Apps[0], want) {
			t.Errorf("a record with times in %v is %+v, want %+v", zone, c.Apps[0], want)
		}
		if got := c.Users[0].User.BlockedUntil; got != end {
			t.Errorf("a block until %v in %v ends at %v", end, zone, got)
		}
	}
	putUser(t, s, 1, "alice", 3)
	if got := changes(t, s, 0).Users[0].User; got != (issuer.User{RevokedTo: 3}) {
		t.Errorf("a user without a block is %+v", got)
	}
}

func testRecordsAreCopies(t *testing.T, s issuer.Store) {
	id := full(time.UTC).App.ID
	commit(t, s, func(tx issuer.Tx) error {
		put := full(time.UTC)
		if err := tx.PutApp(put); err != nil {
			return err
		}
		put.App.Name, put.Keys[0].Sealed[0], *put.Keys[0].RetireAt = "changed", 77, noon.Add(time.Hour)
		r, err := tx.App(id)
		if err != nil {
			return err
		}
		r.App.Settings.Admins[0] = "mallory"
		return nil
	})
	for range 2 {
		r, err := getApp(t, s, id)
		if err != nil || !reflect.DeepEqual(r, full(time.UTC)) {
			t.Fatalf("App = %+v, %v, want it as it was put", r, err)
		}
		r.Keys[0].State, r.APIKeys[0].Hash[0], r.App.Settings.OIDC.Issuer = issuer.Dead, 77, "mallory"
		c := changes(t, s, 0).Apps[0]
		if !reflect.DeepEqual(c, full(time.UTC)) {
			t.Fatalf("Changes = %+v, want it as it was put", c)
		}
		c.Keys[1].ID, c.APIKeys[0].Networks[0] = "mallory", netip.Prefix{}
	}
	list := page(t, s, 0, 0, 1)
	list[0].Caller = "mallory"
	Verify(t, s, 1)
}

func testUserIDs(t *testing.T, s issuer.Store) {
	users := []string{
		"alice", "Alice", "ALICE", "alice ", " alice", "小明", "é", "e\u0301", "ß", "ss", "İ", "i", "🙂", "%", "_", "a'b", `a\b`, "",
		"\u200b", "ﬁ", "fi", strings.Repeat("长", 85),
	}
	for i, user := range users {
		putUser(t, s, 1, user, int64(i+1))
		putUser(t, s, 2, user, int64(i+1001))
	}
	if n := len(changes(t, s, 0).Users); n != 2*len(users) {
		t.Errorf("there are %d users, want %d: some are taken for one another", n, 2*len(users))
	}
	commit(t, s, func(tx issuer.Tx) error {
		for i, user := range users {
			for app, want := range map[uint32]int64{1: int64(i + 1), 2: int64(i + 1001), 3: 0} {
				if u, err := tx.User(app, user); err != nil || u.RevokedTo != want {
					t.Errorf("User(%d, %q) = %+v, %v, want %d", app, user, u, err, want)
				}
			}
		}
		return nil
	})
}

func testBadUserIDs(t *testing.T, s issuer.Store) {
	putUser(t, s, 1, "a", 1)
	for _, user := range []string{"a\x00b", "a\x00", "\xff", "half \xe5\xb0", "\xed\xa0\x80"} {
		err := s.Commit(t.Context(), entries(1, 1), func(tx issuer.Tx) error { return tx.PutUser(1, user, issuer.User{RevokedTo: 2}) })
		if !errors.Is(err, issuer.ErrInvalid) {
			t.Errorf("PutUser of %q = %v, want ErrInvalid", user, err)
		}
		err = s.Commit(t.Context(), entries(1, 1), func(tx issuer.Tx) error {
			u, err := tx.User(1, user)
			if u != (issuer.User{}) {
				t.Errorf("User of %q = %+v", user, u)
			}
			return err
		})
		if !errors.Is(err, issuer.ErrInvalid) {
			t.Errorf("User of %q = %v, want ErrInvalid", user, err)
		}
	}
	if got := names(changes(t, s, 0)); got != "[1:a=1]" {
		t.Errorf("Changes = %s, want the one good user", got)
	}
}

// drop drops a user in a commit of its own, without an entry.
func drop(t *testing.T, s issuer.Store, app uint32, user string) error {
	t.Helper()
	return s.Commit(t.Context(), nil, func(tx issuer.Tx) error { return tx.DropUser(app, user) })
}

func testDropUser(t *testing.T, s issuer.Store) {
	putUser(t, s, 1, "alice", 1)
	putUser(t, s, 1, "Alice", 2)
	putUser(t, s, 2, "alice", 3)
	for _, user := range []string{"alice", "alice", "nobody"} { // what is not there can be dropped
		if err := drop(t, s, 1, user); err != nil {
			t.Errorf("DropUser of %s = %v", user, err)
		}
	}
	if c := changes(t, s, 0); names(c) != "[1:Alice=2 2:alice=3]" || c.Seq != 3 {
		t.Errorf("Changes = %s up to %d, want the others, up to 3", names(c), c.Seq)
	}
	commit(t, s, func(tx issuer.Tx) error {
		if u, err := tx.User(1, "alice"); err != nil || u != (issuer.User{}) {
			t.Errorf("User that was dropped = %+v, %v, want the zero User", u, err)
		}
		if err := tx.DropUser(1, "Alice"); err != nil {
			return err
		}
		if u, err := tx.User(1, "Alice"); err != nil || u != (issuer.User{}) {
			t.Errorf("User that this commit dropped = %+v, %v, want the zero User", u, err)
		}
		return tx.PutUser(1, "alice", issuer.User{RevokedTo: 4})
	})
	if got := names(changes(t, s, 3)); got != "[1:alice=4]" {
		t.Errorf("Changes after a dropped user was put again = %s", got)
	}
	if err := drop(t, s, 1, "\xff"); !errors.Is(err, issuer.ErrInvalid) {
		t.Errorf("DropUser of what is no text = %v, want ErrInvalid", err)
	}
}

func testDropFails(t *testing.T, s issuer.Store) {
	putUser(t, s, 1, "alice", 1)
	refusal := errors.New("refused")
	err := s.Commit(t.Context(), nil, func(tx issuer.Tx) error {
		return errors.Join(tx.DropUser(1, "alice"), refusal)
	})
	if !errors.Is(err, refusal) {
		t.Errorf("Commit = %v, want the act's error", err)
	}
	if got := names(changes(t, s, 0)); got != "[1:alice=1]" {
		t.Errorf("Changes after a drop that failed = %s", got)
	}
}

// nextApp creates an application and returns its number.
func nextApp(t *testing.T, s issuer.Store) (id uint32) {
	t.Helper()
	commit(t, s, func(tx issuer.Tx) (err error) {
		if id, err = tx.NextAppID(); err != nil {
			return err
		}
		return tx.PutApp(record(id, "new"))
	})
	return id
}

func testAppIDs(t *testing.T, s issuer.Store) {
	for want := uint32(issuer.FirstAppID); want < issuer.FirstAppID+3; want++ {
		if id := nextApp(t, s); id != want {
			t.Errorf("NextAppID = %d, want %d", id, want)
		}
	}
	commit(t, s, func(tx issuer.Tx) error {
		r, err := tx.App(issuer.FirstAppID + 2)
		if err != nil {
			return err
		}
		r.App.State = issuer.Deleted
		return tx.PutApp(r)
	})
	if id := nextApp(t, s); id != issuer.FirstAppID+3 {
		t.Errorf("NextAppID after an application was deleted = %d, want %d", id, issuer.FirstAppID+3)
	}
	commit(t, s, func(tx issuer.Tx) error { // two that came with numbers of their own
		return errors.Join(tx.PutApp(record(issuer.FirstAppID+4, "moved")), tx.PutApp(record(issuer.FirstAppID+5, "moved")))
	})
	commit(t, s, func(tx issuer.Tx) error {
		one, err := tx.NextAppID()
		if err != nil {
			return err
		}
		two, err := tx.NextAppID()
		if one != issuer.FirstAppID+6 || two != issuer.FirstAppID+7 {
			t.Errorf("NextAppID, twice = %d, %d, want %d and the next", one, two, issuer.FirstAppID+6)
		}
		return err
	})
}

// once calls Once in a commit of its own, without an entry.
func once(t *testing.T, s issuer.Store, key, value string, now, until time.Time) (earlier string) {
	t.Helper()
	if err := s.Commit(t.Context(), nil, func(tx issuer.Tx) (err error) {
		earlier, err = tx.Once(key, value, now, until)
		return err
	}); err != nil {
		t.Fatalf("Once(%q, %q) = %v", key, value, err)
	}
	return earlier
}

func testOnce(t *testing.T, s issuer.Store) {
	hour := noon.Add(time.Hour)
	for i, c := range []struct {
		key, value string
		now, until time.Time
		want       string
	}{
		{"a", "1", noon, hour, ""},
		{"a", "2", noon, hour, "1"},
		{"b", "3", noon, hour, ""},
		{"A", "4", noon, hour, ""},
		{"a", "5", hour.Add(-time.Microsecond), hour.Add(time.Hour), "1"},
		{"a", "6", hour, hour.Add(time.Hour), ""}, // it has ended by now
		{"a", "7", hour, hour.Add(time.Hour), "6"},
		{"钥匙", "值", noon, hour, ""},
		{"钥匙", "8", noon, hour, "值"},
		{"far", "9", noon, time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), ""},
		{"far", "10", time.Date(9998, 1, 1, 0, 0, 0, 0, time.UTC), hour, "9"},
		{"gone", "11", noon, noon, ""},
		{"gone", "12", noon, hour, ""},
	} {
		if got := once(t, s, c.key, c.value, c.now, c.until); got != c.want {
			t.Errorf("%d: Once(%q, %q) = %q, want %q", i, c.key, c.value, got, c.want)
		}
	}
	for _, bad := range [][2]string{{"k", ""}, {"k", "\x00"}, {"\xff", "v"}} {
		err := s.Commit(t.Context(), nil, func(tx issuer.Tx) error {
			_, err := tx.Once(bad[0], bad[1], noon, hour)
			return err
		})
		if !errors.Is(err, issuer.ErrInvalid) {
			t.Errorf("Once(%q, %q) = %v, want ErrInvalid", bad[0], bad[1], err)
		}
	}
}

func testOnceRace(t *testing.T, s issuer.Store) {
	const racers = 8
	answers := make(chan string, racers)
	for i := range racers {
		go func() {
			var earlier string
			err := s.Commit(t.Context(), []*audit.Entry{entry(1, "")}, func(tx issuer.Tx) (err error) {
				earlier, err = tx.Once("key", fmt.Sprint("racer ", i), noon, noon.Add(time.Hour))
				return err
			})
			if err != nil {
				earlier = err.Error()
			}
			answers <- earlier
		}()
	}
	count := map[string]int{}
	for range racers {
		count[<-answers]++
	}
	if len(count) != 2 || count[""] != 1 {
		t.Errorf("the answers are %v, want one winner whose value all others get", count)
	}
}
