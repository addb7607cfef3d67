package engines

import (
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"usersig"
	"usersig/server/internal/hook"
)

// nginxUpdate is notify_update_timeout: how long a stream can go on that must not.
const nginxUpdate = time.Second

// nginx starts nginx with its RTMP module and returns the URL of an application there.
func (w *world) nginx() string {
	w.t.Helper()
	at := w.free()
	modules, err := filepath.Glob("/usr/lib*/nginx/modules/ngx_rtmp_module.so")
	if err != nil || len(modules) == 0 {
		w.t.Fatal("nginx has no RTMP module: scripts/setup.sh installs it")
	}
	conf := w.write("nginx.conf", fmt.Sprintf(`load_module %s;
daemon off;
master_process off;
pid nginx.pid;
error_log stderr notice;
events {}
rtmp {
	server {
		listen %s;
		application live {
			live on;
			idle_streams off;
			on_publish %[3]s;
			on_play %[3]s;
			on_update %[3]s;
			on_done %[3]s;
			notify_update_timeout %[4]s;
			notify_update_strict on;
		}
	}
}
`, modules[0], at, w.hookURL("nginx-rtmp"), nginxUpdate))
	w.listens(w.start("nginx", "-p", filepath.Dir(conf), "-e", "stderr", "-c", conf), at)
	return "rtmp://" + at + "/live/"
}

// streamURL is what a user puts into their program. A UserSig's * stays as it is, as in
// JavaScript's encodeURIComponent: escaped, nginx's 255 bytes are soon too few.
func (w *world) streamURL(base, stream string, pairs ...string) string {
	q := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		q.Set(pairs[i], pairs[i+1])
	}
	return base + stream + "?" + strings.ReplaceAll(q.Encode(), "%2A", "*")
}

func TestNginxRTMP(t *testing.T) {
	w := open(t, options{})
	base, alice := w.nginx(), w.stream("alice")
	sender := w.publish("flv", w.streamURL(base, alice, "UserSig", w.sig("alice")))
	w.until("alice may publish", func() bool { return w.asked.has(204, "call=publish", alice) })
	bob := w.streamURL(base, alice, "UserID", "bob", "UserSig", w.sig("bob"))
	w.until("bob sees alice", func() bool { return w.play(bob) == nil })

	t.Run("refused", func(t *testing.T) {
		for _, test := range []struct{ name, url, reason string }{
			{"forged", w.streamURL(base, w.stream("mallory"), "UserSig", w.forged("mallory")), "signature"},
			{"expired", w.streamURL(base, w.stream("mallory"), "UserSig", w.expired("mallory")), "expired"},
			{"nothing", base + w.stream("mallory"), "empty"},
			{"in another's name", w.streamURL(base, w.stream("bob"), "UserSig", w.sig("mallory")), "user_mismatch"},
		} {
			if err := w.ended(w.publish("flv", test.url)); err == nil || !w.asked.has(401, "call=publish", `"reason":"`+test.reason+`"`) {
				t.Errorf("publish, %s: it ended with %v and was not refused for %s", test.name, err, test.reason)
			}
		}
		other := hook.Stream{App: w.app, UserID: "alice", Room: usersig.Room{Name: "123"}}.String()
		for _, test := range []struct{ name, url, reason string }{
			{"forged", w.streamURL(base, alice, "UserID", "mallory", "UserSig", w.forged("mallory")), "signature"},
			{"expired", w.streamURL(base, alice, "UserID", "mallory", "UserSig", w.expired("mallory")), "expired"},
			{"nothing", base + alice, "empty"},
		} {
			if err := w.play(test.url); err == nil || !w.asked.has(401, "call=play", `"reason":"`+test.reason+`"`) {
				t.Errorf("play, %s: it ended with %v and was not refused for %s", test.name, err, test.reason)
			}
		}
		// Arguments of the client that say again what the engine says.
		if err := w.play(base + other + "?name=" + alice + "&UserSig=" + w.sig("alice")); err == nil || !w.asked.has(400, "call=play", "name="+other) {
			t.Errorf("a name that was said twice: it ended with %v and was not refused", err)
		}
	})

	if !sender.runs() {
		t.Fatalf("alice's stream ended with: %v", sender.err)
	}
	w.until("nginx asks again about alice", func() bool { return w.asked.has(204, "call=update_publish", alice) })
	at := w.revoke("alice")
	if err := w.ended(sender); err == nil || !w.asked.has(401, "call=update_publish", "revoked") {
		t.Errorf("alice's stream ended with %v, and not because she was revoked", err)
	}
	took := time.Since(at)
	t.Logf("a revoked user's stream ended after %v, with notify_update_timeout %v", took.Round(time.Millisecond), nginxUpdate)
	if took > nginxUpdate+3*time.Second {
		t.Errorf("it took %v", took)
	}
	if err := w.play(bob); err == nil {
		t.Error("the stream is still there")
	}
	if err := w.ended(w.publish("flv", w.streamURL(base, alice, "UserSig", w.sig("alice")))); err == nil {
		t.Error("alice is in again")
	}
}

func TestNginxRTMPExpiry(t *testing.T) {
	w := open(t, options{})
	base, alice := w.nginx(), w.stream("alice")
	end := time.Now().Add(3 * time.Second)
	sender := w.publish("flv", w.streamURL(base, alice, "UserSig", w.sigUntil(w.key, "alice", time.Until(end))))
	w.until("alice may publish", func() bool { return w.asked.has(204, "call=publish", alice) })
	if err := w.ended(sender); err == nil || !w.asked.has(401, "call=update_publish", "expired") {
		t.Errorf("alice's stream ended with %v, and not because her UserSig did", err)
	}
	t.Logf("the stream ended %v after its UserSig", time.Since(end).Round(time.Millisecond))
}
