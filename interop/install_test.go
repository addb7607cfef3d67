// Package interop runs Tencent's own signers, as their registries hand them out, against this
// module: their tokens must verify here, ours must verify there, and every ECDSA signature of ours
// must satisfy the openssl command.
//
// The packages are installed by the first test that needs them and kept; after that no network is
// needed. A machine on which they cannot be installed fails these tests. None is ever skipped.
package interop

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// installTimeout is generous: a registry may be slow, but a test must not hang for ever.
const installTimeout = 5 * time.Minute

// A language is one in which Tencent publishes signers, with a program here that drives them.
type language struct {
	name    string
	command []string     // starts the program
	install func() error // makes sure the packages are there; does the work once
}

var (
	node = language{
		name:    "node",
		command: []string{"node", "sign.cjs"},
		install: sync.OnceValue(installNode),
	}
	python = language{
		name:    "python",
		command: []string{filepath.Join(venv, "bin", "python"), "sign.py"},
		install: sync.OnceValue(installPython),
	}
)

const (
	cache   = "../.cache"
	venv    = cache + "/interop-venv"
	modules = "node_modules"
)

func installNode() error {
	version, err := run("node", "--version")
	if err != nil {
		return err
	}
	return installed(modules, []string{"package-lock.json"}, version, [][]string{
		// Without scripts: the packages need none, and none shall run.
		{"npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"},
	})
}

func installPython() error {
	version, err := run("python3", "--version")
	if err != nil {
		return err
	}
	return installed(venv, []string{"requirements.txt"}, version, [][]string{
		{"python3", "-m", "venv", "--clear", venv},
		{filepath.Join(venv, "bin", "python"), "-m", "pip", "install", "--quiet",
			"--disable-pip-version-check", "--require-hashes", "-r", "requirements.txt"},
	})
}

// installed runs the commands unless they have filled dir before, from the same pins and for the
// same interpreter. Two test runs at once wait for each other; the lock goes with its holder.
func installed(dir string, pins []string, version string, commands [][]string) error {
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return err
	}
	lock, err := os.OpenFile(filepath.Join(cache, "interop.lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return err
	}
	defer lock.Close()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return fmt.Errorf("lock the installation: %w", err)
	}
	want, err := stamp(pins, version)
	if err != nil {
		return err
	}
	stampFile := filepath.Join(dir, ".interop-stamp")
	if got, err := os.ReadFile(stampFile); err == nil && string(got) == want {
		return nil
	}
	for _, c := range commands {
		if _, err := run(c[0], c[1:]...); err != nil {
			return err
		}
	}
	return os.WriteFile(stampFile, []byte(want), 0o644)
}

// stamp names an installation by what it was made from.
func stamp(pins []string, version string) (string, error) {
	h := sha256.New()
	fmt.Fprintln(h, strings.TrimSpace(version))
	for _, name := range pins {
		content, err := os.ReadFile(name)
		if err != nil {
			return "", err
		}
		h.Write(content)
	}
	return hex.EncodeToString(h.Sum(nil)) + "\n", nil
}

// run runs a command to its end and returns what it printed. An error says what to do about a
// missing program and repeats what one that failed had to say.
func run(name string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), installTimeout)
	defer cancel()
	out, err := exec.CommandContext(ctx, name, args...).CombinedOutput()
	if errors.Is(err, exec.ErrNotFound) {
		return "", fmt.Errorf("%s is missing: run scripts/setup.sh", name)
	}
	if err != nil {
		return "", fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out), nil
}
