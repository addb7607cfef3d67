package daemon

import (
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"
)

// TestDatabaseMovedAway: nothing is acknowledged that the next start would not find.
func TestDatabaseMovedAway(t *testing.T) {
	var late atomic.Int64
	dir := t.TempDir()
	r := start(t, fresh(t, dir), Options{Clock: func() time.Time { return time.Now().Add(time.Duration(late.Load())) }})
	app := r.hosted()
	ready := func(want int) {
		t.Helper()
		until(t, func() bool { status, _ := r.text("GET", "/readyz", nil); return status == want })
	}
	path := filepath.Join(dir, databaseFile)
	if err := os.Rename(path, path+".moved"); err != nil {
		t.Fatal(err)
	}
	if status, said := r.call("POST", app+"/users/alice/revoke", nil); status != http.StatusServiceUnavailable {
		t.Errorf("revoke = %d %v", status, said)
	}
	if status, said := r.call("POST", "/v1/apps", object{"name": "b"}); status != http.StatusServiceUnavailable {
		t.Errorf("create = %d %v", status, said)
	}
	late.Store(int64(r.config.Load().MaxStale + time.Second))
	ready(http.StatusServiceUnavailable)
	if err := os.Rename(path+".moved", path); err != nil {
		t.Fatal(err)
	}
	ready(http.StatusOK)
	r.must("POST", app+"/users/alice/revoke", nil)
}
