package httpapi

import (
	"errors"
	"testing"
)

// Half a surrogate pair stands for no character. Decoders make U+FFFD of each, and two user
// IDs would be one.
func TestLoneSurrogates(t *testing.T) {
	for text, want := range map[string]error{
		`{"userid":"\ud83d\ude00"}`:             nil,
		`{"userid":"\uD83D\uDE00\ud83D\ude00"}`: nil,
		`{"userid":"\ufffd"}`:                   nil,
		`{"userid":"\\ud800"}`:                  nil, // a backslash, and letters
		`{"userid":"\\\\ud800 \""}`:             nil,
		`{"userid":"\ue000\ud7ff"}`:             nil,
		`{"userid":"\ud800"}`:                   errSurrogate,
		`{"userid":"\udfff"}`:                   errSurrogate,
		`{"userid":"\ude00\ud83d"}`:             errSurrogate,
		`{"userid":"\ud83d\ud83d\ude00"}`:       errSurrogate,
		`{"userid":"\ud83dx\ude00"}`:            errSurrogate,
		`{"userid":"\ud83d\\ude00"}`:            errSurrogate,
		`{"userid":"\\\ud800"}`:                 errSurrogate,
		`{"user\ud800":"x"}`:                    errSurrogate,
		`{"userid":["\uDBFF"]}`:                 errSurrogate,
		`{"userid":"\ud8`:                       errNotJSON,
		`{"userid":"\ud8zz"}`:                   errNotJSON,
		`{"userid":"\`:                          errNotJSON,
	} {
		var v any
		if err := unmarshal([]byte(text), &v); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", text, err, want)
		}
	}
}

func TestLoneSurrogateNamesNobody(t *testing.T) {
	run(t, Options{}, func(w *world) {
		for _, q := range []request{
			{as: "issue", method: "POST", path: "/v1/apps/" + w.vars["app"] + "/usersigs"},
			{as: "verify", method: "POST", path: "/v1/apps/" + w.vars["app"] + "/verify"},
		} {
			q.body = `{"userid":"\ud800"}`
			got := w.do(q)
			if p := w.problem(got); got.Code != 400 || p.Reason != "malformed_request" {
				t.Errorf("%s: %d %s", q.path, got.Code, got.Body)
			}
		}
	})
}
