package httpapi

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func TestEveryRouteIsDescribed(t *testing.T) {
	run(t, Options{Version: "1.2.3"}, func(w *world) {
		var doc struct {
			Info  struct{ Version string }
			Paths map[string]map[string]struct {
				OperationID string
				Summary     string
				Tags        []string
				Security    *[]map[string][]string
				Responses   map[string]struct {
					Description string
					Content     map[string]any
				}
			}
		}
		w.ok(json.Unmarshal(w.api.docs.json.plain, &doc))
		ids := make(map[string]bool)
		for _, rt := range w.api.table() {
			op, ok := doc.Paths[rt.path][strings.ToLower(rt.method)]
			if rt.id == "" {
				continue
			}
			if !ok || op.OperationID != rt.id || op.Summary == "" || len(op.Tags) != 1 || ids[rt.id] {
				t.Errorf("%s is not described, or not by its own name: %+v", rt.pattern(), op)
			}
			ids[rt.id] = true
			if public := rt.who == prober || rt.who == admin; op.Security == nil || (len(*op.Security) == 0) != public {
				t.Errorf("%s: security %v", rt.pattern(), op.Security)
			}
			if rt.who == admin {
				continue
			}
			want := []int{422, 500}
			if rt.who != prober {
				want = append(want, 401, 429, 503)
			}
			if rt.body > 0 {
				want = append(want, 400, 408, 413, 415)
			}
			for _, status := range want {
				if op.Responses[strconv.Itoa(status)].Content["application/problem+json"] == nil {
					t.Errorf("%s: %d is not described as a problem", rt.pattern(), status)
				}
			}
		}
		if doc.Info.Version != "1.2.3" {
			t.Errorf("version %q", doc.Info.Version)
		}
	})
}

func TestReferencesResolve(t *testing.T) {
	run(t, Options{}, func(w *world) {
		schemas := w.api.api.OpenAPI().Components.Schemas.Map()
		used := map[string]bool{}
		for _, ref := range regexp.MustCompile(`"\$ref":"#/components/schemas/([^"]+)"`).FindAllSubmatch(w.api.docs.json.plain, -1) {
			if used[string(ref[1])] = true; schemas[string(ref[1])] == nil {
				t.Errorf("there is no schema %s", ref[1])
			}
		}
		for name := range schemas {
			if !used[name] {
				t.Errorf("schema %s is not used", name)
			}
		}
	})
}

func TestPage(t *testing.T) {
	run(t, Options{}, func(w *world) {
		got := w.do(request{method: "GET", path: "/docs"})
		page := got.Body.String()
		for _, rt := range w.api.table() {
			if rt.id != "" && !strings.Contains(page, `<h3 id="`+rt.id+`">`) {
				t.Errorf("%s is not on the page", rt.pattern())
			}
		}
		for _, k := range kinds {
			if !strings.Contains(page, `id="`+k.Name+`"`) {
				t.Errorf("problem %s is not on the page", k.Name)
			}
		}
		_, style, _ := strings.Cut(page, "<style>")
		style, _, _ = strings.Cut(style, "</style>")
		sum := sha256.Sum256([]byte(style))
		policy := got.Header().Get("Content-Security-Policy")
		if !strings.Contains(policy, "'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'") || !strings.Contains(policy, "default-src 'none'") {
			t.Errorf("policy %q does not let the page's own style in, and nothing else", policy)
		}
		for _, needs := range []string{"settings.oidc.issuer", "ecdsa | hmac", "string or integer 0 to 255", "base64", "string list"} {
			if !strings.Contains(page, needs) {
				t.Errorf("the page does not say %q", needs)
			}
		}
	})
}

func TestKindsAreDistinct(t *testing.T) {
	for i, k := range kinds {
		if slices.ContainsFunc(kinds[:i], func(o kind) bool { return o.Name == k.Name }) || http.StatusText(k.Status) == "" || k.tencent == 0 || k.Title == "" || k.Advice == "" {
			t.Errorf("%+v", k)
		}
	}
}
