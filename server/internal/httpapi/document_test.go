package httpapi

import (
	"compress/gzip"
	"io"
	"net/http"
	"strconv"
	"testing"
)

// What strangers may read fits into the buffers of a connection, for whoever takes it
// compressed, and is the same.
func TestDocumentsAreSmall(t *testing.T) {
	run(t, Options{}, func(w *world) {
		for path, whole := range map[string][]byte{
			"/openapi.json": w.api.docs.json.plain, "/openapi.yaml": w.api.docs.yaml.plain, "/docs": w.api.docs.page.plain,
		} {
			got := w.do(request{method: "GET", path: path, header: http.Header{"Accept-Encoding": {"br, gzip;q=0.5"}}})
			h := got.Header()
			if size := got.Body.Len(); size > 16<<10 || h.Get("Content-Length") != strconv.Itoa(size) || h.Get("Content-Encoding") != "gzip" || h.Get("Vary") != "Accept-Encoding" {
				t.Errorf("%s: %d bytes of %d, %v", path, size, len(whole), h)
			}
			r, err := gzip.NewReader(got.Body)
			w.ok(err)
			text, err := io.ReadAll(r)
			w.ok(err)
			if string(text) != string(whole) {
				t.Errorf("%s: another text", path)
			}
			for _, encoding := range []string{"", "identity", "gzip;q=0", "gzip; q=0.000", "x-gzip"} {
				got := w.do(request{method: "GET", path: path, header: http.Header{"Accept-Encoding": {encoding}}})
				if got.Header().Get("Content-Encoding") != "" || got.Body.String() != string(whole) {
					t.Errorf("%s for %q: %v", path, encoding, got.Header())
				}
			}
		}
	})
}
