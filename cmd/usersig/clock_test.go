package main

import (
	"errors"
	"testing"
	"time"
)

func TestParseTTL(t *testing.T) {
	const day = 24 * time.Hour
	for text, want := range map[string]time.Duration{
		"180d": 180 * day, "24h": day, "3600s": time.Hour, "90m": 90 * time.Minute,
		"1d12h": 36 * time.Hour, "1d1h1m1s": day + time.Hour + time.Minute + time.Second,
		"1d1s": day + time.Second, "0": 0, "0s": 0, "007s": 7 * time.Second, "106751d": 106751 * day,
	} {
		if got, err := parseTTL(text); err != nil || got != want {
			t.Errorf("parseTTL(%q) = %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{
		"", "3600", "86400000", "d", "1", "h1", "1h1d", "1h1h", "1d 1h", " 1d", "1d ", "-1d", "+1d", "1.5h",
		"1w", "1y", "1ms", "1D", "106752d", "9223372036854775808s", "99999999999999999999d", "106751d24h", "一d", "1d2",
	} {
		got, err := parseTTL(text)
		if err == nil || got != 0 {
			t.Errorf("parseTTL(%q) = %v, %v, want an error and nothing", text, got, err)
		}
	}
}

func TestParseTTLHint(t *testing.T) {
	_, err := parseTTL("3600")
	if f, ok := errors.AsType[*failure](err); !ok || len(f.hints) != 1 || f.hints[0].Error() != "write 3600s for seconds; the units are d, h, m and s" {
		t.Errorf("parseTTL(3600) = %#v, want a hint that says 3600s", err)
	}
}

func TestFormatTTL(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0s", time.Second: "1s", 90 * time.Minute: "1h30m", 180 * 24 * time.Hour: "180d",
		36*time.Hour + time.Second: "1d12h1s", 1500 * time.Millisecond: "1s", 999 * time.Millisecond: "0s",
	} {
		if got := formatTTL(d); got != want {
			t.Errorf("formatTTL(%v) = %q, want %q", d, got, want)
		}
		if back, err := parseTTL(want); err != nil || back != d.Truncate(time.Second) {
			t.Errorf("parseTTL(%q) = %v, %v, want %v", want, back, err, d.Truncate(time.Second))
		}
	}
}

func TestParseAt(t *testing.T) {
	want := time.Unix(1795424400, 0).UTC()
	for _, text := range []string{"1795424400", "2026-11-23T09:00:00Z", "2026-11-23T17:00:00+08:00"} {
		got, err := parseAt(text)
		if err != nil || !got.Equal(want) {
			t.Errorf("parseAt(%q) = %v, %v, want %v", text, got, err, want)
		}
	}
	if got, err := parseAt("0"); err != nil || got.IsZero() || got.Unix() != 0 {
		t.Errorf("parseAt(0) = %v, %v, want 1970", got, err)
	}
	for _, text := range []string{"", "now", "-1", "1795424400000", "253402300800", "99999999999999999999", "2026-11-23", "2026-11-23T09:00:00", "1795424400.5"} {
		if got, err := parseAt(text); err == nil || !got.IsZero() {
			t.Errorf("parseAt(%q) = %v, %v, want an error and nothing", text, got, err)
		}
	}
}

func TestUntilExpiry(t *testing.T) {
	expires := time.Unix(1795424400, 0)
	u := &ui{}
	for _, c := range []struct {
		now  time.Time
		want string
	}{
		{expires.Add(-time.Hour), "in 1h"},
		{expires, "in 0s"},
		{expires.Add(999 * time.Millisecond), "in 0s"}, // the last second counts
		{expires.Add(time.Second), "expired 1s ago"},
		{expires.Add(25 * time.Hour), "expired 1d1h ago"},
	} {
		if got := u.untilExpiry(expires, c.now); got != c.want {
			t.Errorf("at %v: %q, want %q", c.now, got, c.want)
		}
	}
}
