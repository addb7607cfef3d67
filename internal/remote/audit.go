package remote

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"time"
)

// Entry is an entry of the audit log.
type Entry struct {
	Seq     int64     `json:"seq"`
	At      time.Time `json:"at"`
	Caller  string    `json:"caller"`
	Source  string    `json:"source"`
	Action  string    `json:"action"`
	AppID   uint32    `json:"sdkappid"`
	Subject string    `json:"subject"`
	Outcome string    `json:"outcome"`
	Detail  string    `json:"detail"`
}

const maxEntry = 64 << 10

// auditPath is the path of an application's log or, for 0, of the whole.
func auditPath(app uint32) string {
	if app == 0 {
		return "/v1/audit"
	}
	return ofApp(app, "audit")
}

// Audit calls each for every entry of an application's log or, for 0, of the whole, the
// oldest first. It returns the first error of each.
func (c *Client) Audit(ctx context.Context, app uint32, each func(Reply[Entry]) error) error {
	resp, err := c.send(ctx, call{method: http.MethodGet, path: auditPath(app), accept: linesType, again: true})
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if contentType(resp) != linesType {
		return &Error{Fault: NotOurs, Host: c.host, Status: resp.StatusCode}
	}
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, maxEntry)
	for lines.Scan() {
		if err := c.entry(append([]byte{}, lines.Bytes()...), each); err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil { // or an end that is none would hide what is missing
		return c.broken(err)
	}
	return nil
}

func (c *Client) entry(text []byte, each func(Reply[Entry]) error) error {
	r := Reply[Entry]{JSON: text}
	if json.Unmarshal(text, &r.Value) != nil || r.Value.Seq == 0 {
		return &Error{Fault: NotOurs, Host: c.host}
	}
	return each(r)
}

// Follow is Audit that goes on with what is recorded later. It asks now and then, and
// ends with an error only, such as that of ctx.
func (c *Client) Follow(ctx context.Context, app uint32, every time.Duration, each func(Reply[Entry]) error) error {
	cursor, seen := "", int64(0)
	for {
		p, err := c.page(ctx, auditPath(app), "entries", cursor)
		if err != nil {
			return err
		}
		for _, text := range p.items {
			err := c.entry(text, func(r Reply[Entry]) error {
				if r.Value.Seq <= seen {
					return nil // the last page is asked for again until it is full
				}
				seen = r.Value.Seq
				return each(r)
			})
			if err != nil {
				return err
			}
		}
		if p.next != "" {
			cursor = p.next
			continue
		}
		if err := c.opts.Wait(ctx, every); err != nil {
			return err
		}
	}
}
