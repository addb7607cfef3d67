package usersig_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// below lists, for each package of this module, those of its packages that it may
// import. A package that is not listed may import none, and "*" is any. Packages of
// nothing but tests are not listed.
var below = map[string]string{
	"usersig":                   "internal/wire internal/eckey internal/length",
	"usersig/internal/length":   "",
	"usersig/internal/wire":     "internal/inflate",
	"usersig/internal/eckey":    "internal/k256",
	"usersig/internal/diagnose": "usersig internal/wire internal/eckey internal/length",
	"usersig/internal/batch":    "usersig internal/wire", // for the rule of what a user ID may hold
	"usersig/internal/remote":   "usersig",
	"usersig/democonfig":        "usersig",
	"usersig/keyszip":           "usersig",
	"usersig/cmd/usersig":       "*",
}

// forbidden are packages by which a library does I/O, logs or serves. They must not
// be imported by this package, by those of ours that it imports, or by those of
// others that these import.
var forbidden = []string{"net/http", "net", "os", "log", "database/sql", "os/exec", "syscall"}

// asksTheProcessor is the one package that may import os: it reads, once, which
// instructions the processor has. It comes with the arithmetic of secp256k1.
const asksTheProcessor = "golang.org/x/sys/cpu"

// importsOf returns the packages that each package of the pattern imports itself.
func importsOf(t *testing.T, args ...string) map[string][]string {
	t.Helper()
	out, err := exec.Command("go", append([]string{"list", "-f", `{{if not .Standard}}{{.ImportPath}} {{join .Imports " "}}{{end}}`}, args...)...).Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	all := map[string][]string{}
	for line := range strings.Lines(string(out)) {
		if f := strings.Fields(line); len(f) > 0 {
			all[f[0]] = f[1:]
		}
	}
	if len(all) == 0 {
		t.Fatal("go list names no packages")
	}
	return all
}

func isOurs(path string) bool { return path == "usersig" || strings.HasPrefix(path, "usersig/") }

// TestImportsPointDown: architecture that is not checked drifts.
func TestImportsPointDown(t *testing.T) {
	packages := importsOf(t, "./...")
	for name, imports := range packages {
		allowed := strings.Fields(below[name])
		for _, path := range imports {
			if !isOurs(path) || slices.Equal(allowed, []string{"*"}) {
				continue
			}
			if short := strings.TrimPrefix(path, "usersig/"); !slices.Contains(allowed, short) {
				t.Errorf("%s imports %s", name, path)
			}
		}
	}
	for name := range below {
		if _, ok := packages[name]; !ok {
			t.Errorf("%s is listed and does not exist", name)
		}
	}
}

// TestLibraryDoesNoIO looks at everything that the library is linked with beyond
// the standard library.
func TestLibraryDoesNoIO(t *testing.T) {
	packages := importsOf(t, "-deps", ".")
	for _, needed := range []string{"usersig", "usersig/internal/wire", "usersig/internal/inflate", "usersig/internal/eckey", "usersig/internal/k256"} {
		if _, ok := packages[needed]; !ok {
			t.Errorf("%s is not among the dependencies", needed)
		}
	}
	for name, imports := range packages {
		for _, path := range imports {
			if slices.Contains(forbidden, path) && name != asksTheProcessor {
				t.Errorf("%s imports %s", name, path)
			}
			if first, _, _ := strings.Cut(path, "/"); isOurs(name) && strings.Contains(first, ".") && name != "usersig/internal/k256" {
				t.Errorf("%s imports %s: only k256 may leave the standard library", name, path)
			}
		}
	}
}

// TestOnePackageAsksServers: what is said about where a credential may travel is said in
// one place.
func TestOnePackageAsksServers(t *testing.T) {
	var ask []string
	for name, imports := range importsOf(t, "./...") {
		if slices.Contains(imports, "net/http") {
			ask = append(ask, name)
		}
	}
	if want := []string{"usersig/internal/remote"}; !slices.Equal(ask, want) {
		t.Errorf("net/http is imported by %v, want %v", ask, want)
	}
}

// TestEveryEntryPointHasAnExample compares the exported functions, and the methods
// that one starts from, with the examples.
func TestEveryEntryPointHasAnExample(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	examples := map[string]bool{}
	wanted := []string{
		"", "Secret", "Refusal", "Refusal_In", "Grant_Permits", "Grant_Require", "Verified_Grant", "Signer_Sign", "Signer_AppendSign",
		"Verifier_Verify", "Verifier_Authenticate", "Verifier_VerifyPrivateMapKey", "Verifier_VerifyUserBuf",
	}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			switch {
			case !ok || f.Recv != nil:
			case strings.HasSuffix(name, "_test.go"):
				if of, is := strings.CutPrefix(f.Name.Name, "Example"); is {
					examples[of] = true
				}
			case f.Name.IsExported():
				wanted = append(wanted, f.Name.Name)
			}
		}
	}
	for _, name := range wanted {
		if !examples[name] {
			t.Errorf("Example%s is missing", name)
		}
	}
}
