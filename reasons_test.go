package usersig

import (
	"errors"
	"strings"
	"testing"

	"usersig/internal/wire"
)

// TestFaultTexts: every fault of the decoder has a sentence in Chinese, and the
// message names its layer and its field in both languages.
func TestFaultTexts(t *testing.T) {
	if len(faultTexts) != len(wire.Faults()) {
		t.Errorf("%d texts for %d faults", len(faultTexts), len(wire.Faults()))
	}
	seen := map[string]bool{}
	for _, f := range wire.Faults() {
		zh := faultTexts[f]
		if zh == "" || seen[zh] {
			t.Errorf("%v: %q is missing or has another's text", f, zh)
		}
		seen[zh] = true
		for _, field := range []string{"", "TLS.time"} {
			r := malformed(&wire.Error{Fault: f, Field: field})
			chinese := r.In("zh")
			for _, c := range []struct{ message, part string }{
				{r.Message, f.Layer().String() + ": "}, {r.Message, f.String()}, {r.Message, field},
				{chinese.Message, f.Layer().String() + "："}, {chinese.Message, zh}, {chinese.Message, field},
			} {
				if !strings.Contains(c.message, c.part) {
					t.Errorf("%q does not hold %q", c.message, c.part)
				}
			}
		}
	}
	// Should the decoder ever fail with another error, it is a refusal like others.
	if r := malformed(errors.New("x")); r.Code != 70003 || r.Message != "token cannot be decoded" {
		t.Errorf("%+v", r)
	}
}

// TestTextsAreBilingual: no row of the tables lacks a language.
func TestTextsAreBilingual(t *testing.T) {
	for i := range reasons {
		row := &reasons[i]
		if row.name == "" || row.text.en == "" || row.text.zh == "" || i > 0 && (row.remedy.en == "" || row.remedy.zh == "") {
			t.Errorf("row %d: %+v", i, row)
		}
	}
	for p := range Purpose(len(purposes)) {
		if p.in(false) == "" || p.in(true) == "" {
			t.Errorf("purpose %d has no name", p)
		}
	}
}
