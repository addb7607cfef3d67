package daemon

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// patternsOf returns the routes of the API, which describes itself.
func patternsOf(ctx context.Context, api http.Handler) ([]string, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "/openapi.json", http.NoBody)
	if err != nil {
		return nil, err
	}
	var said page
	api.ServeHTTP(&said, r)
	var description struct {
		Paths map[string]map[string]json.RawMessage `json:"paths"`
	}
	if err := json.Unmarshal(said.body, &description); err != nil {
		return nil, fmt.Errorf("read the description of the API: %w", err)
	}
	patterns := []string{"GET /openapi.json", "GET /docs", "GET /{$}"}
	for path, methods := range description.Paths {
		for method := range methods {
			patterns = append(patterns, strings.ToUpper(method)+" "+path)
		}
	}
	slices.Sort(patterns)
	return patterns, nil
}

// page is a reply that stays here.
type page struct {
	header http.Header
	body   []byte
}

// Header implements [http.ResponseWriter].
func (p *page) Header() http.Header {
	if p.header == nil {
		p.header = http.Header{}
	}
	return p.header
}

// WriteHeader implements [http.ResponseWriter].
func (p *page) WriteHeader(int) {}

// Write implements [http.ResponseWriter].
func (p *page) Write(b []byte) (int, error) {
	p.body = append(p.body, b...)
	return len(b), nil
}
