package httpapi

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

// document is a text that does not change. Compressed it fits into the buffers of a
// connection, and nothing waits here for those who read it slowly.
type document struct {
	plain  []byte
	zipped func() []byte
}

func newDocument(text []byte) *document {
	return &document{text, sync.OnceValue(func() []byte { return zip(text) })}
}

func zip(text []byte) []byte {
	var buf bytes.Buffer
	w := gzip.NewWriter(&buf)
	_, _ = w.Write(text) // a buffer does not fail
	_ = w.Close()
	return buf.Bytes()
}

func (d *document) send(w http.ResponseWriter, r *http.Request, contentType string) {
	h, text := w.Header(), d.plain
	h.Add("Vary", "Accept-Encoding")
	if takesGzip(r) {
		h.Set("Content-Encoding", "gzip")
		text = d.zipped()
	}
	h.Set("Content-Type", contentType)
	h.Set("Content-Length", strconv.Itoa(len(text)))
	_, _ = w.Write(text)
}

func takesGzip(r *http.Request) bool {
	for coding := range strings.SplitSeq(strings.Join(r.Header.Values("Accept-Encoding"), ","), ",") {
		name, weight, _ := strings.Cut(strings.ReplaceAll(coding, " ", ""), ";")
		if strings.EqualFold(name, "gzip") {
			return strings.Trim(strings.TrimPrefix(strings.ToLower(weight), "q="), "0.") != "" || weight == ""
		}
	}
	return false
}
