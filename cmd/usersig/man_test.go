package main

import (
	"bytes"
	"flag"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
	"github.com/spf13/pflag"
)

var update = flag.Bool("update", false, "write the man pages")

const manDir = "../../man"

// TestManPages compares the man pages with the commands they are made from. With
// -update it writes them.
func TestManPages(t *testing.T) {
	fresh := t.TempDir()
	root := newRoot(newUI(nil, io.Discard, io.Discard, os.Getenv))
	plain(root)
	// The date is fixed, so that the pages change only when the commands do.
	date := time.Date(2026, time.November, 23, 0, 0, 0, 0, time.UTC)
	header := &doc.GenManHeader{Section: "1", Date: &date, Source: "usersig", Manual: "usersig manual"}
	if err := doc.GenManTree(root, header, fresh); err != nil {
		t.Fatal(err)
	}
	pages := manPages(t, fresh)
	if len(pages) < 9 {
		t.Fatalf("only %d pages were made", len(pages))
	}
	if *update {
		writePages(t, pages)
	}
	committed := manPages(t, manDir)
	for name, want := range pages {
		if !bytes.Equal(committed[name], want) {
			t.Errorf("%s is stale: run make man", name)
		}
	}
	for name := range committed {
		if pages[name] == nil {
			t.Errorf("%s is the page of no command: run make man", name)
		}
	}
}

// plain makes a command fit for a man page: no date of generation, and for each flag
// what stands for its value, where cobra would print the default.
func plain(cmd *cobra.Command) {
	cmd.DisableAutoGenTag = true
	cmd.InitDefaultHelpFlag()
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if f.Value.Type() == "bool" {
			return
		}
		if f.DefValue != "" {
			f.Usage += " (default " + f.DefValue + ")"
		}
		f.DefValue = f.Value.Type()
	})
	for _, sub := range cmd.Commands() {
		plain(sub)
	}
}

func manPages(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "*.1"))
	if err != nil {
		t.Fatal(err)
	}
	pages := make(map[string][]byte)
	for _, path := range paths {
		page, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		pages[filepath.Base(path)] = bytes.ReplaceAll(page, []byte("[=false]"), nil)
	}
	return pages
}

func writePages(t *testing.T, pages map[string][]byte) {
	t.Helper()
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
