package daemon

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"usersig/server/internal/config"
)

// TestDataOthersWrite: whoever can put another database there is the operator.
func TestDataOthersWrite(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	open(t, fresh(t, dir))
	again := configure(t, func(c *config.Config) { c.Data = dir })
	chmod(t, dir, 0o777)
	refused(t, again, "can be changed by others")
	refused(t, fresh(t, dir), "can be changed by others")
	chmod(t, dir, 0o755)
	open(t, again)
	database := filepath.Join(dir, databaseFile)
	chmod(t, database, 0o666)
	refused(t, again, "usersig.db\" can be changed by others")
	chmod(t, dir, 0o700) // nobody gets to it
	open(t, again)

	empty := t.TempDir()
	chmod(t, empty, 0o777)
	refused(t, fresh(t, empty), "can be changed by others")
	if left, _ := os.ReadDir(empty); len(left) != 0 {
		t.Errorf("init made %v in it", left)
	}
	cfg, _ := stateless(t)
	cfg.Data = empty
	refused(t, cfg, "can be changed by others")
}

// TestDataOthersRead: it is said, if there is something to read.
func TestDataOthersRead(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	open(t, fresh(t, dir))
	warned := func() string {
		t.Helper()
		r := start(t, configure(t, func(c *config.Config) { c.Data = dir }), Options{})
		if err := r.stop(); err != nil {
			t.Error(err)
		}
		_, after, _ := strings.Cut(r.log.String(), "others can read")
		line, _, _ := strings.Cut(after, "\n")
		return line
	}
	chmod(t, dir, 0o755)
	if line := warned(); line != "" {
		t.Errorf("of files that only their owner reads: %s", line)
	}
	chmod(t, filepath.Join(dir, databaseFile), 0o644)
	chmod(t, filepath.Join(dir, tokenFile), 0o604)
	if line := warned(); !strings.Contains(line, `files="operator.token usersig.db"`) {
		t.Errorf("the log says: %s", line)
	}
	chmod(t, dir, 0o700)
	if line := warned(); line != "" {
		t.Errorf("of a folder that nobody gets into: %s", line)
	}
}
