package oidc

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

const (
	// maxDocument bounds what a provider can make this server read.
	maxDocument = 256 << 10
	// freshFor is how long a document is repeated instead of fetched again. A token
	// with an unknown key asks for the keys anew: without a bound, whoever sends
	// made-up tokens would aim this server at the provider.
	freshFor = 15 * time.Second
	// mostDocuments is more than a provider has: two, and where they are redirected to.
	mostDocuments = 16
)

// fetcher gets one provider's documents: of bounded size, by its own scheme only, and
// each not more often than [freshFor] says.
type fetcher struct {
	scheme string
	next   http.RoundTripper
	clock  func() time.Time

	mu   sync.Mutex // held while a document is fetched
	docs map[string]document
	last error // of the last fetch
}

// document is an answer that is kept.
type document struct {
	at     time.Time
	status int
	header http.Header
	body   []byte
	err    error
}

func newFetcher(issuer string, next http.RoundTripper, clock func() time.Time) *fetcher {
	scheme, _, _ := strings.Cut(issuer, ":")
	return &fetcher{scheme: scheme, next: next, clock: clock, docs: make(map[string]document)}
}

func (f *fetcher) client() *http.Client {
	return &http.Client{Transport: f, Timeout: timeout, CheckRedirect: func(_ *http.Request, via []*http.Request) error {
		if len(via) > 3 {
			return errors.New("too many redirects")
		}
		return nil
	}}
}

// failure returns why the last fetch failed, or nil.
func (f *fetcher) failure() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.last
}

// RoundTrip implements [http.RoundTripper]. Redirects pass here too, and so does the
// address of the keys, which the provider chooses.
func (f *fetcher) RoundTrip(r *http.Request) (*http.Response, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if r.URL.Scheme != f.scheme {
		f.last = fmt.Errorf("%.16q is not the scheme of the issuer", r.URL.Scheme)
		return nil, f.last
	}
	doc, ok := f.docs[r.URL.String()]
	if !ok || doc.over(f.clock()) {
		if len(f.docs) >= mostDocuments {
			clear(f.docs)
		}
		doc = f.fetch(r)
		f.docs[r.URL.String()] = doc
	}
	f.last = doc.err
	return doc.response(r)
}

func (f *fetcher) fetch(r *http.Request) document {
	doc := document{at: f.clock()}
	got, err := f.next.RoundTrip(r)
	if err != nil {
		doc.err = err
		return doc
	}
	defer got.Body.Close()
	doc.status, doc.header = got.StatusCode, got.Header
	doc.body, err = io.ReadAll(io.LimitReader(got.Body, maxDocument+1))
	switch {
	case err != nil:
		doc.err = err
	case len(doc.body) > maxDocument:
		doc.err = fmt.Errorf("the answer is longer than %d bytes", maxDocument)
	case got.StatusCode >= http.StatusBadRequest:
		doc.err = fmt.Errorf("the answer is %d", got.StatusCode)
	}
	return doc
}

func (d document) over(now time.Time) bool {
	if d.err != nil {
		return now.Sub(d.at) >= pause
	}
	return now.Sub(d.at) >= freshFor
}

func (d document) response(r *http.Request) (*http.Response, error) {
	if d.err != nil {
		return nil, d.err
	}
	return &http.Response{
		StatusCode: d.status, Header: d.header.Clone(), Request: r,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Body: io.NopCloser(bytes.NewReader(d.body)), ContentLength: int64(len(d.body)),
	}, nil
}
