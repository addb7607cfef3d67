package hook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// api is MediaMTX's API (v3), as far as it ends streams.
type api struct {
	base   *url.URL
	client *http.Client
}

// collections are where MediaMTX has the connections of each protocol, without and with
// TLS.
var collections = map[string][]string{
	"rtmp":   {"rtmpconns", "rtmpsconns"},
	"rtsp":   {"rtspconns", "rtspsconns"},
	"srt":    {"srtconns"},
	"webrtc": {"webrtcsessions"},
}

// sessions are where the sessions on RTSP's connections are, which can be ended.
var sessions = map[string]string{"rtspconns": "rtspsessions", "rtspsconns": "rtspssessions"}

var (
	// errGone: MediaMTX does not have it, or not such a thing.
	errGone = errors.New("there is none")
	// errNotYet: a connection was let in and has not begun. It may do so any moment.
	errNotYet = errors.New("the connection has no session")
)

func newAPI(base string, transport http.RoundTripper) (*api, error) {
	u, err := url.Parse(base)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, errors.New("MediaMTX's API: it is the URL of an HTTP server")
	}
	if transport == nil {
		transport = &http.Transport{MaxIdleConns: 4, IdleConnTimeout: time.Minute}
	}
	return &api{base: u, client: &http.Client{
		Timeout:       5 * time.Second,
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// kick ends a connection, or finds it ended.
func (a *api) kick(ctx context.Context, protocol, id string) error {
	for _, in := range collections[protocol] {
		err := a.kickIn(ctx, in, id)
		if !errors.Is(err, errGone) {
			return err
		}
	}
	// What is nowhere may be over, or this may not be the API at all.
	ids, err := a.ids(ctx, protocol)
	if _, there := ids[id]; err == nil && there {
		err = errors.New("MediaMTX has a connection that it cannot end")
	}
	return err
}

func (a *api) kickIn(ctx context.Context, in, id string) error {
	if of, ok := sessions[in]; ok {
		var conn struct {
			Session *string `json:"session"`
		}
		if err := a.call(ctx, http.MethodGet, in+"/get/"+id, "", &conn); err != nil {
			return err
		}
		if conn.Session == nil {
			return errNotYet
		}
		in, id = of, url.PathEscape(*conn.Session)
	}
	return a.call(ctx, http.MethodPost, in+"/kick/"+id, "", nil)
}

// gone reports whether a connection is over.
func (a *api) gone(ctx context.Context, protocol, id string) bool {
	for _, in := range collections[protocol] {
		if err := a.call(ctx, http.MethodGet, in+"/get/"+id, "", nil); !errors.Is(err, errGone) {
			return false
		}
	}
	return true
}

// errOff: MediaMTX does not serve a protocol, or this is not its API.
var errOff = errors.New("MediaMTX's API has no connections of this protocol")

// ids returns the connections of a protocol, and whether their streams have begun.
func (a *api) ids(ctx context.Context, protocol string) (map[string]bool, error) {
	all, found := map[string]bool{}, false
	for _, in := range collections[protocol] {
		for page, pages := 0, 1; page < pages; page++ {
			var list struct {
				PageCount int      `json:"pageCount"`
				Items     []listed `json:"items"`
			}
			err := a.call(ctx, http.MethodGet, in+"/list", fmt.Sprintf("itemsPerPage=1000&page=%d", page), &list)
			if errors.Is(err, errGone) {
				break // not switched on
			}
			if err != nil {
				return nil, err
			}
			for _, item := range list.Items {
				all[item.ID] = item.begun(in)
			}
			pages, found = list.PageCount, true
		}
	}
	if !found {
		return nil, fmt.Errorf("%w: %s", errOff, protocol)
	}
	return all, nil
}

// listed is a connection as MediaMTX's lists have it.
type listed struct {
	ID      string  `json:"id"`
	State   string  `json:"state"`
	Session *string `json:"session"` // of RTSP
}

func (l *listed) begun(in string) bool {
	if sessions[in] != "" {
		return l.Session != nil
	}
	return l.State != "idle"
}

// begun returns the connections of all protocols whose streams have begun.
func (a *api) begun(ctx context.Context) (map[conn]bool, error) {
	all, none := map[conn]bool{}, true
	for protocol := range collections {
		ids, err := a.ids(ctx, protocol)
		if errors.Is(err, errOff) {
			continue
		}
		if err != nil {
			return nil, err
		}
		none = false
		for id, begun := range ids {
			if begun {
				all[conn{protocol, id}] = true
			}
		}
	}
	if none {
		return nil, errOff
	}
	return all, nil
}

// call sends a request and reads the reply into out, unless that is nil.
func (a *api) call(ctx context.Context, method, path, query string, out any) error {
	u := a.base.JoinPath("v3", path)
	u.RawQuery = query
	r, err := http.NewRequestWithContext(ctx, method, u.String(), http.NoBody)
	if err != nil {
		return err
	}
	reply, err := a.client.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = reply.Body.Close() }()
	switch {
	case reply.StatusCode == http.StatusNotFound:
		return errGone
	case reply.StatusCode/100 != 2:
		return fmt.Errorf("MediaMTX's API: %s %s: %s", method, path, reply.Status)
	case out == nil:
		return nil
	}
	const most = 16 << 20
	if err := json.NewDecoder(io.LimitReader(reply.Body, most)).Decode(out); err != nil {
		return fmt.Errorf("MediaMTX's API: %s %s: %w", method, path, err)
	}
	return nil
}
