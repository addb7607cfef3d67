package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// ailment is something that keeps the daemon from writing, and can be healed while it
// runs.
type ailment struct {
	name        string
	begin, heal func(t *testing.T, d *daemon, data string)
}

// TestCannotWrite: a daemon that cannot write says so, with 503, goes on answering what
// needs no writing, loses nothing and goes on by itself when it can write again.
func TestCannotWrite(t *testing.T) {
	limited := ailment{"a limit of file sizes", limitFiles, unlimitFiles}
	t.Run("file too large", func(t *testing.T) { suffer(t, made(t), limited) })
	t.Run("disk full", func(t *testing.T) {
		n := newNode(t, "init: true")
		if err := n.mountSmall(); err != nil {
			t.Logf("ATTENTION: no disk is full in this test, as nothing can be mounted here: %v", err)
			suffer(t, made(t), limited)
			return
		}
		suffer(t, n, ailment{"a full disk", fill, unfill})
	})
	t.Run("read-only", func(t *testing.T) {
		n := made(t)
		err := immutable(n.data, true)
		if err := errors.Join(err, immutable(n.data, false)); err != nil {
			t.Logf("ATTENTION: nothing is read-only in this test, as files cannot be made immutable here: %v", err)
			suffer(t, n, limited)
			return
		}
		suffer(t, n, ailment{"files that cannot be changed", freeze, thaw})
	})
}

// TestReadOnlyFolder: a daemon that is started on a read-only folder says so and ends,
// and the folder is none the worse for it.
func TestReadOnlyFolder(t *testing.T) {
	n := made(t)
	d := n.start()
	app := d.client(n.operator()).hosted(t, nil)
	d.stop()
	if err := n.mount(`mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"`); err != nil {
		t.Logf("ATTENTION: no folder is read-only in this test, as nothing can be mounted here: %v", err)
	} else {
		failed := n.launch()
		if failed.base != "" || failed.cmd.ProcessState.ExitCode() != 3 || !strings.Contains(failed.log.String(), "usersig.db") {
			t.Errorf("on a read-only folder it ends with %v and says %s", failed.err, failed.log)
		}
		t.Logf("it says: %s", failed.log)
	}
	n.inside, n.attr = nil, nil
	d = n.start()
	if got := d.client(n.operator()).send(t, "GET", app, nil).status; got != http.StatusOK {
		t.Errorf("the application is gone: %d", got)
	}
}

// suffer runs the daemon before, during and after an ailment, with several writers.
func suffer(t *testing.T, n *node, a ailment) {
	d := n.start()
	data := n.data
	if n.attr != nil {
		pid := fmt.Sprint(d.cmd.Process.Pid)
		data = filepath.Join("/proc", pid, "root", n.data) // in the daemon's own mounts
		n.enter = []string{"nsenter", "--user", "--mount", "--preserve-credentials", "--target", pid}
	}
	c := d.client(credential(t, data))
	app := c.hosted(t, nil)
	good := c.issue(t, app, "alice")
	w := newWriter(0, t.Errorf)
	w.api, w.ack = c, func() {}
	for len(w.acked) < 50 {
		w.step(app)
	}

	a.begin(t, d, data)
	began := len(w.refused)
	for tries := 0; len(w.refused) < began+50; tries++ {
		// What fits into pages that are there already may still be written.
		if tries > 5000 {
			t.Fatalf("%s: %d writes, and %d refusals", a.name, tries, len(w.refused)-began)
		}
		w.step(app)
	}
	refusesClearly(t, c, app, good, a.name)

	a.heal(t, d, data)
	took := eventually(t, 5*time.Second, "a write after "+a.name, func() bool {
		return c.send(t, "POST", "/v1/apps", object{"name": "again"}).status == http.StatusCreated
	})
	t.Logf("the first write succeeded %v after %s was over; %d were acknowledged, %d refused",
		took.Round(time.Millisecond), a.name, len(w.acked), len(w.refused))
	again := len(w.acked)
	for len(w.acked) < again+50 {
		w.step(app)
	}
	world := &world{t: t, n: n, rng: w.rng, shared: app, writers: []*writer{w}, credential: c.credential}
	world.checkAudit()
	world.check(d)
	n.verifyAudit("")
}

// refusesClearly: what needs a record is refused, what needs none is answered.
func refusesClearly(t *testing.T, c *client, app, good, why string) {
	t.Helper()
	c.send(t, "POST", "/v1/apps", object{"name": strings.Repeat("x", 64)}).wantUnavailable(t)
	c.send(t, "POST", app+"/usersigs", object{"userid": "alice"}).wantUnavailable(t)
	c.send(t, "POST", app+"/keys/rotate", object{}).wantUnavailable(t)
	if got := c.verdict(t, app, "alice", good); got != "ok" {
		t.Errorf("with %s a good token is %s", why, got)
	}
	for _, path := range []string{"/healthz", "/readyz", app, app + "/audit"} {
		if got := c.send(t, "GET", path, nil).status; got != http.StatusOK {
			t.Errorf("with %s GET %s = %d", why, path, got)
		}
	}
}

// limitFiles lets no file of the daemon's grow beyond what the WAL has now.
func limitFiles(t *testing.T, d *daemon, data string) {
	t.Helper()
	info, err := os.Stat(filepath.Join(data, "usersig.db-wal"))
	if err != nil {
		t.Fatal(err)
	}
	setLimit(t, d, uint64(info.Size()))
}

func unlimitFiles(t *testing.T, d *daemon, _ string) {
	t.Helper()
	setLimit(t, d, unix.RLIM_INFINITY)
}

func setLimit(t *testing.T, d *daemon, most uint64) {
	t.Helper()
	limit := unix.Rlimit{Cur: most, Max: unix.RLIM_INFINITY}
	if err := unix.Prlimit(d.cmd.Process.Pid, unix.RLIMIT_FSIZE, &limit, nil); err != nil {
		t.Fatal(err)
	}
}

// mountSmall puts the data folder into a small file system that only the daemon sees. It
// needs no root, but some containers do not allow it.
func (n *node) mountSmall() error {
	if err := os.Mkdir(n.data, 0o700); err != nil {
		return err
	}
	return n.mount(`mount -t tmpfs -o size=8m,mode=700 tmpfs "$0" && exec "$@"`)
}

// mount makes a script start the daemon, in mounts of its own. Nothing of them is left
// when it ends.
func (n *node) mount(script string) error {
	attr := &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Geteuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getegid(), Size: 1}},
	}
	inside := []string{"/bin/sh", "-c", script, n.data}
	probe := exec.Command(inside[0], append(inside[1:], "/bin/true")...)
	probe.SysProcAttr = attr
	if out, err := probe.CombinedOutput(); err != nil {
		return fmt.Errorf("%w %s", err, out)
	}
	n.inside, n.attr = inside, attr
	return nil
}

const filler = "filler"

func fill(t *testing.T, _ *daemon, data string) {
	t.Helper()
	f, err := os.Create(filepath.Join(data, filler))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for page := bytes.Repeat([]byte{1}, 4<<10); err == nil; {
		_, err = f.Write(page)
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
}

func unfill(t *testing.T, _ *daemon, data string) {
	t.Helper()
	if err := os.Remove(filepath.Join(data, filler)); err != nil {
		t.Fatal(err)
	}
}

// freeze makes the folder and the database immutable: even root cannot write to them, and
// who has them open neither. The index of the WAL stays as it is. It is mapped into
// memory, and the kernel ends a process that writes where it can no more.
func freeze(t *testing.T, _ *daemon, data string) {
	t.Helper()
	t.Cleanup(func() { thaw(t, nil, data) })
	setImmutable(t, data, true)
}

func thaw(t *testing.T, _ *daemon, data string) {
	t.Helper()
	setImmutable(t, data, false)
}

func setImmutable(t *testing.T, data string, on bool) {
	t.Helper()
	for _, name := range []string{".", "usersig.db", "usersig.db-wal", "usersig.db.tail"} {
		if err := immutable(filepath.Join(data, name), on); err != nil {
			t.Fatalf("make %s immutable: %v", name, err)
		}
	}
}

func immutable(path string, on bool) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	flags, err := unix.IoctlGetInt(int(f.Fd()), unix.FS_IOC_GETFLAGS)
	if err != nil {
		return err
	}
	const bit = 0x10 // FS_IMMUTABLE_FL of linux/fs.h
	if flags &^= bit; on {
		flags |= bit
	}
	return unix.IoctlSetPointerInt(int(f.Fd()), unix.FS_IOC_SETFLAGS, flags)
}
