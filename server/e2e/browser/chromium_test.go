// Package browser_test proves the audio/video server as people meet it: in the demo page,
// in a real browser.
package browser_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// patience bounds every wait of a test. What is waited for takes a fraction of it.
const patience = 20 * time.Second

// chromium is one browser for all tests. Its camera and its microphone are not real: it
// shows a moving picture and beeps. It is slow and its window small: encoding and drawing
// is most of the work of these tests.
var chromium = struct {
	once sync.Once
	ctx  context.Context
	stop context.CancelFunc
	err  error
}{}

func TestMain(m *testing.M) {
	code := m.Run()
	if chromium.stop != nil {
		chromium.stop()
	}
	os.Exit(code)
}

// browser starts the browser. A machine without one fails the tests; none is skipped.
func browser(t *testing.T) context.Context {
	t.Helper()
	chromium.once.Do(func() {
		opts := append(chromedp.DefaultExecAllocatorOptions[:],
			chromedp.NoSandbox, chromedp.DisableGPU,
			chromedp.Flag("disable-quic", true),
			chromedp.Flag("disable-component-update", true),
			chromedp.Flag("disable-domain-reliability", true),
			chromedp.Flag("no-pings", true),
			chromedp.Flag("use-fake-device-for-media-stream", "fps=10"),
			chromedp.Flag("use-fake-ui-for-media-stream", true),
			chromedp.Flag("lang", "en-US"),
			chromedp.WindowSize(800, 600),
		)
		ctx, stopAll := chromedp.NewExecAllocator(context.Background(), opts...)
		ctx, stop := chromedp.NewContext(ctx)
		chromium.ctx, chromium.stop = ctx, func() { stop(); stopAll() }
		chromium.err = chromedp.Do(ctx)
	})
	if chromium.err != nil {
		t.Fatalf("Chromium does not start: %v (if it is missing, run scripts/setup.sh)", chromium.err)
	}
	return chromium.ctx
}

// page is a page in a browser context of its own: nobody else's tab.
type page struct {
	t   *testing.T
	ctx context.Context
	w   *world

	heard *heard
}

// heard is what was observed of a page.
type heard struct {
	mu   sync.Mutex
	said []string // in the console
	gone []string // requests that left the machine
}

// visit opens a page of the server, after doing something to the empty one.
func (w *world) visit(path string, before ...chromedp.Action[chromedp.Void]) *page {
	w.T.Helper()
	p := &page{t: w.T, w: w, heard: &heard{}}
	p.open(chromedp.WithNewBrowserContext())
	p.do(before...)
	p.do(chromedp.Navigate(w.Base + path))
	return p
}

// open opens an empty page.
func (p *page) open(in chromedp.ContextOption) {
	p.t.Helper()
	ctx, cancel := chromedp.NewContext(browser(p.t), in, chromedp.WithListener(p.heard.event))
	p.ctx = ctx
	p.t.Cleanup(func() {
		p.report()
		cancel()
	})
	if err := chromedp.Do(ctx); err != nil { // the context of the first use ends the page
		p.t.Fatal(err)
	}
	p.do(call(network.Enable, network.EnableParams{}), call(log.Enable, cdp.Empty{}))
}

func call[P, R any](c cdp.Command[P, R], params P) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, c, params)
		return err
	})
}

// event keeps what went wrong, and what went elsewhere.
func (h *heard) event(event any) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		h.request(e.Request.URL)
	case *network.EventWebSocketCreated:
		h.request(e.URL)
	case *runtime.EventExceptionThrown:
		text := e.ExceptionDetails.Text
		if x := e.ExceptionDetails.Exception; x != nil {
			text += " " + x.Description
		}
		h.said = append(h.said, text)
	case *log.EventEntryAdded:
		h.said = append(h.said, fmt.Sprintf("%s %s: %.200s (%.200s)", e.Entry.Source, e.Entry.Level, e.Entry.Text, e.Entry.URL))
	case *runtime.EventConsoleAPICalled:
		var all []string
		for _, a := range e.Args {
			all = append(all, a.Description+string(a.Value))
		}
		h.said = append(h.said, string(e.Type)+": "+strings.Join(all, " "))
	}
}

// request needs h.mu.
func (h *heard) request(to string) {
	u, err := url.Parse(to)
	if err == nil && (u.Hostname() == "127.0.0.1" || u.Scheme == "data" || u.Scheme == "blob" || u.Scheme == "about") {
		return
	}
	h.gone = append(h.gone, to)
}

// report fails the test for what no page may do, and shows the page of a test that
// failed.
func (p *page) report() {
	p.heard.mu.Lock()
	said, gone := p.heard.said, p.heard.gone
	p.heard.mu.Unlock()
	for _, to := range gone {
		p.t.Errorf("a request left the machine: %s", to)
	}
	for _, s := range said {
		if strings.Contains(s, "Content Security Policy") || strings.Contains(s, "Uncaught") || strings.Contains(s, "requires 'Trusted") {
			p.t.Errorf("the page says %s", s)
		}
	}
	if p.t.Failed() {
		p.t.Logf("the console:\n%.4000s", strings.Join(said, "\n"))
		p.shoot(fmt.Sprintf("%s-%p", strings.ReplaceAll(p.t.Name(), "/", "_"), p.heard))
	}
}

// shoot leaves a picture of the page in the folder that was named for them, if any was.
func (p *page) shoot(name string) {
	folder := os.Getenv("BROWSER_PICTURES")
	if folder == "" {
		return
	}
	ctx, cancel := context.WithTimeout(p.ctx, 5*time.Second)
	defer cancel()
	png, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, name+".png"), png, 0o644)
	}
	if err != nil {
		p.t.Logf("no picture: %v", err)
	}
}

// run does one thing in the page, or fails the test.
func run[T any](p *page, a chromedp.Action[T]) T {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, a)
	if err != nil {
		p.t.Fatal(err)
	}
	return v
}

func (p *page) do(all ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	run(p, chromedp.Steps(all...))
}

// eval evaluates an expression, or waits for the promise that it is.
func eval[T any](p *page, expression string, args ...any) T {
	p.t.Helper()
	return run(p, chromedp.Evaluate[T](fmt.Sprintf(expression, quoted(args)...), chromedp.EvalAwaitPromise))
}

// wait waits until an expression is true. It does not pass for a user's gesture, as
// chromedp's own way to wait does.
func (p *page) wait(expression string, args ...any) {
	p.t.Helper()
	text := fmt.Sprintf(expression, quoted(args)...)
	const polling = `new Promise((resolve, reject) => {
		const look = () => {
			try {
				return (%s) ? resolve(true) : setTimeout(look, 10);
			} catch (e) {
				return reject(e);
			}
		};
		look();
	})`
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if _, err := chromedp.Run(ctx, chromedp.Evaluate[bool](fmt.Sprintf(polling, text), chromedp.EvalAwaitPromise)); err != nil {
		p.t.Fatalf("not so after %v: %s: %v", patience, text, err)
	}
}

// quoted writes arguments as JavaScript does.
func quoted(args []any) []any {
	all := make([]any, len(args))
	for i, a := range args {
		text, err := json.Marshal(a)
		if err != nil {
			panic(err)
		}
		all[i] = string(text)
	}
	return all
}

// click clicks an element as a user does: the browser gives a page that is clicked
// rights that others do not have.
func (p *page) click(id string) {
	p.t.Helper()
	p.do(chromedp.Click(chromedp.ID(id), chromedp.NodeEnabled))
}
