package issuer

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// mostDetail bounds how much of one value is in the log. It is more than a name or a list of
// administrators can have, so that of those nothing is hidden by its length.
const mostDetail = 400

// difference says what was changed, from what and to what, where was are the values before.
// Nothing of it is secret.
func (a *App) difference(was map[string]string) string {
	is := a.values()
	names := maps.Clone(was)
	maps.Copy(names, is)
	var changed []string
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if was[name] != is[name] {
			changed = append(changed, name+": "+shown(was[name])+" → "+shown(is[name]))
		}
	}
	return strings.Join(changed, "; ")
}

func shown(value string) string {
	switch {
	case value == "":
		return "none"
	case len(value) > mostDetail:
		return strings.ToValidUTF8(value[:mostDetail], "") + "…"
	}
	return value
}

// values returns what an operator can choose of an application, as JSON by name. It goes by
// the JSON form, so that a setting that is added is not forgotten here.
func (a *App) values() map[string]string {
	values := make(map[string]string)
	flatten(values, "", struct {
		Name  string   `json:"name"`
		State AppState `json:"state"`
		Settings
	}{a.Name, a.State, a.Settings})
	return values
}

func flatten(into map[string]string, prefix string, v any) {
	text := plainJSON(v)
	var members map[string]json.RawMessage
	if json.Unmarshal([]byte(text), &members) != nil {
		into[strings.TrimSuffix(prefix, ".")] = text
		return
	}
	for name, member := range members {
		flatten(into, prefix+name+".", member)
	}
}

// plainJSON writes plain values, which cannot fail.
func plainJSON(v any) string {
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	_ = e.Encode(v)
	return strings.TrimSuffix(text.String(), "\n")
}
