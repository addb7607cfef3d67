// Package server_test holds what is true of the whole module.
package server_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// below lists, for each package, the packages of ours it may import besides tests.
// Arrows point down: what is outside knows the domain, the domain knows nobody
// outside.
var below = map[string]string{
	"internal/access":           "",
	"internal/audit":            "internal/access",
	"internal/custody":          "usersig",
	"internal/issuer":           "usersig usersig/democonfig internal/access internal/audit internal/custody",
	"internal/issuer/storetest": "internal/access internal/audit internal/issuer",
	"internal/store/row":        "internal/access internal/audit internal/issuer",
	"internal/store/memory":     "internal/audit internal/issuer internal/store/row",
	"internal/store/sqlite":     "internal/audit internal/issuer internal/store/row",
	"internal/store/postgres":   "internal/audit internal/issuer internal/store/row",
	"internal/store/pgtest":     "",
	"internal/oidc":             "internal/issuer",
	"internal/demo":             "usersig/democonfig",
	"internal/gate":             "usersig internal/issuer",
	"internal/media":            "usersig internal/door internal/gate internal/turn",
	"internal/thirdparty":       "",
	"internal/door":             "usersig internal/gate",
	"internal/hook":             "usersig internal/door internal/gate",
	"internal/turn":             "usersig internal/door internal/gate",
	"internal/httpapi":          "usersig usersig/democonfig usersig/keyszip internal/access internal/audit internal/gate internal/issuer",
	"internal/config":           "*",
	"internal/telemetry":        "*",
	"internal/daemon":           "*",
	"cmd/usersigd":              "*",
}

// livekit is what only package media knows.
const livekit = "github.com/livekit/livekit-server/pkg/service"

// never lists who must not reach what, however far the way: the domain does not
// know how it is served or stored, and what answers requests does not hold keys.
var never = map[string][]string{
	"internal/gate":      {livekit, "net/http"},
	"internal/hook":      {livekit},
	"internal/turn":      {livekit},
	"internal/issuer":    {"net/http", "database/sql", "github.com/jackc/pgx/v5"},
	"internal/httpapi":   {livekit, "usersig/server/internal/store/sqlite", "usersig/server/internal/store/postgres"},
	"internal/config":    {"usersig/server/internal/httpapi", "usersig/server/internal/daemon"},
	"internal/telemetry": {"usersig/server/internal/httpapi", "usersig/server/internal/daemon"},
}

func TestImportsPointDown(t *testing.T) {
	for name, imports := range list(t, "{{join .Imports \" \"}}") {
		allowed, known := below[name]
		if !known && len(imports) > 0 {
			t.Errorf("%s is not listed", name)
		}
		for _, path := range imports {
			if allowed != "*" && ours(path) && !slices.Contains(strings.Fields(allowed), short(path)) {
				t.Errorf("%s imports %s", name, path)
			}
		}
	}
}

func TestNever(t *testing.T) {
	deps := list(t, "{{join .Deps \" \"}}")
	for name, banned := range never {
		for _, path := range banned {
			if slices.Contains(deps[name], path) {
				t.Errorf("%s reaches %s", name, path)
			}
		}
	}
}

// list returns what go list says of each package that is not only tests.
func list(t *testing.T, format string) map[string][]string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-f", "{{if .GoFiles}}{{.ImportPath}} "+format+"{{end}}", "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]string{}
	for line := range strings.Lines(string(out)) {
		if f := strings.Fields(line); len(f) > 0 {
			all[short(f[0])] = f[1:]
		}
	}
	return all
}

func ours(path string) bool { return path == "usersig" || strings.HasPrefix(path, "usersig/") }

func short(path string) string { return strings.TrimPrefix(path, "usersig/server/") }
