package browser_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"usersig"
)

// demoConfig is a demo config.
type demoConfig struct {
	App   uint32 `json:"sdkappid"`
	Users []user `json:"users"`
}

type user struct {
	ID  string `json:"userId"`
	Sig string `json:"userToken"`
}

// demo opens the demo page and gives it a demo config.
func (w *world) demo(c demoConfig) *page {
	w.T.Helper()
	p := w.visit("/demo")
	p.load(c)
	return p
}

// paste puts a text into an element, as the clipboard would.
func (p *page) paste(id, text string) {
	p.t.Helper()
	eval[any](p, `(() => {
		const e = document.getElementById(%s);
		e.value = %s;
		e.dispatchEvent(new Event("input", { bubbles: true }));
	})()`, id, text)
}

// load gives the page a demo config.
func (p *page) load(c demoConfig) {
	p.t.Helper()
	text, err := json.Marshal(c)
	if err != nil {
		p.t.Fatal(err)
	}
	p.paste("pasted", string(text))
	p.wait(`document.querySelectorAll("#users .user").length === %s && !document.getElementById("enter").disabled`, len(c.Users))
}

// want is what a user of the page asks for.
type want struct {
	room   usersig.Room
	ticket string
	silent bool // without a camera and a microphone
}

// fill fills the form.
func (p *page) fill(w want) {
	p.t.Helper()
	kind, room := "number", strconv.FormatUint(uint64(w.room.ID), 10)
	if w.room.Name != "" {
		kind, room = "name", w.room.Name
	}
	eval[any](p, `document.querySelector("[name=kind][value=" + %s + "]").click()`, kind)
	p.paste("room", room)
	p.paste("ticket", w.ticket)
	eval[any](p, `document.getElementById("with-cam").checked = document.getElementById("with-mic").checked = %s`, !w.silent)
}

// enter presses the button, and waits until the user is in the room.
func (p *page) enter(w want) {
	p.t.Helper()
	p.fill(w)
	p.click("enter")
	p.wait(`!document.getElementById("call").hidden || document.querySelector("#why .refusal") !== null`)
	if r := p.refusal("#why"); r.Reason != "" {
		p.t.Fatalf("not let in: %+v", r)
	}
}

// refusal is what a user of the page sees when something is refused.
type refusal struct {
	Code                           int
	Reason, Message, Remedy, Title string
	At                             float64 // when it was shown, in milliseconds
}

// refusal reads the refusal in a part of the page. Without one it is zero.
func (p *page) refusal(within string) refusal {
	p.t.Helper()
	return eval[refusal](p, `(() => {
		const card = document.querySelector(%s + " .refusal");
		if (!card || !card.checkVisibility()) return {};
		const text = (of) => card.querySelector(of).textContent;
		return { Code: Number(text(".code")), Reason: text(".reason"), Message: text(".message"), Remedy: text(".remedy"), Title: text("h2"), At: Number(card.dataset.at) };
	})()`, within)
}

// isRefused waits until a refusal is shown, and fails the test if it is another one.
func (p *page) isRefused(within string, code int, reason string) refusal {
	p.t.Helper()
	p.wait(`document.querySelector(%s + " .refusal") !== null`, within)
	r := p.refusal(within)
	if r.Code != code || r.Reason != reason {
		p.t.Errorf("the page shows %d %s, not %d %s: %+v", r.Code, r.Reason, code, reason, r)
	}
	if r.Message == "" || len(r.Remedy) < len("What to do: x") || r.Title == "" {
		p.t.Errorf("the page does not say everything: %+v", r)
	}
	return r
}

// sees waits until video of a user is shown, and frame after frame of it is decoded.
func (p *page) sees(user, stream string) {
	p.t.Helper()
	p.wait(`(() => {
		const video = document.querySelector(".tile[data-user=" + CSS.escape(%s) + "][data-stream=" + %s + "] video");
		if (!video || video.paused || video.videoWidth === 0 || !video.checkVisibility({ visibilityProperty: true })) return false;
		const { totalVideoFrames, droppedVideoFrames } = video.getVideoPlaybackQuality();
		return totalVideoFrames - droppedVideoFrames >= 5;
	})()`, user, stream)
}

// hears waits until the sound of a user is heard: the page then marks who speaks.
func (p *page) hears(user string) {
	p.t.Helper()
	p.wait(`document.querySelector("#list [data-user=" + CSS.escape(%s) + "].speaking") !== null`, user)
}

// press presses a key.
func (p *page) press(keys string) {
	p.t.Helper()
	p.do(chromedp.KeyEvent(keys))
}

func (p *page) text(id string) string {
	p.t.Helper()
	return strings.TrimSpace(eval[string](p, `document.getElementById(%s).textContent`, id))
}

// in is the same page for another test.
func (p *page) in(t *testing.T) *page {
	return &page{t: t, ctx: p.ctx, w: p.w.in(t), heard: p.heard}
}

// anew loads the page again.
func (p *page) anew() {
	p.t.Helper()
	p.do(chromedp.Navigate(p.w.Base + "/demo"))
}

// marked waits until a user has a mark in the list.
func (p *page) marked(user, mark string) {
	p.t.Helper()
	p.wait(`document.querySelector("#list [data-user=" + CSS.escape(%s) + "] .mark." + %s) !== null`, user, mark)
}

// file gives the page a file.
func (p *page) file(name string, content []byte) {
	p.t.Helper()
	path := filepath.Join(p.t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		p.t.Fatal(err)
	}
	p.do(chromedp.SetUploadFiles(chromedp.ID("file"), []string{path}))
}

func navigate(to string) chromedp.Action[chromedp.Void] { return chromedp.Navigate(to) }

func viewport(width, height int64) chromedp.Action[chromedp.Void] {
	return chromedp.EmulateViewport(width, height)
}
