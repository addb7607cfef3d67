package browser_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"usersig"
	"usersig/democonfig"
	"usersig/keyszip"
	"usersig/server/internal/config"
)

// TestWrongThings: what people paste in the place of a demo config is named, and is not
// left in the page.
func TestWrongThings(t *testing.T) {
	w := open(t, nil)
	a := w.ownApp()
	key, err := usersig.GenerateKey(usersig.P256)
	if err != nil {
		t.Fatal(err)
	}
	files, err := keyszip.Files(key)
	if err != nil {
		t.Fatal(err)
	}
	sig := sign(t, a.signer, usersig.Claims{UserID: "alice", TTL: 3600e9})
	p := w.visit("/demo")
	for _, one := range []struct{ name, text, key string }{
		{"private key", string(files[0].Content), "wrong_private"},
		{"public key", string(files[1].Content), "wrong_public"},
		{"SECRETKEY", a.secret, "wrong_secret"},
		{"UserSig", sig, "wrong_sig"},
		{"credential", "us1.1.YQ.n1." + sig, "wrong_sig"},
		{"script", "const SDKAPPID = 0;", "wrong_script"},
		{"half of it", `{"sdkappid":1400000000,"users":[{"userId"`, "wrong_syntax"},
		{"other JSON", `{"name":"usersig-web"}`, "wrong_other"},
		{"list", `[]`, "wrong_other"},
		{"no users", `{"sdkappid":1}`, "wrong_other"},
		{"number as text", `{"sdkappid":"1","users":[]}`, "wrong_app"},
		{"nobody", `{"sdkappid":1,"users":[]}`, "wrong_users"},
		{"no user ID", `{"sdkappid":1,"users":[{"userToken":"e"}]}`, "wrong_user"},
		{"no token", `{"sdkappid":1,"users":[{"userId":"a"}]}`, "wrong_user"},
		{"userSig", `{"sdkappid":1,"users":[{"userId":"a","userSig":"e"}]}`, "wrong_name"},
	} {
		t.Run(one.name, func(t *testing.T) {
			p := p.in(t)
			p.paste("pasted", one.text)
			p.wait(`document.getElementById("wrong").dataset.key === %s`, one.key)
			if text := p.text("wrong"); text == "" || strings.Contains(text, one.key) {
				t.Errorf("the page says %q", text)
			}
			if html := eval[string](p, `document.documentElement.outerHTML + document.getElementById("pasted").value`); strings.Contains(html, one.text) && len(one.text) > 20 {
				t.Error("it is still in the page")
			}
		})
	}
	t.Run("keys.zip", func(t *testing.T) {
		p := p.in(t)
		p.file("keys.zip", archive(t))
		p.wait(`document.getElementById("wrong").dataset.key === "wrong_zip"`)
	})
}

func archive(t *testing.T) []byte {
	t.Helper()
	var buf bytes.Buffer
	z := zip.NewWriter(&buf)
	if _, err := z.Create("private_key"); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// TestWays: a demo config is taken from a file, from the clipboard and from a drop,
// wherever on the page that happens, and is stored only if that is asked for.
func TestWays(t *testing.T) {
	w := open(t, nil)
	text, err := json.Marshal(w.app(nil).config("alice"))
	if err != nil {
		t.Fatal(err)
	}
	p := w.visit("/demo")
	for _, way := range []struct {
		name string
		give func(p *page)
	}{
		{"file", func(p *page) { p.file("config.json", append([]byte("\ufeff"), text...)) }},
		{"paste", func(p *page) {
			eval[any](p, `(() => {
				const clipboardData = new DataTransfer();
				clipboardData.setData("text/plain", %s);
				document.body.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true }));
			})()`, string(text))
		}},
		{"drop", func(p *page) {
			eval[any](p, `(() => {
				const dataTransfer = new DataTransfer();
				dataTransfer.items.add(new File([%s], "config.json"));
				for (const type of ["dragover", "drop"]) document.querySelector("h1").dispatchEvent(new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true }));
			})()`, string(text))
		}},
	} {
		t.Run(way.name, func(t *testing.T) {
			p := p.in(t)
			p.anew()
			way.give(p)
			p.wait(`document.querySelector("#users .id")?.textContent === "alice"`)
			if n := eval[int](p, `localStorage.length + sessionStorage.length + document.cookie.length`); n != 0 {
				t.Error("something was stored")
			}
		})
	}
	p.click("keep")
	if stored := eval[[]int](p, `[localStorage.length, sessionStorage.length]`); stored[0] != 0 || stored[1] != 1 {
		t.Errorf("stored %v", stored)
	}
	p.anew()
	p.wait(`document.querySelector("#users .id")?.textContent === "alice"`)
	p.click("forget")
	if n := eval[int](p, `sessionStorage.length`); n != 0 {
		t.Error("what was to be forgotten is still stored")
	}
}

// TestGeneratedConfig: every user of the demo config that `usersig demo-config` makes walks
// in. The page loads it by itself, and offers the next user to the next tab.
func TestGeneratedConfig(t *testing.T) {
	file := filepath.Join(t.TempDir(), "demo-config.json")
	w := open(t, func(c *config.Config) { c.Media.DemoConfig = file })
	a := w.ownApp()
	c, err := democonfig.New(a.signer, "Web", democonfig.DefaultUsers, democonfig.DefaultTTL, w.Now())
	if err != nil {
		t.Fatal(err)
	}
	text, err := c.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	first := w.visit("/demo")
	for i := range c.Users {
		t.Run(c.Users[i].UserID, func(t *testing.T) {
			p := first
			if i > 0 {
				p = first.tab() // which stays until all are in
			}
			p = p.in(t)
			p.wait(`document.querySelectorAll("#users .user").length === 4`)
			p.wait(`document.querySelector("#users :checked").value === %s`, fmt.Sprint(i))
			p.enter(want{room: lobby, silent: true})
		})
	}
	first.wait(`document.querySelectorAll("#list li").length === 4`)
	if users := a.users(lobby); len(users) != 4 {
		t.Errorf("the server says that %v are in", users)
	}
}

// tab opens the demo page in another tab of the same browser.
func (p *page) tab() *page {
	p.t.Helper()
	other := &page{t: p.t, w: p.w, heard: &heard{}}
	id := chromedp.FromContext(p.ctx).BrowserContextID
	other.open(chromedp.WithExistingBrowserContext(id))
	other.do(chromedp.Navigate(p.w.Base + "/demo"))
	return other
}

// TestNoDemo: a server that is told so has no demo page.
func TestNoDemo(t *testing.T) {
	for name, change := range map[string]func(*config.Config){
		"demo off":  func(c *config.Config) { c.Media.Demo = false },
		"media off": func(c *config.Config) { c.Media.Enabled = "off" },
	} {
		w := open(t, change)
		for _, path := range []string{"/demo", "/demo/", "/demo/main.js"} {
			if status, _ := w.Try("GET", path, nil); status != http.StatusNotFound {
				t.Errorf("%s: %s: %d", name, path, status)
			}
		}
	}
}
