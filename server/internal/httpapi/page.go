package httpapi

import (
	"encoding/base64"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// PageQuery is how a list is asked for.
type PageQuery struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"The most entries of one reply"`
	Cursor string `query:"cursor" maxLength:"256" doc:"The next of the reply before; empty for the beginning"`
}

// Resolve refuses a limit that is empty, which the library takes for none: a program
// that lost its number would get 50 entries and take them for all.
func (q *PageQuery) Resolve(ctx huma.Context) []error {
	u := ctx.URL()
	if slices.Contains(u.Query()["limit"], "") {
		return []error{&huma.ErrorDetail{Location: "query.limit", Message: "expected a number"}}
	}
	return nil
}

// A cursor says after which entry a page begins. It is opaque, so that it can become
// another thing, and names its list, so that that of another list is refused.
func cursor(list, after string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(list + " " + after))
}

// after returns what the cursor of a page query holds, empty for the beginning.
func (q *PageQuery) after(list string) (string, error) {
	if q.Cursor == "" {
		return "", nil
	}
	text, err := base64.RawURLEncoding.Strict().DecodeString(q.Cursor)
	if after, ok := strings.CutPrefix(string(text), list+" "); err == nil && ok && after != "" {
		return after, nil
	}
	return "", badCursor()
}

// afterNumber is after for a list that is ordered by number.
func (q *PageQuery) afterNumber(list string, bits int) (uint64, error) {
	after, err := q.after(list)
	if err != nil || after == "" {
		return 0, err
	}
	n, err := strconv.ParseUint(after, 10, bits)
	if err != nil {
		return 0, badCursor()
	}
	return n, nil
}

func badCursor() error {
	return invalid("the cursor is none of this list: take it from next of the reply before")
}

// invalid is the error for a request that cannot be understood.
func invalid(why string) *problem {
	return problemAs(kindInvalid, why)
}

// page cuts a page out of a list that is known whole. The order is that of key, which
// no two entries share and which does not change.
func page[T any](all []T, list string, q *PageQuery, key func(T) string) (some []T, next string, err error) {
	after, err := q.after(list)
	if err != nil {
		return nil, "", err
	}
	all = slices.SortedFunc(slices.Values(all), func(a, b T) int { return strings.Compare(key(a), key(b)) })
	first, found := slices.BinarySearchFunc(all, after, func(e T, after string) int { return strings.Compare(key(e), after) })
	if found {
		first++
	}
	some, next = upTo(all[first:], q.Limit, list, key)
	return some, next, nil
}

// upTo cuts a list down to limit entries, and returns the cursor of what is left.
func upTo[T any](all []T, limit int, list string, key func(T) string) (some []T, next string) {
	if len(all) <= limit {
		return all, ""
	}
	return all[:limit], cursor(list, key(all[limit-1]))
}

// each returns the views of a list, never nil: an empty list is [] in JSON.
func each[T, V any](all []T, view func(T) V) []V {
	views := make([]V, len(all))
	for i, v := range all {
		views[i] = view(v)
	}
	return views
}
