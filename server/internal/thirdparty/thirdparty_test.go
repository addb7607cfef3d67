package thirdparty

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write licences.txt")

// TestLicences: licences.txt is about the modules that are linked, and none of them has a
// licence that we could not keep.
func TestLicences(t *testing.T) {
	var text bytes.Buffer
	texts, users := map[string]string{}, map[string][]string{}
	for _, m := range append(linked(t), standardLibrary(t)) {
		for _, file := range licenceFiles(t, m) {
			body, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			key := strings.Join(strings.Fields(string(body)), " ")
			if forbidden.MatchString(key) {
				t.Errorf("%s has a licence that reaches our own code: %s", m.path, filepath.Base(file))
			}
			texts[key] = strings.TrimSpace(strings.ReplaceAll(string(body), "\r\n", "\n"))
			users[key] = append(users[key], strings.TrimSpace(m.path+" "+m.version))
		}
	}
	fmt.Fprintf(&text, "usersigd contains the modules named below, under the licences and with the notices that follow their names.\n")
	for _, key := range slices.SortedFunc(keys(texts), func(a, b string) int { return strings.Compare(users[a][0]+a, users[b][0]+b) }) {
		fmt.Fprintf(&text, "\n%s\n%s\n\n%s\n", strings.Repeat("=", 80), strings.Join(users[key], "\n"), texts[key])
	}
	if *update {
		if err := os.WriteFile("licences.txt", text.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if Licences != text.String() {
		t.Error("licences.txt is not about what is linked: go generate ./internal/thirdparty")
	}
}

// forbidden are licences whose conditions would be ours to meet with our own source.
var forbidden = regexp.MustCompile(`GNU (AFFERO |LESSER )?GENERAL PUBLIC LICENSE|Server Side Public License|Business Source License`)

type module struct{ path, version, dir string }

// linked returns the modules of the program, for the platform that it is shipped for.
func linked(t *testing.T) (all []module) {
	t.Helper()
	cmd := exec.Command("go", "list", "-deps", "-f", "{{with .Module}}{{.Path}} {{.Version}} {{.Dir}}{{end}}", "../../cmd/usersigd")
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOOS=linux", "GOARCH=amd64", "CGO_ENABLED=0")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		f := strings.Fields(line)
		if len(f) == 3 && !strings.HasPrefix(f[0], "usersig") && !slices.Contains(all, module{f[0], f[1], f[2]}) {
			all = append(all, module{f[0], f[1], f[2]})
		}
	}
	slices.SortFunc(all, func(a, b module) int { return strings.Compare(a.path, b.path) })
	return all
}

func standardLibrary(t *testing.T) module {
	t.Helper()
	out, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	return module{"The standard library of Go", "", strings.TrimSpace(string(out))}
}

var licenceName = regexp.MustCompile(`(?i)^(licen[cs]e|copying|notice|unlicense|patents)([.-].*)?$|(?i)^.*[.-]licen[cs]e(\..*)?$`)

func licenceFiles(t *testing.T, m module) (files []string) {
	t.Helper()
	entries, err := os.ReadDir(m.dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !e.IsDir() && licenceName.MatchString(e.Name()) && filepath.Ext(e.Name()) != ".go" {
			files = append(files, filepath.Join(m.dir, e.Name()))
		}
	}
	if len(files) == 0 {
		t.Errorf("%s has no licence that was found", m.path)
	}
	return files
}

func keys(m map[string]string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}
