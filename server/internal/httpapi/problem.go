package httpapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"usersig"
	"usersig/server/internal/issuer"
)

// problem is a reply that says why a request was not done (RFC 9457).
type problem struct {
	Type      string           `json:"type" doc:"Where the kind of problem is explained"`
	Title     string           `json:"title" doc:"The kind of problem, in words"`
	Status    int              `json:"status" doc:"The HTTP status"`
	Reason    string           `json:"reason" doc:"The kind of problem, to branch on"`
	Detail    string           `json:"detail,omitempty" doc:"What stood in the way this time"`
	RequestID string           `json:"request_id" doc:"The request in the server's logs and audit log"`
	Errors    []fault          `json:"errors,omitempty" doc:"What is wrong with which part of the request"`
	Index     *int             `json:"index,omitempty" minimum:"0" maximum:"999" doc:"Of a batch that was refused: which of its items stood in the way first, counted from 0"`
	Refusal   *usersig.Refusal `json:"refusal,omitempty" doc:"Why a token, or claims that were to be signed, were refused"`

	kind       kind
	retryAfter int
}

// fault is one thing that is wrong with a request.
type fault struct {
	Location string `json:"location" doc:"Such as body.room.id"`
	Message  string `json:"message"`
}

func problemAs(k kind, detail string) *problem {
	p := &problem{
		Type: "/docs#" + k.Name, Title: k.Title, Status: k.Status, Reason: k.Name,
		Detail: detail, kind: k,
	}
	if k == kindUnavailable {
		p.retryAfter = 1
	}
	return p
}

func tooLarge(most int64) *problem {
	return problemAs(kindTooLarge, fmt.Sprintf("the body is longer than %d bytes", most))
}

// Error implements error.
func (p *problem) Error() string { return p.Title }

// GetStatus tells the library the HTTP status.
func (p *problem) GetStatus() int { return p.Status }

// ContentType tells the library the content type.
func (p *problem) ContentType(string) string { return "application/problem+json" }

// GetHeaders tells the library the headers.
func (p *problem) GetHeaders() http.Header {
	h := make(http.Header)
	if wait := p.wait(); wait != "" {
		h.Set("Retry-After", wait)
	}
	return h
}

// wait is the value of Retry-After, empty if there is none.
func (p *problem) wait() string {
	if p.retryAfter <= 0 {
		return ""
	}
	return strconv.Itoa(p.retryAfter)
}

// problemOf is the only place where an error becomes a reply. Errors that it does not
// know are logged in full and answered in general.
func (s *server) problemOf(ctx context.Context, err error) *problem {
	p := s.problemFor(ctx, err)
	if wish, ok := errors.AsType[*issuer.WishError](err); ok && callOf(ctx).route.id == "issueBatch" {
		p.Index = &wish.Index
	}
	return p
}

func (s *server) problemFor(ctx context.Context, err error) *problem {
	c := callOf(ctx)
	if p, ok := errors.AsType[*problem](err); ok {
		return p
	}
	for _, known := range []struct {
		err  error
		kind kind
	}{
		{issuer.ErrDenied, kindDenied}, {issuer.ErrNotFound, kindNotFound}, {issuer.ErrConflict, kindConflict},
		{issuer.ErrNoSigner, kindNoSigner}, {issuer.ErrInvalid, kindInvalid}, {issuer.ErrClock, kindUnavailable},
	} {
		if errors.Is(err, known.err) {
			return problemAs(known.kind, err.Error())
		}
	}
	if refusal, ok := usersig.RefusalOf(err); ok {
		p := problemAs(kindInvalid, err.Error())
		p.Refusal = c.inLanguage(refusal)
		return p
	}
	if errors.Is(err, issuer.ErrStale) {
		return problemAs(kindUnavailable, "") // the log says it once, not for each request
	}
	if outage(err) {
		s.log.Warn("cannot answer", "request", c.id, "route", c.pattern(), "err", err)
		return problemAs(kindUnavailable, "")
	}
	s.log.Error("request failed", "request", c.id, "route", c.pattern(), "err", err)
	return problemAs(kindInternal, "")
}

// outage reports whether an error will pass.
func outage(err error) bool {
	for _, passing := range []error{issuer.ErrStale, issuer.ErrUnavailable, context.DeadlineExceeded, context.Canceled} {
		if errors.Is(err, passing) {
			return true
		}
	}
	return false
}

func (c *call) inLanguage(r usersig.Refusal) *usersig.Refusal {
	if c.chinese {
		r = r.In("zh")
	}
	return &r
}

// refuse sends a problem from outside the library.
func (s *server) refuse(w *reply, c *call, p *problem) {
	for name, values := range p.GetHeaders() {
		w.Header()[name] = values
	}
	if c.route != nil && c.route.who == admin {
		c.outcome = strconv.Itoa(p.kind.tencent)
		w.Header().Set("Content-Type", "application/json")
		_ = marshal(w, failed(p.kind.tencent, p.text()))
		return
	}
	c.note(p)
	w.Header().Set("Content-Type", p.ContentType(""))
	w.WriteHeader(p.Status)
	_ = marshal(w, p)
}

func (p *problem) text() string {
	if p.Detail != "" {
		return p.Detail
	}
	return p.Title
}

// note completes a problem with what is known of the request.
func (c *call) note(p *problem) {
	p.RequestID, c.outcome = c.id, p.Reason
	if p.Refusal != nil && p.Refusal.Code != 0 {
		c.outcome = strconv.Itoa(p.Refusal.Code)
	}
}

// transform replaces what the library says of a bad request. It would quote the body,
// and with it a private key that was pasted into the wrong field.
func (s *server) transform(ctx huma.Context, _ string, v any) (any, error) {
	c := callOf(ctx.Context())
	switch v := v.(type) {
	case *problem:
		c.note(v)
	case *huma.ErrorModel:
		p := s.translate(c, v)
		c.note(p)
		return p, nil
	}
	return v, nil
}

// mostFaults is how many faults of one request are listed.
const mostFaults = 16

func (s *server) translate(c *call, m *huma.ErrorModel) *problem {
	i := slices.IndexFunc(kinds, func(k kind) bool { return k.Status == m.Status })
	if i < 0 || m.Status == http.StatusInternalServerError {
		s.log.Error("request failed", "request", c.id, "route", c.pattern(), "err", m.Detail, "faults", len(m.Errors))
		return problemAs(kindInternal, "")
	}
	p := problemAs(kinds[i], "")
	if len(m.Errors) == 0 {
		p.Detail = m.Detail
	}
	for _, e := range m.Errors[:min(len(m.Errors), mostFaults)] {
		p.Errors = append(p.Errors, fault{short(e.Location), short(e.Message)})
	}
	p.Index = firstItem(m.Errors)
	return p
}

var ofItem = regexp.MustCompile(`^body\.items\[(\d{1,9})\]`)

// firstItem returns the first item of a batch that a fault is about, or nil.
func firstItem(faults []*huma.ErrorDetail) *int {
	for _, f := range faults {
		if m := ofItem.FindStringSubmatch(f.Location); m != nil {
			n, _ := strconv.Atoi(m[1]) // digits, and few
			return &n
		}
	}
	return nil
}

// short cuts what can hold a name that the client chose.
func short(s string) string {
	const most = 320
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}

func (s *server) problemResponse(k kind) *huma.Response {
	r := &huma.Response{
		Description: k.Title + ". " + k.Advice,
		Content:     map[string]*huma.MediaType{"application/problem+json": {Schema: s.schema(problem{})}},
	}
	if k == kindLimited || k == kindUnavailable {
		r.Headers = map[string]*huma.Param{"Retry-After": {Description: "Seconds to wait", Schema: &huma.Schema{Type: huma.TypeInteger}}}
	}
	return r
}
