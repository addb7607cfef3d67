package e2e

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

const (
	cache = "../../.cache"
	venv  = cache + "/e2e-venv"
	pins  = "requirements.txt"
)

// installSchemathesis returns the path of the tool. It is installed once, from the pins,
// and kept; after that no network is needed. Two test runs at once wait for each other;
// the lock goes with its holder.
var installSchemathesis = sync.OnceValues(func() (string, error) {
	// Absolute: it runs in another folder.
	tool, err := filepath.Abs(filepath.Join(venv, "bin", "schemathesis"))
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return "", err
	}
	lock, err := os.OpenFile(filepath.Join(cache, "e2e.lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return "", err
	}
	defer lock.Close()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return "", fmt.Errorf("lock the installation: %w", err)
	}
	want, err := stamp()
	if err != nil {
		return "", err
	}
	stampFile := filepath.Join(venv, ".e2e-stamp")
	if got, err := os.ReadFile(stampFile); err == nil && string(got) == want {
		return tool, nil
	}
	for _, c := range [][]string{
		{"python3", "-m", "venv", "--clear", venv},
		{filepath.Join(venv, "bin", "python"), "-m", "pip", "install", "--quiet",
			"--disable-pip-version-check", "--require-hashes", "-r", pins},
	} {
		if _, err := command(c...); err != nil {
			return "", err
		}
	}
	return tool, os.WriteFile(stampFile, []byte(want), 0o644)
})

// stamp names an installation by what it was made from.
func stamp() (string, error) {
	version, err := command("python3", "--version")
	if err != nil {
		return "", err
	}
	content, err := os.ReadFile(pins)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(append([]byte(strings.TrimSpace(version)+"\n"), content...))
	return hex.EncodeToString(sum[:]) + "\n", nil
}

// command runs a command to its end and returns what it printed.
func command(args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), installTimeout)
	defer cancel()
	out, err := exec.CommandContext(ctx, args[0], args[1:]...).CombinedOutput()
	if errors.Is(err, exec.ErrNotFound) {
		return "", fmt.Errorf("%s is missing: run scripts/setup.sh", args[0])
	}
	if err != nil {
		return "", fmt.Errorf("%s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return string(out), nil
}
