package httpapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"usersig/server/internal/issuer"
)

// fragile is an identity provider whose client panics.
type fragile struct{}

func (fragile) Authenticate(context.Context, issuer.OIDC, string) (string, error) {
	panic("index out of range")
}

func TestPanic(t *testing.T) {
	run(t, Options{Identity: fragile{}}, func(w *world) {
		got := w.do(request{as: "user", method: "POST", path: "/v1/apps/" + w.vars["app"] + "/usersigs", body: "{}"})
		if p := w.problem(got); got.Code != http.StatusInternalServerError || strings.Contains(got.Body.String(), "index") || p.Reason != "internal" {
			t.Errorf("%d %s", got.Code, got.Body)
		}
		if !strings.Contains(w.logs.String(), "index out of range") || !strings.Contains(w.logs.String(), "door.go") {
			t.Errorf("log: %s", &w.logs)
		}
		if last := w.seen[len(w.seen)-1]; last != (seen{"POST " + app + "/usersigs", "internal"}) {
			t.Errorf("observed %v", last)
		}
	})
}

func TestStoreTrouble(t *testing.T) {
	run(t, Options{}, func(w *world) {
		create := request{as: "operator", method: "POST", path: "/v1/apps", body: `{"name":"x"}`}
		w.fail(fmt.Errorf("%w: dial tcp 10.0.0.5:5432", issuer.ErrUnavailable))
		got := w.do(create)
		if got.Code != http.StatusServiceUnavailable || got.Header().Get("Retry-After") == "" || strings.Contains(got.Body.String(), "10.0.0.5") {
			t.Errorf("%d %v %s", got.Code, got.Header(), got.Body)
		}
		w.fail(errors.New("disk on fire at sector 7"))
		got = w.do(create)
		if got.Code != http.StatusInternalServerError || strings.Contains(got.Body.String(), "fire") || !strings.Contains(w.logs.String(), "sector 7") {
			t.Errorf("%d %s; log %s", got.Code, got.Body, &w.logs)
		}
		if !strings.Contains(w.logs.String(), "cannot answer") {
			t.Errorf("log %s", &w.logs)
		}
		time.Sleep(31 * time.Second) // in the bubble: what is known is too old now
		before := w.logs.Len()
		for _, q := range []request{
			{method: "GET", path: "/readyz"}, {as: "operator", method: "GET", path: "/v1/me"},
			{as: "user", method: "POST", path: "/v1/apps/" + w.vars["app"] + "/usersigs", body: "{}"},
		} {
			if got := w.do(q); got.Code != http.StatusServiceUnavailable {
				t.Errorf("%s: %d %s", q.path, got.Code, got.Body)
			}
		}
		got = w.do(request{method: "POST", path: "/v4/im_open_login_svc/kick?sdkappid=" + w.vars["app"] + "&identifier=administrator&usersig=x", body: `{"Identifier":"a"}`})
		if !strings.Contains(got.Body.String(), `"ErrorCode":70169`) {
			t.Errorf("kick: %s", got.Body)
		}
		if got := w.do(request{method: "GET", path: "/healthz"}); got.Code != http.StatusOK {
			t.Errorf("health: %d", got.Code)
		}
		// The outage was logged when it began, and would be again with each request.
		if lines := w.logs.String()[before:]; strings.Contains(lines, "cannot answer") {
			t.Errorf("log %s", lines)
		}
	})
}

func TestTimeouts(t *testing.T) {
	run(t, Options{}, func(w *world) {
		for _, rt := range w.api.routes {
			if rt.time < quick || rt.time > long {
				t.Errorf("%s may take %v", rt.pattern(), rt.time)
			}
		}
	})
	patient := Options{Identity: patient{}, IsOutage: func(err error) bool { return errors.Is(err, context.DeadlineExceeded) }}
	run(t, patient, func(w *world) {
		started := time.Now()
		got := w.do(request{as: "user", method: "POST", path: "/v1/apps/" + w.vars["app"] + "/usersigs", body: "{}"})
		if took := time.Since(started); got.Code != http.StatusServiceUnavailable || took != quick {
			t.Errorf("status %d after %v", got.Code, took)
		}
	})
}

// An identity provider that is out of reach is logged, and not for every request.
func TestOutagesAreLoggedNowAndThen(t *testing.T) {
	run(t, Options{PerSource: Limit{PerSecond: -1}}, func(w *world) {
		w.keys["down"] = "down.alice.z"
		ask := func() int {
			for range 100 {
				got := w.do(request{as: "down", method: "POST", path: "/v1/apps/" + w.vars["app"] + "/usersigs", body: "{}"})
				if got.Code != http.StatusServiceUnavailable || got.Header().Get("Retry-After") == "" {
					t.Fatalf("%d %s", got.Code, got.Body)
				}
			}
			return strings.Count(w.logs.String(), `"msg":"identity provider"`)
		}
		if n := ask(); n != 1 {
			t.Errorf("logged %d times", n)
		}
		time.Sleep(outagePause) // in the bubble
		if n := ask(); n != 2 || !strings.Contains(w.logs.String(), `"more":99`) {
			t.Errorf("logged %d times: %s", n, &w.logs)
		}
	})
}

// patient is an identity provider that waits as long as it may.
type patient struct{}

func (patient) Authenticate(ctx context.Context, _ issuer.OIDC, _ string) (string, error) {
	<-ctx.Done()
	return "", ctx.Err()
}
