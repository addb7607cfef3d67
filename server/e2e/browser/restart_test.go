package browser_test

import (
	"net"
	"testing"
	"time"

	"usersig/server/internal/config"
)

// TestRestart: a call on the only node there is goes on when that was stopped and started
// again, and nobody has to do anything.
func TestRestart(t *testing.T) {
	var was *config.Config
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := open(t, func(c *config.Config) {
		was, c.Listen = c, l.Addr().String()
		_ = l.Close()
	})
	a := w.app(nil)
	alice, bob := w.demo(a.config("alice")), w.demo(a.config("bob"))
	alice.enter(want{room: lobby})
	bob.enter(want{room: lobby})
	alice.sees("bob", "main")
	bob.sees("alice", "main")

	stopped := time.Now()
	w.Stop()
	t.Logf("the node has ended after %v", time.Since(stopped).Round(time.Millisecond))
	for _, p := range []*page{alice, bob} {
		p.wait(`!document.getElementById("call").hidden && (window.last = [...document.querySelectorAll(".tile video")].map((v) => [v, v.srcObject]))`)
	}
	started := time.Now()
	open(t, func(c *config.Config) {
		c.Listen, c.Data, c.Init, c.Media.UDPPort = was.Listen, was.Data, false, was.Media.UDPPort
	})
	for p, other := range map[*page]string{alice: "bob", bob: "alice"} {
		p.wait(`(() => {
			const video = document.querySelector(".tile[data-user=" + CSS.escape(%s) + "] video");
			return video && !window.last.some(([v, source]) => v === video && source === video.srcObject);
		})()`, other)
		p.sees(other, "main")
	}
	alice.hears("bob")
	bob.hears("alice")
	t.Logf("they see and hear each other %v after the start, %v after the stop",
		time.Since(started).Round(time.Millisecond), time.Since(stopped).Round(time.Millisecond))
	alice.click("leave")
	if r := alice.refusal("#why"); r.Reason != "" {
		t.Errorf("who was there all along is told %+v", r)
	}
}
