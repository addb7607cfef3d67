package httpapi

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// A script is a text of requests and the replies they must get:
//
//	=== METHOD PATH as CREDENTIAL
//	Header: value
//
//	body
//	--- STATUS
//	Header: value
//	Absent-Header!
//
//	body
//	!not in the reply
//
// A JSON body must be exactly as written, but "*" stands for any value and "$name" for
// any text, which is $name from then on. $name stands for it in what follows. With
// "..." as a member, an object may have more members.
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.http")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	covered := make(map[string]bool)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".http"), func(t *testing.T) {
			run(t, Options{Origins: []string{"https://app.example"}, Media: newHouse()}, func(w *world) {
				w.script(file)
				for _, s := range w.seen {
					covered[s.route] = true
				}
			})
		})
	}
	for _, rt := range (&server{}).table() {
		if !covered[rt.pattern()] {
			t.Errorf("no script calls %s", rt.pattern())
		}
	}
}

var variable = regexp.MustCompile(`\$[a-z_0-9]+`)

// known replaces the variables that have a value.
func (w *world) known(text string) string {
	return variable.ReplaceAllStringFunc(text, func(name string) string {
		if v, ok := w.vars[name[1:]]; ok {
			return v
		}
		return name
	})
}

func (w *world) script(file string) {
	text, err := os.ReadFile(file)
	w.ok(err)
	steps := strings.Split("\n"+string(text), "\n=== ")
	for _, step := range steps[1:] {
		asked, want, ok := strings.Cut(step, "\n--- ")
		if !ok {
			w.t.Fatalf("%s: no reply in %q", file, step)
		}
		first, rest, _ := strings.Cut(w.known(asked), "\n")
		words := strings.Fields(first)
		if len(words) != 4 || words[2] != "as" {
			w.t.Fatalf("%s: %q", file, first)
		}
		header, body := head(rest)
		time.Sleep(time.Nanosecond) // in the bubble: lists are in the order of creation
		got := w.do(request{as: words[3], method: words[0], path: words[1], header: header, body: strings.TrimSpace(body)})
		what := filepath.Base(file) + ": " + first
		w.compare(what, want, got.Code, got.Header(), got.Body.String())
	}
}

// head splits a message into its headers and its body.
func head(text string) (http.Header, string) {
	h := make(http.Header)
	for {
		line, rest, _ := strings.Cut(text, "\n")
		switch name, value, ok := strings.Cut(line, ": "); {
		case strings.HasPrefix(line, "#"):
		case line == "":
			return h, rest
		case ok:
			h.Add(name, value)
		default:
			h.Add(line, "")
		}
		text = rest
	}
}

func (w *world) compare(what, want string, status int, header http.Header, body string) {
	first, rest, _ := strings.Cut(want, "\n")
	if strconv.Itoa(status) != strings.TrimSpace(first) {
		w.t.Fatalf("%s: status %d, want %s; %s", what, status, first, body)
	}
	headers, rest := head(rest)
	for name := range headers {
		switch absent, must := strings.CutSuffix(name, "!"); {
		case must && header.Get(absent) != "":
			w.t.Errorf("%s: there is a header %s", what, absent)
		case !must && header.Get(name) != w.known(headers.Get(name)):
			w.t.Errorf("%s: header %s is %q, want %q", what, name, header.Get(name), headers.Get(name))
		}
	}
	var expected []string
	for line := range strings.Lines(rest) {
		if unwanted, ok := strings.CutPrefix(strings.TrimSpace(line), "!"); ok {
			if strings.Contains(body, w.known(unwanted)) {
				w.t.Errorf("%s: the reply holds %q: %s", what, unwanted, body)
			}
			continue
		}
		if !strings.HasPrefix(line, "#") {
			expected = append(expected, line)
		}
	}
	w.compareBody(what, strings.TrimSpace(strings.Join(expected, "")), strings.TrimSpace(body))
}

func (w *world) compareBody(what, want, got string) {
	if want == "" && !strings.HasPrefix(got, "{") || want == "*" {
		return
	}
	var wantJSON, gotJSON any
	if json.Unmarshal([]byte(want), &wantJSON) != nil {
		if w.known(want) != got {
			w.t.Errorf("%s:\n got %s\nwant %s", what, got, want)
		}
		return
	}
	if err := json.Unmarshal([]byte(got), &gotJSON); err != nil {
		w.t.Errorf("%s: %v: %s", what, err, got)
		return
	}
	if err := w.match("", wantJSON, gotJSON); err != nil {
		w.t.Errorf("%s: %v\n got %s", what, err, got)
	}
}

func (w *world) match(at string, want, got any) error {
	switch want := want.(type) {
	case string:
		return w.matchText(at, want, got)
	case map[string]any:
		return w.matchObject(at, want, got)
	case []any:
		list, ok := got.([]any)
		if !ok || len(list) != len(want) {
			return fmt.Errorf("%s: got %v, want %v", at, got, want)
		}
		for i := range want {
			if err := w.match(fmt.Sprintf("%s[%d]", at, i), want[i], list[i]); err != nil {
				return err
			}
		}
		return nil
	}
	if !reflect.DeepEqual(want, got) {
		return fmt.Errorf("%s: got %v, want %v", at, got, want)
	}
	return nil
}

func (w *world) matchText(at, want string, got any) error {
	if want == "*" {
		return nil
	}
	if number, ok := got.(float64); ok {
		got = strconv.FormatFloat(number, 'f', -1, 64)
	}
	want = w.known(want)
	if strings.HasPrefix(want, "$") && variable.FindString(want) == want {
		w.vars[want[1:]] = fmt.Sprint(got)
		return nil
	}
	if want != got {
		return fmt.Errorf("%s: got %v, want %q", at, got, want)
	}
	return nil
}

func (w *world) matchObject(at string, want map[string]any, got any) error {
	object, ok := got.(map[string]any)
	if !ok {
		return fmt.Errorf("%s: got %v, want an object", at, got)
	}
	_, open := want["..."]
	for name := range object {
		if _, expected := want[name]; !expected && !open {
			return fmt.Errorf("%s.%s is there: %v", at, name, object[name])
		}
	}
	for _, name := range sortedNames(want) {
		v, there := object[name]
		if name == "..." {
			continue
		}
		if !there {
			return fmt.Errorf("%s.%s is missing", at, name)
		}
		if err := w.match(at+"."+name, want[name], v); err != nil {
			return err
		}
	}
	return nil
}

func sortedNames(m map[string]any) []string {
	var names []string
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
