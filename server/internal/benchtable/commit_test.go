package benchtable

import (
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"usersig/server/internal/access"
	"usersig/server/internal/audit"
	"usersig/server/internal/issuer"
	"usersig/server/internal/store/sqlite"
)

// commits measures what SQLite takes to record a UserSig for each connection, beside a
// file on the same disk that the same bytes are written and synced to: what no store can
// do without that loses nothing when the power fails. Nothing that is issued leaves
// before such a commit, so it bounds the other rows from below.
func commits(t *testing.T) row {
	dir := t.TempDir()
	store := must(sqlite.Open(t.Context(), filepath.Join(dir, "state.db"), &sqlite.Options{Init: true}))(t)
	defer func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	}()
	var entries []*audit.Entry
	var text []byte
	for range connections {
		e := &audit.Entry{
			At: time.Now(), Caller: "apikey:0123456789abcdef", Source: "127.0.0.1", Request: "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
			Action: access.IssueUserSig, App: issuer.FirstAppID, Subject: "alice", Outcome: audit.Done, Hash: audit.Genesis,
		}
		text = must(e.AppendJSON(text))(t)
		entries = append(entries, e)
	}
	file := must(os.OpenFile(filepath.Join(dir, "bare"), os.O_CREATE|os.O_WRONLY, 0o600))(t)
	defer file.Close()
	bare := func() error {
		if _, err := file.WriteAt(text, 0); err != nil {
			return err
		}
		return file.Sync()
	}
	r := row{Name: "commit of 16 entries, SQLite", Target: unlimited, OK: true, NS: math.Inf(1), BareNS: math.Inf(1)}
	for range rounds {
		r.NS = min(r.NS, tenth(alone(t, func() error { return store.Commit(t.Context(), entries, nil) })))
		r.BareNS = min(r.BareNS, tenth(alone(t, bare)))
	}
	r.Ratio = math.Round(r.NS/r.BareNS*100) / 100
	return r
}
