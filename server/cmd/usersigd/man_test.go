package main

import (
	"bytes"
	"flag"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
	"github.com/spf13/pflag"
)

var update = flag.Bool("update", false, "write the man pages")

const manDir = "../../../man"

// TestManPages compares the man pages with the commands they are made from. With
// -update it writes them.
func TestManPages(t *testing.T) {
	fresh := t.TempDir()
	root := newRoot(&process{stdout: io.Discard, stderr: io.Discard})
	plain(root)
	// The date is fixed, so that the pages change only when the commands do.
	date := time.Date(2026, time.November, 23, 0, 0, 0, 0, time.UTC)
	header := &doc.GenManHeader{Section: "8", Date: &date, Source: "usersig", Manual: "usersig manual"}
	if err := doc.GenManTree(root, header, fresh); err != nil {
		t.Fatal(err)
	}
	pages := manPages(t, fresh)
	if len(pages) < 15 {
		t.Fatalf("only %d pages were made", len(pages))
	}
	if *update {
		for name := range manPages(t, manDir) {
			if err := os.Remove(filepath.Join(manDir, name)); err != nil {
				t.Fatal(err)
			}
		}
		for name, page := range pages {
			if err := os.WriteFile(filepath.Join(manDir, name), page, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	if !maps.EqualFunc(manPages(t, manDir), pages, bytes.Equal) {
		t.Error("the man pages are stale: run make man")
	}
}

// plain makes a command fit for a man page: no date of generation, and for each flag
// what stands for its value, where cobra would print the default.
func plain(cmd *cobra.Command) {
	cmd.DisableAutoGenTag = true
	cmd.InitDefaultHelpFlag()
	cmd.InitDefaultVersionFlag()
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		// A flag that commands share is met more than once.
		if strings.Contains(f.Usage, "`") {
			f.DefValue, f.Usage = pflag.UnquoteUsage(f)
		}
	})
	for _, sub := range cmd.Commands() {
		plain(sub)
	}
}

// quoted is how cobra writes what stands for a text.
var quoted = regexp.MustCompile(`(\\fP=)"(\S+)"`)

func manPages(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "*.8"))
	if err != nil {
		t.Fatal(err)
	}
	pages := make(map[string][]byte)
	for _, path := range paths {
		page, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		page = bytes.ReplaceAll(page, []byte("[=false]"), nil)
		pages[filepath.Base(path)] = quoted.ReplaceAll(page, []byte("$1$2"))
	}
	return pages
}
