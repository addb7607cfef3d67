package remote

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// pageSize is how many entries of a list are asked for at once, the most there are.
const pageSize = 200

// page is one reply of a list.
type page struct {
	items []json.RawMessage
	next  string
}

// page asks for a page of the list that has this name in the reply.
func (c *Client) page(ctx context.Context, path, name, cursor string) (page, error) {
	query := url.Values{"limit": {strconv.Itoa(pageSize)}}
	if cursor != "" {
		query.Set("cursor", cursor)
	}
	got, err := ask[map[string]json.RawMessage](ctx, c, call{method: http.MethodGet, path: path, query: query, again: true})
	if err != nil {
		return page{}, err
	}
	var p page
	if json.Unmarshal(got.Value[name], &p.items) != nil {
		return page{}, &Error{Fault: NotOurs, Host: c.host}
	}
	if next, ok := got.Value["next"]; ok && json.Unmarshal(next, &p.next) != nil || p.next != "" && p.next == cursor {
		return page{}, &Error{Fault: NotOurs, Host: c.host} // and a list without end
	}
	return p, nil
}

// list asks for all of a list. The JSON is that of one reply with everything in it.
func list[T any](ctx context.Context, c *Client, path, name string) (Reply[[]T], error) {
	whole := []json.RawMessage{}
	for cursor := ""; ; {
		p, err := c.page(ctx, path, name, cursor)
		if err != nil {
			return Reply[[]T]{}, err
		}
		whole = append(whole, p.items...)
		if cursor = p.next; cursor == "" {
			break
		}
	}
	r := Reply[[]T]{Value: make([]T, len(whole))}
	for i, text := range whole {
		if json.Unmarshal(text, &r.Value[i]) != nil {
			return Reply[[]T]{}, &Error{Fault: NotOurs, Host: c.host}
		}
	}
	text, err := json.Marshal(map[string]any{name: whole})
	r.JSON = text
	return r, err
}

// ofApp is the path of an application, and of what is in it.
func ofApp(app uint32, parts ...string) string {
	path := "/v1/apps/" + strconv.FormatUint(uint64(app), 10)
	for _, p := range parts {
		path += "/" + segment(p)
	}
	return path
}

// segment escapes a part of a path. The user "..", too, is one part.
func segment(text string) string {
	if text == "." || text == ".." {
		return strings.ReplaceAll(text, ".", "%2E")
	}
	return url.PathEscape(text)
}
