package benchtable

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"usersig/server/internal/access"
	"usersig/server/internal/audit"
	"usersig/server/internal/config"
	"usersig/server/internal/issuer"
	"usersig/server/internal/store/sqlite"
)

// commits measures what SQLite takes to record a UserSig for each connection, beside a
// file on the same disk that the same bytes are written to: synced, which no store can do
// without that waits for the disk, and not. Nothing that is issued leaves before such a
// commit, so it bounds the other rows from below.
func commits(t *testing.T) []row {
	entries, text := sixteen(t)
	var rows []row
	for _, lag := range []time.Duration{0, config.Default().AuditSync} {
		dir := t.TempDir()
		store := must(sqlite.Open(t.Context(), filepath.Join(dir, "state.db"), &sqlite.Options{Init: true, Lag: lag}))(t)
		file := must(os.OpenFile(filepath.Join(dir, "bare"), os.O_CREATE|os.O_WRONLY, 0o600))(t)
		bare := func() error {
			_, err := file.WriteAt(text, 0)
			if err == nil && lag == 0 {
				err = file.Sync()
			}
			return err
		}
		r := row{Name: "record 16, SQLite, audit_sync " + lag.String(), Target: unlimited, OK: true, NS: math.Inf(1), BareNS: math.Inf(1)}
		for range rounds {
			r.NS = min(r.NS, tenth(alone(t, func() error { return store.Commit(t.Context(), entries, nil) })))
			r.BareNS = min(r.BareNS, tenth(alone(t, bare)))
		}
		r.Ratio = math.Round(r.NS/r.BareNS*100) / 100
		rows = append(rows, r)
		if err := errors.Join(store.Close(), file.Close()); err != nil {
			t.Error(err)
		}
	}
	return rows
}

// sixteen returns an entry for each connection, and their text.
func sixteen(t *testing.T) (entries []*audit.Entry, text []byte) {
	for range connections {
		e := &audit.Entry{
			At: time.Now(), Caller: "apikey:0123456789abcdef", Source: "127.0.0.1", Request: "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
			Action: access.IssueUserSig, App: issuer.FirstAppID, Subject: "alice", Outcome: audit.Done, Hash: audit.Genesis,
		}
		text = must(e.AppendJSON(text))(t)
		entries = append(entries, e)
	}
	return entries, text
}
