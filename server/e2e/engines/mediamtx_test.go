package engines

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"
)

// MediaMTX is a module that go install refuses, for two of its files are made by its own
// scripts: its version, and a JavaScript library for its page, which nobody here opens.
const (
	mtxModule  = "github.com/bluenviron/mediamtx"
	mtxVersion = "v1.13.0"
	mtxSum     = "h1:lSQKpfyt7id/DSd2re0J3eSMjKCLGnu/MLDXZqC+9rs="
	cache      = "../../../.cache"
)

// buildMediaMTX returns the path of the program. It is built once and kept; after that
// no network is needed. Two test runs at once wait for each other; the lock goes with its
// holder.
var buildMediaMTX = sync.OnceValues(func() (string, error) {
	program, err := filepath.Abs(filepath.Join(cache, "mediamtx-"+mtxVersion))
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return "", err
	}
	lock, err := os.OpenFile(program+".lock", os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return "", err
	}
	defer lock.Close()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return "", fmt.Errorf("lock the build: %w", err)
	}
	if _, err := os.Stat(program); err == nil {
		return program, nil
	}
	dir, err := os.MkdirTemp("", "mediamtx")
	if err != nil {
		return "", err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	var module struct{ Dir, Sum, Error string }
	out, err := goTool(dir, "mod", "download", "-json", mtxModule+"@"+mtxVersion)
	if err := errors.Join(err, json.Unmarshal(out, &module)); err != nil {
		return "", fmt.Errorf("download MediaMTX: %w", err)
	}
	if module.Sum != mtxSum {
		return "", fmt.Errorf("download MediaMTX: the sum is %q", module.Sum)
	}
	src := filepath.Join(dir, "src")
	err = os.CopyFS(src, os.DirFS(module.Dir))
	for name, text := range map[string]string{"internal/core/VERSION": mtxVersion, "internal/servers/hls/hls.min.js": ""} {
		err = errors.Join(err, os.WriteFile(filepath.Join(src, name), []byte(text), 0o644))
	}
	if err != nil {
		return "", err
	}
	_, err = goTool(src, "build", "-o", program, ".")
	return program, err
})

// goTool runs go outside this workspace.
func goTool(dir string, args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, "go", args...)
	c.Dir, c.Env = dir, append(os.Environ(), "GOWORK=off", "GOFLAGS=-buildvcs=false")
	out, err := c.Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		err = fmt.Errorf("go %s: %w: %s%s", args[0], err, out, exit.Stderr)
	}
	return out, err
}

// mediamtx starts MediaMTX.
func mediamtx(t *testing.T) (w *world, api, rtmp, rtsp, whip string) {
	t.Helper()
	program, err := buildMediaMTX()
	if err != nil {
		t.Fatal(err)
	}
	at := &world{t: t}
	api, rtmp, rtsp, whip = at.free(), at.free(), at.free(), at.free()
	w = open(t, options{mediamtx: "http://" + api})
	conf := w.write("mediamtx.yml", fmt.Sprintf(`logLevel: info
authMethod: http
authHTTPAddress: %s
authHTTPExclude: [{action: api}]
api: yes
apiAddress: %s
rtmp: yes
rtmpAddress: %s
rtsp: yes
rtspTransports: [tcp]
rtspAddress: %s
webrtc: yes
webrtcAddress: %s
webrtcLocalUDPAddress: %s
webrtcIPsFromInterfaces: no
webrtcAdditionalHosts: [127.0.0.1]
hls: no
srt: no
paths: {all_others: {}}
`, w.hookURL("mediamtx"), api, rtmp, rtsp, whip, w.free()))
	p := w.start(program, conf)
	for _, a := range []string{api, rtmp, rtsp, whip} {
		w.listens(p, a)
	}
	return w, "http://" + api, "rtmp://" + rtmp + "/", "rtsp://" + rtsp + "/", "http://" + whip + "/"
}

func TestMediaMTX(t *testing.T) {
	w, _, rtmp, rtsp, _ := mediamtx(t)
	for _, test := range []struct{ format, base, user string }{{"flv", rtmp, "alice"}, {"rtsp", rtsp, "carol"}} {
		t.Run(test.format, func(t *testing.T) {
			w := *w
			w.t = t
			w.streams(test.format, test.base, test.user)
		})
	}
}

// streams goes through the life of a stream in a protocol.
func (w *world) streams(format, base, user string) {
	w.t.Helper()
	stream := w.stream(user)
	sender := w.publish(format, w.streamURL(base, stream, "UserSig", w.sig(user)))
	w.until(user+" may publish", func() bool { return w.asked.has(204, `"publish"`, stream) })
	w.until("bob sees it", func() bool { return w.play(w.streamURL(base, stream, "UserID", "bob", "UserSig", w.sig("bob"))) == nil })
	for _, test := range []struct{ name, user, sig, reason string }{
		{"forged", "mallory", w.forged("mallory"), "signature"},
		{"expired", "mallory", w.expired("mallory"), "expired"},
		{"in another's name", "bob", w.sig("mallory"), "user_mismatch"},
	} {
		if err := w.ended(w.publish(format, w.streamURL(base, w.stream(test.user), "UserSig", test.sig))); err == nil ||
			!w.asked.has(401, `"publish"`, `"reason":"`+test.reason+`"`) {
			w.t.Errorf("publish, %s: it ended with %v and was not refused for %s", test.name, err, test.reason)
		}
		if err := w.play(w.streamURL(base, stream, "UserID", test.user, "UserSig", test.sig)); err == nil ||
			!w.asked.has(401, `"read"`, `"reason":"`+test.reason+`"`) {
			w.t.Errorf("play, %s: it ended with %v and was not refused for %s", test.name, err, test.reason)
		}
	}
	if !sender.runs() {
		w.t.Fatalf("the stream ended with: %v", sender.err)
	}
	at := w.revoke(user)
	if err := w.ended(sender); err == nil {
		w.t.Error("the stream ended by itself")
	}
	took := time.Since(at)
	w.t.Logf("a revoked user's stream ended after %v", took.Round(time.Millisecond))
	if took > 3*time.Second {
		w.t.Errorf("it took %v", took)
	}
	if err := w.ended(w.publish(format, w.streamURL(base, stream, "UserSig", w.sig(user)))); err == nil || !w.asked.has(401, `"publish"`, `"reason":"revoked"`) {
		w.t.Errorf("again: it ended with %v and was not refused", err)
	}
}

// A server that has started again does not know what is on MediaMTX. Streams end then, and
// their clients are asked about when they come back: a revoked user does not.
func TestMediaMTXAfterRestart(t *testing.T) {
	w, api, rtmp, rtsp, _ := mediamtx(t)
	url := func(base, user string) string {
		return w.streamURL(base, w.stream(user), "UserSig", w.sig(user))
	}
	dave, carol := url(rtmp, "dave"), url(rtsp, "carol")
	senders := map[string]*process{"dave": w.publish("flv", dave), "carol": w.publish("rtsp", carol)}
	for user := range senders {
		w.until(user+" sends", func() bool {
			return w.play(w.streamURL(rtmp, w.stream(user), "UserID", "bob", "UserSig", w.sig("bob"))) == nil
		})
	}
	w.hooks.end()
	w.revoke("dave")
	w.begin(options{mediamtx: api})
	at := time.Now()
	for user, p := range senders {
		if err := w.ended(p); err == nil {
			t.Errorf("the stream of %s ended by itself", user)
		}
		t.Logf("the stream of %s ended %v after the restart", user, time.Since(at).Round(time.Millisecond))
	}
	if err := w.ended(w.publish("flv", dave)); err == nil || !w.asked.has(401, `"publish"`, `"reason":"revoked"`) {
		t.Errorf("again: it ended with %v and was not refused", err)
	}
	again := w.publish("rtsp", carol)
	w.until("carol sends again", func() bool {
		return w.play(w.streamURL(rtmp, w.stream("carol"), "UserID", "bob", "UserSig", w.sig("bob"))) == nil
	})
	if !again.runs() {
		t.Errorf("the stream ended again: %v", again.err)
	}
}

// A browser sends by WHIP, with the credential as a bearer token.
func TestMediaMTXWHIP(t *testing.T) {
	w, api, _, _, base := mediamtx(t)
	sessions := func() string {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, api+"/v3/webrtcsessions/list", nil)
		w.ok(err)
		reply, err := http.DefaultClient.Do(r)
		w.ok(err)
		defer reply.Body.Close()
		text, err := io.ReadAll(reply.Body)
		w.ok(err)
		return string(text)
	}
	refused := func(reason, credential string) {
		t.Helper()
		if status, _ := w.whip(base, w.stream("alice"), credential); status != http.StatusBadRequest || !w.asked.has(401, `"webrtc"`, `"reason":"`+reason+`"`) {
			t.Errorf("WHIP: %d, and it was not refused for %s", status, reason)
		}
	}
	refused("signature", w.credential("alice", w.forged("alice")))
	refused("expired", w.credential("alice", w.expired("alice")))
	refused("user_mismatch", w.credential("bob", w.sig("bob")))
	refused("malformed", "x")
	status, connected := w.whip(base, w.stream("alice"), w.credential("alice", w.sig("alice")))
	if status != http.StatusCreated {
		t.Fatalf("WHIP: %d", status)
	}
	select {
	case <-connected:
	case <-time.After(patience):
		t.Fatal("WHIP: not connected")
	}
	if !strings.Contains(sessions(), w.stream("alice")) {
		t.Errorf("MediaMTX has %s", sessions())
	}
	at := w.revoke("alice")
	w.until("the session ends", func() bool { return !strings.Contains(sessions(), w.stream("alice")) })
	t.Logf("a revoked user's session ended after %v", time.Since(at).Round(time.Millisecond))
	refused("revoked", w.credential("alice", w.sig("alice")))
}

// whip offers a stream, and says when it is connected.
func (w *world) whip(base, stream, credential string) (status int, connected <-chan struct{}) {
	w.t.Helper()
	pc, err := webrtc.NewPeerConnection(webrtc.Configuration{})
	w.ok(err)
	w.t.Cleanup(func() { _ = pc.Close() })
	done := make(chan struct{})
	once := sync.OnceFunc(func() { close(done) })
	pc.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
		if s == webrtc.PeerConnectionStateConnected {
			once()
		}
	})
	track, err := webrtc.NewTrackLocalStaticSample(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus}, "audio", "a")
	w.ok(err)
	_, err = pc.AddTrack(track)
	w.ok(err)
	offer, err := pc.CreateOffer(nil)
	w.ok(err)
	gathered := webrtc.GatheringCompletePromise(pc)
	w.ok(pc.SetLocalDescription(offer))
	<-gathered
	r, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, base+stream+"/whip", strings.NewReader(pc.LocalDescription().SDP))
	w.ok(err)
	r.Header.Set("Content-Type", "application/sdp")
	r.Header.Set("Authorization", "Bearer "+credential)
	reply, err := http.DefaultClient.Do(r)
	w.ok(err)
	defer reply.Body.Close()
	answer, err := io.ReadAll(reply.Body)
	w.ok(err)
	if reply.StatusCode == http.StatusCreated {
		w.ok(pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: string(answer)}))
	}
	return reply.StatusCode, done
}
