// Package demo is the demo page: a call in the browser, with this server.
//
// It is made of the files in the folder page and of sdk/web, and of nothing from
// elsewhere: a page that can use a UserSig must not be able to send it away.
package demo

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"net/http"
	"net/url"
	"path"
	"time"
)

// usersig-web.js and its licences come from sdk/web.
//
//go:generate ../../../scripts/sdk.sh

//go:embed page
var files embed.FS

// Options adjusts the demo. The zero value serves the page alone.
type Options struct {
	// ConfigFile is a demo config that the page loads by itself, or empty. The file is
	// read at each request.
	ConfigFile string
	// Local says that the server listens on loopback only. Without it ConfigFile is not
	// served: whoever has it is its users.
	Local bool
}

// New returns what answers under /demo.
func New(opts Options) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /demo/config.json", &preloaded{opts})
	names, err := fs.Glob(files, "page/*")
	if err != nil {
		panic(err) // the pattern is ours
	}
	for _, name := range names {
		a := read(name)
		at := path.Base(name)
		if at == "index.html" {
			at = "{$}" // the folder itself
		}
		mux.Handle("GET /demo/"+at, a)
	}
	mux.HandleFunc("GET /demo", func(w http.ResponseWriter, r *http.Request) {
		to := url.URL{Path: "/demo/", RawQuery: r.URL.RawQuery} // which may name the language
		http.Redirect(w, r, to.String(), http.StatusPermanentRedirect)
	})
	return mux
}

// asset is one file of the page.
type asset struct {
	name, kind, tag string
	content         []byte
}

func read(name string) *asset {
	content, err := files.ReadFile(name)
	if err != nil {
		panic(err) // it was listed
	}
	sum := sha256.Sum256(content)
	return &asset{path.Base(name), kinds[path.Ext(name)], `"` + hex.EncodeToString(sum[:16]) + `"`, content}
}

// kinds are the types of files. The system may have other names for some.
var kinds = map[string]string{
	".html": "text/html; charset=utf-8",
	".css":  "text/css; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".svg":  "image/svg+xml",
	".txt":  "text/plain; charset=utf-8",
}

// policy lets the page load what this server has, and connect to this server: in it,
// 'self' is the server's WebSockets too. Nothing inline runs, so that a name that
// somebody gave a room or a user stays a text.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; " +
	"img-src 'self' blob:; media-src 'self' blob:; base-uri 'none'; form-action 'none'; " +
	"frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

// ServeHTTP implements [http.Handler].
func (a *asset) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	harden(h)
	h.Set("Content-Type", a.kind)
	h.Set("Cache-Control", "no-cache") // asks each time whether it changed, by its tag
	h.Set("ETag", a.tag)
	http.ServeContent(w, r, a.name, time.Time{}, bytes.NewReader(a.content))
}

func harden(h http.Header) {
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(self), microphone=(self), display-capture=(self), autoplay=(self), geolocation=()")
}
