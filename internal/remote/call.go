package remote

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

const (
	maxReply   = 4 << 20  // a batch of 1,000 tokens has half a megabyte
	maxProblem = 64 << 10 // of a reply that says what went wrong

	// maxWait is how long the server may ask to be left alone. Beyond that somebody
	// should be told, and not wait.
	maxWait = time.Minute
)

const (
	jsonType    = "application/json"
	problemType = "application/problem+json"
	linesType   = "application/x-ndjson"
)

// call is one request.
type call struct {
	method string
	path   string // behind the base, escaped
	query  url.Values
	body   any
	once   string // an idempotency key
	accept string // JSON if empty

	// again says that the request may be sent again if it is not known whether it was
	// done, as one with an idempotency key may. A key that is rotated twice is lost once.
	again bool
}

// making is a call that makes something, once however often it gets there.
func making(path string, body any, once string) call {
	if once == "" {
		once = rand.Text()
	}
	return call{method: http.MethodPost, path: path, body: body, once: once, again: true}
}

// Reply is an answer: decoded, and as it came.
type Reply[T any] struct {
	Value T
	JSON  json.RawMessage
	// Replayed says that an earlier request with the same idempotency key did what was
	// asked for. What is handed out once was in the answer to that.
	Replayed bool
}

// ask sends a request whose answer is JSON.
func ask[T any](ctx context.Context, c *Client, rq call) (Reply[T], error) {
	text, header, err := c.fetch(ctx, rq)
	if err != nil {
		return Reply[T]{}, err
	}
	r := Reply[T]{JSON: bytes.TrimSpace(text), Replayed: header.Get("Idempotency-Replayed") == "true"}
	if err := json.Unmarshal(r.JSON, &r.Value); err != nil {
		return Reply[T]{}, &Error{Fault: NotOurs, Host: c.host}
	}
	return r, nil
}

// fetch returns the body of the answer and its header. If the answer was lost it asks
// again, as far as it may: who has made something should know what.
func (c *Client) fetch(ctx context.Context, rq call) ([]byte, http.Header, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout+maxWait+c.timeout) // each of the two requests, and between them
	defer cancel()
	text, header, err := c.answer(ctx, rq)
	if e, ok := errors.AsType[*Error](err); ok && rq.again && e.Fault == Unreachable && e.Lost() && ctx.Err() == nil {
		return c.answer(ctx, rq)
	}
	return text, header, err
}

func (c *Client) answer(ctx context.Context, rq call) ([]byte, http.Header, error) {
	resp, err := c.send(ctx, rq)
	if err != nil {
		return nil, nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusNoContent {
		return nil, resp.Header, nil
	}
	if contentType(resp) != jsonType {
		return nil, nil, &Error{Fault: NotOurs, Host: c.host, Status: resp.StatusCode}
	}
	text, err := c.read(resp.Body, maxReply)
	return text, resp.Header, err
}

func (c *Client) read(r io.Reader, most int64) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(r, most+1))
	switch {
	case err != nil:
		return nil, c.broken(err)
	case int64(len(text)) > most:
		return nil, &Error{Fault: TooLarge, Host: c.host}
	}
	return text, nil
}

// send sends a request, and once again if the server asks for that. The answer is a good
// one, and its body is the caller's to close.
func (c *Client) send(ctx context.Context, rq call) (*http.Response, error) {
	for try := 0; ; try++ {
		resp, err := c.try(ctx, rq)
		if err != nil {
			return nil, err
		}
		if resp.StatusCode >= 200 && resp.StatusCode < 300 {
			return resp, nil
		}
		pause, again := retryAfter(resp, rq)
		err = c.failed(resp)
		_ = resp.Body.Close()
		if try > 0 || !again {
			return nil, err
		}
		if err := c.opts.Wait(ctx, pause); err != nil {
			return nil, c.broken(err)
		}
	}
}

func (c *Client) try(ctx context.Context, rq call) (*http.Response, error) {
	var body io.Reader
	if rq.body != nil {
		text, err := json.Marshal(rq.body)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(text)
	}
	address := c.base + rq.path
	if len(rq.query) > 0 {
		address += "?" + rq.query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, rq.method, address, body)
	if err != nil {
		return nil, &Error{Fault: BadURL}
	}
	c.header(req, rq)
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, c.broken(err)
	}
	return resp, nil
}

func (c *Client) header(req *http.Request, rq call) {
	h := req.Header
	h.Set("Authorization", "Bearer "+c.token)
	h.Set("Accept", jsonType+", "+problemType)
	if rq.accept != "" {
		h.Set("Accept", rq.accept+", "+problemType)
	}
	h.Set("User-Agent", "usersig")
	if c.opts.Agent != "" {
		h.Set("User-Agent", c.opts.Agent)
	}
	h.Set("Accept-Language", "en")
	if c.opts.Language == "zh" {
		h.Set("Accept-Language", "zh")
	}
	if rq.body != nil {
		h.Set("Content-Type", jsonType)
	}
	if rq.once != "" {
		h.Set("Idempotency-Key", rq.once)
	}
}

// retryAfter says whether to ask again, and when.
func retryAfter(resp *http.Response, rq call) (time.Duration, bool) {
	switch resp.StatusCode {
	case http.StatusTooManyRequests: // nothing was done
	case http.StatusServiceUnavailable:
		if !rq.again {
			return 0, false
		}
	default:
		return 0, false
	}
	pause := time.Second
	if n, err := strconv.ParseUint(resp.Header.Get("Retry-After"), 10, 16); err == nil {
		pause = time.Duration(n) * time.Second
	}
	return pause, pause <= maxWait
}

// failed is the error for an answer that is not a good one.
func (c *Client) failed(resp *http.Response) error {
	if resp.StatusCode >= 300 && resp.StatusCode < 400 {
		return &Error{Fault: Redirected, Host: c.host, Status: resp.StatusCode}
	}
	other := &Error{Fault: NotOurs, Host: c.host, Status: resp.StatusCode}
	if contentType(resp) != problemType {
		return other
	}
	text, err := c.read(resp.Body, maxProblem)
	if err != nil {
		return err
	}
	// What repeats requests in its errors must not bring the credential to a screen.
	text = bytes.ReplaceAll(text, []byte(c.token), []byte("…"))
	p := new(Problem)
	if json.Unmarshal(text, p) != nil || p.Reason == "" {
		return other
	}
	p.Status = resp.StatusCode
	return p
}

func contentType(resp *http.Response) string {
	t, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if err != nil {
		return ""
	}
	return t
}

// broken is the error for a request that has no whole answer.
func (c *Client) broken(err error) error {
	e := &Error{Fault: Unreachable, Host: c.host, err: err}
	// Its text has the address in it, which has user IDs in it.
	if u, ok := errors.AsType[*url.Error](err); ok {
		e.err = u.Err
	}
	var slow interface{ Timeout() bool }
	switch {
	case errors.Is(err, context.Canceled):
	case errors.As(err, &slow) && slow.Timeout():
		e.Fault = TooSlow
	case isTLS(err):
		e.Fault = Untrusted
	}
	return e
}
