package daemon

import (
	"strings"
	"testing"

	"usersig/server/internal/audit"
	"usersig/server/internal/config"
	"usersig/server/internal/store/pgtest"
)

// TestReadingDoesNotMigrate: who only looks at the log with a newer program must not
// bring the database to a version that the servers do not know.
func TestReadingDoesNotMigrate(t *testing.T) {
	url := pgtest.URL(t)
	cfg := configure(t, func(c *config.Config) { c.Data, c.Store, c.StoreURL, c.Init = t.TempDir(), url, url, true })
	if err := start(t, cfg, Options{}).stop(); err != nil {
		t.Fatal(err)
	}
	pgtest.Exec(t, url, "UPDATE usersig.migrations SET version = version - 1")
	err := Entries(t.Context(), cfg, func(audit.Entry) error { return nil })
	if err == nil || !strings.Contains(err.Error(), "start the server of this program's version once") {
		t.Errorf("Entries = %v", err)
	}
	pgtest.Exec(t, url, "DO $$ BEGIN ASSERT (SELECT count(*) FROM usersig.migrations WHERE version > 0) = 0; END $$")
}
