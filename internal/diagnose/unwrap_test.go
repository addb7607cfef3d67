package diagnose

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"usersig"
)

// TestSeveralMistakes: what was wrapped twice is unwrapped twice, and each step is
// told. What remains broken inside is told of the inside.
func TestSeveralMistakes(t *testing.T) {
	good, one := alice().v2(), padding(t, 1)
	plain := strings.NewReplacer("*", "+", "-", "/", "_", "=").Replace(one)
	rfc := strings.TrimRight(strings.NewReplacer("*", "-", "-", "_", "_", "=").Replace(one), "=")
	inJSON, err := json.Marshal(map[string]string{"usersig": good, "userid": "alice"})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ token, want string }{
		"quote and comma":           {`"` + good + `",`, "quotes"},
		"quote and semicolon":       {"'" + good + "';", "quotes"},
		"escaped quotes":            {`\"` + good + `\"`, "quotes"},
		"line feed in quotes":       {"\"" + good + "\n\"", "quotes"},
		"byte order mark":           {"\ufeff" + good, "invisible"},
		"zero-width space":          {good + "\u200b", "invisible"},
		"UTF-16":                    {strings.Join(strings.Split(good, ""), "\x00"), "invisible"},
		"name and equals sign":      {"userSig=" + good, "surrounded"},
		"in JSON":                   {string(inJSON), "surrounded"},
		"slashes escaped":           {strings.ReplaceAll(plain, "/", `\/`), "slashes"},
		"URL-encoded twice":         {url.QueryEscape(url.QueryEscape(plain)), "percent percent"},
		"base64 twice":              {base64.StdEncoding.EncodeToString([]byte(good)), "base64-twice"},
		"plus, and quotes":          {`"` + strings.ReplaceAll(plain, "+", " ") + `"`, "quotes url-plus"},
		"plus, and a line feed":     {strings.ReplaceAll(plain, "+", " ") + "\n", "spaces url-plus"},
		"RFC 4648, and quotes":      {`"` + rfc + `"`, "quotes rfc4648"},
		"RFC 4648, and a line feed": {rfc + "\n", "spaces rfc4648"},
		"cut off, and a quote":      {`"` + good[:len(good)-30], "cut-off"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := ids(ask(t, Question{Token: c.token}, usersig.Room{})); got != c.want {
				t.Errorf("found %q, want %q", got, c.want)
			}
		})
	}
}

// TestUnwrapIsBounded: text made to have many readings is given up on. It counts
// tries, not seconds.
func TestUnwrapIsBounded(t *testing.T) {
	for _, text := range []string{
		strings.Repeat("A ", mostText/2), strings.Repeat(`"\/%25 `, mostText/7), strings.Repeat("x", mostText+1),
		strings.Repeat("-_+/= \u200b%2B", mostText/16),
	} {
		if found := unwrap(text); found != nil {
			t.Errorf("%.20q…: %v", text, found)
		}
	}
}

// TestUnits: times in other units, and lifetimes in milliseconds, also short ones.
func TestUnits(t *testing.T) {
	for _, c := range []struct {
		time, life int64
		want       string
	}{
		{testTime * 1000, 86400, "time-unit"}, {testTime * 1e6, 86400, "time-unit"}, {testTime * 1e9, 86400, "time-unit"},
		{testTime, 3600 * 1000, "expire-ms"}, {testTime, 86400 * 1000, "expire-ms"}, {testTime, 7 * 86400 * 1000, "expire-ms"},
		{testTime, 100 * 86400, ""},
	} {
		a := alice()
		a.time, a.expire = c.time, c.life
		if got := ids(Token(Question{Token: a.v2()})); got != c.want {
			t.Errorf("issued at %d for %d s: found %q, want %q", c.time, c.life, got, c.want)
		}
	}
}
