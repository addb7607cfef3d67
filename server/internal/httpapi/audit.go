package httpapi

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"usersig/server/internal/audit"
)

// entryView is an entry of the log. Its JSON is the one that the hashes are made of,
// so that who has an export can check the chain.
type entryView struct {
	Seq     int64     `json:"seq"`
	At      time.Time `json:"at"`
	Caller  string    `json:"caller"`
	Source  string    `json:"source,omitempty"`
	Request string    `json:"request,omitempty" doc:"The request ID"`
	Action  string    `json:"action"`
	AppID   uint32    `json:"sdkappid,omitempty" format:"int64"`
	Subject string    `json:"subject,omitempty" doc:"A user, a key, an API key"`
	Outcome string    `json:"outcome" enum:"done,denied,refused"`
	Detail  string    `json:"detail,omitempty"`
	Hash    string    `json:"hash"`
}

func viewEntry(e audit.Entry) entryView {
	return entryView{
		Seq: e.Seq, At: e.At, Caller: e.Caller, Source: e.Source, Request: e.Request, Action: string(e.Action),
		AppID: e.App, Subject: e.Subject, Outcome: string(e.Outcome), Detail: e.Detail, Hash: e.Hash,
	}
}

type entryList struct {
	Entries []entryView `json:"entries"`
	Next    string      `json:"next,omitempty" doc:"The cursor of the next page; absent at the end"`
}

// ndjson is the content type of JSON lines.
const ndjson = "application/x-ndjson"

type auditIn struct {
	OfApp
	PageQuery
	Accept string `header:"Accept" hidden:"true"`
}

type auditAllIn struct {
	PageQuery
	Accept string `header:"Accept" hidden:"true"`
}

// streamed is a reply that is written while it is read.
type streamed struct{ Body func(huma.Context) }

func (s *server) auditOfApp(ctx context.Context, in *auditIn) (*streamed, error) {
	return s.audit(ctx, in.App, &in.PageQuery, in.Accept)
}

func (s *server) auditOfAll(ctx context.Context, in *auditAllIn) (*streamed, error) {
	return s.audit(ctx, 0, &in.PageQuery, in.Accept)
}

func (s *server) audit(ctx context.Context, app uint32, q *PageQuery, accept string) (*streamed, error) {
	after, err := q.afterNumber("audit", 63)
	if err != nil {
		return nil, err
	}
	limit, lines := q.Limit, strings.Contains(accept, ndjson)
	if lines {
		limit = exportPage
	}
	entries, err := s.svc.Audit(ctx, callOf(ctx).caller, app, int64(after), limit+1) //nolint:gosec // G115: parsed with 63 bits
	if err != nil {
		return nil, err
	}
	if lines {
		return &streamed{func(hc huma.Context) { s.export(ctx, hc, app, entries) }}, nil
	}
	entries, next := upTo(entries, limit, "audit", func(e audit.Entry) string { return strconv.FormatInt(e.Seq, 10) })
	return &streamed{func(hc huma.Context) {
		hc.SetHeader("Content-Type", "application/json")
		_ = marshal(hc.BodyWriter(), entryList{each(entries, viewEntry), next})
	}}, nil
}

// exportPage is how many entries are read from the store at once.
const exportPage = 500

// export writes entries, and all that follow them. If the store fails on the way, the
// connection is cut: an end that looks like one would hide what is missing.
func (s *server) export(ctx context.Context, hc huma.Context, app uint32, entries []audit.Entry) {
	c := callOf(ctx)
	hc.SetHeader("Content-Type", ndjson)
	w := json.NewEncoder(hc.BodyWriter())
	for len(entries) > 0 {
		s.extend(hc)
		for _, e := range entries {
			if w.Encode(viewEntry(e)) != nil {
				return // the client is gone
			}
		}
		var err error
		entries, err = s.svc.Audit(ctx, c.caller, app, entries[len(entries)-1].Seq, exportPage)
		if err != nil {
			s.log.Error("audit export broke off", "request", c.id, "route", c.pattern(), "err", err)
			c.outcome = "broken_off"
			panic(http.ErrAbortHandler)
		}
	}
}

// extend gives the client time to take the next page, however long the whole takes: some
// kilobytes a second at least.
func (s *server) extend(hc huma.Context) {
	if w, ok := hc.BodyWriter().(http.ResponseWriter); ok {
		writeUntil(w, slow)
	}
}
