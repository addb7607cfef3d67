package oidc

import (
	"bytes"
	"context"
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
	later  *sync.WaitGroup // what goes on when a request is answered

	mu    sync.Mutex // held while a document is fetched that is not known to fail
	docs  map[string]document
	tried map[string]bool // what is fetched again, and failed before
}

// document is an answer that is kept.
type document struct {
	at     time.Time
	status int
	header http.Header
	body   []byte
	err    error
}

func newFetcher(issuer string, next http.RoundTripper, clock func() time.Time, later *sync.WaitGroup) *fetcher {
	scheme, _, _ := strings.Cut(issuer, ":")
	return &fetcher{scheme: scheme, next: next, clock: clock, later: later, docs: make(map[string]document), tried: make(map[string]bool)}
}

func (f *fetcher) client() *http.Client {
	return &http.Client{Transport: f, Timeout: timeout, CheckRedirect: func(_ *http.Request, via []*http.Request) error {
		if len(via) > 3 {
			return errors.New("too many redirects")
		}
		return nil
	}}
}

// RoundTrip implements [http.RoundTripper]. Redirects pass here too, and so does the
// address of the keys, which the provider chooses.
func (f *fetcher) RoundTrip(r *http.Request) (*http.Response, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if r.URL.Scheme != f.scheme {
		return nil, fmt.Errorf("%.16q is not the scheme of the issuer", r.URL.Scheme)
	}
	doc, ok := f.docs[r.URL.String()]
	switch {
	case ok && !doc.over(f.clock()):
	case ok && doc.err != nil:
		f.retry(r)
	default:
		doc = f.fetch(r)
		f.keep(r, doc)
	}
	return doc.response(r)
}

// retry fetches a document again that failed. Nobody waits for it: a provider that hangs
// would hold up everybody who asks.
func (f *fetcher) retry(r *http.Request) {
	url := r.URL.String()
	if f.tried[url] {
		return
	}
	f.tried[url] = true
	f.later.Go(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), timeout)
		defer cancel()
		doc := f.fetch(r.Clone(ctx))
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.tried, url)
		f.keep(r, doc)
	})
}

func (f *fetcher) keep(r *http.Request, doc document) {
	if len(f.docs) >= mostDocuments {
		clear(f.docs)
	}
	f.docs[r.URL.String()] = doc
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
