package audit_test

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"time"

	"usersig/server/internal/access"
	"usersig/server/internal/audit"
)

// log returns n linked entries.
func log(t *testing.T, n int) []audit.Entry {
	t.Helper()
	prev := audit.Genesis
	entries := make([]audit.Entry, n)
	for i := range entries {
		e := &entries[i]
		*e = audit.Entry{
			At: time.Date(2026, 11, 23, 9, 0, i, 0, time.FixedZone("", 8*3600)), Caller: "apikey:1", Source: "192.0.2.1", Request: "r",
			Action: access.RevokeUser, App: 1400000000, Subject: "用户\"\u2028", Outcome: audit.Done, Detail: "why",
		}
		if err := e.Link(int64(i), prev); err != nil {
			t.Fatal(err)
		}
		prev = e.Hash
	}
	return entries
}

func check(entries []audit.Entry) error {
	var c audit.Checker
	for _, e := range entries {
		if err := c.Next(e); err != nil {
			return err
		}
	}
	return nil
}

func TestChain(t *testing.T) {
	if err := check(log(t, 5)); err != nil {
		t.Error(err)
	}
	var c audit.Checker
	for _, e := range log(t, 3) {
		if err := c.Next(e); err != nil {
			t.Fatal(err)
		}
	}
	if seq, hash := c.Head(); seq != 3 || hash != log(t, 3)[2].Hash {
		t.Errorf("head is %d, %s", seq, hash)
	}
}

// An entry that went through JSON, as in an export, still fits.
func TestChainSurvivesJSON(t *testing.T) {
	entries := log(t, 3)
	for i := range entries {
		text, err := json.Marshal(entries[i])
		if err != nil {
			t.Fatal(err)
		}
		entries[i] = audit.Entry{}
		if err := json.Unmarshal(text, &entries[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := check(entries); err != nil {
		t.Error(err)
	}
}

// TestTampering changes a log in each way there is.
func TestTampering(t *testing.T) {
	for name, tamper := range map[string]func([]audit.Entry) []audit.Entry{
		"time":             func(l []audit.Entry) []audit.Entry { l[1].At = l[1].At.Add(1); return l },
		"caller":           func(l []audit.Entry) []audit.Entry { l[1].Caller = "apikey:2"; return l },
		"source":           func(l []audit.Entry) []audit.Entry { l[1].Source = ""; return l },
		"request":          func(l []audit.Entry) []audit.Entry { l[1].Request = ""; return l },
		"action":           func(l []audit.Entry) []audit.Entry { l[1].Action = access.ReadApp; return l },
		"application":      func(l []audit.Entry) []audit.Entry { l[1].App++; return l },
		"subject":          func(l []audit.Entry) []audit.Entry { l[1].Subject = "bob"; return l },
		"outcome":          func(l []audit.Entry) []audit.Entry { l[1].Outcome = audit.Denied; return l },
		"detail":           func(l []audit.Entry) []audit.Entry { l[1].Detail = ""; return l },
		"hash":             func(l []audit.Entry) []audit.Entry { l[1].Hash = l[2].Hash; return l },
		"first missing":    func(l []audit.Entry) []audit.Entry { return l[1:] },
		"one missing":      func(l []audit.Entry) []audit.Entry { return slices.Delete(l, 1, 2) },
		"one twice":        func(l []audit.Entry) []audit.Entry { return slices.Insert(l, 1, l[1]) },
		"two exchanged":    func(l []audit.Entry) []audit.Entry { l[1], l[2] = l[2], l[1]; return l },
		"renumbered":       func(l []audit.Entry) []audit.Entry { l[1].Seq, l[2].Seq = 3, 2; return l },
		"relinked in part": func(l []audit.Entry) []audit.Entry { l[1].Detail = ""; _ = l[1].Link(1, l[0].Hash); return l },
	} {
		t.Run(name, func(t *testing.T) {
			if err := check(tamper(log(t, 4))); !errors.Is(err, audit.ErrBroken) {
				t.Errorf("%v, want %v", err, audit.ErrBroken)
			}
		})
	}
}
