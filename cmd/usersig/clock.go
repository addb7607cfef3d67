package main

import (
	"math"
	"strconv"
	"strings"
	"time"
)

var ttlUnits = [...]struct {
	letter byte
	length time.Duration
}{
	{'d', 24 * time.Hour}, {'h', time.Hour}, {'m', time.Minute}, {'s', time.Second},
}

// parseTTL parses a length of time: numbers with units, the longest first, such as
// 180d, 1h30m or 3600s. A number without a unit is refused, because a lifetime in
// minutes that is read as seconds is found out only when it ends.
func parseTTL(text string) (time.Duration, error) {
	if _, err := strconv.ParseUint(text, 10, 64); err == nil && text != "0" {
		f := misuse("a length of time needs a unit")
		if len(text) <= 12 {
			return 0, f.hint("write %ss for seconds; the units are d, h, m and s", text)
		}
		return 0, f.hint("the units are d, h, m and s")
	}
	total, rest := time.Duration(0), text
	for _, unit := range ttlUnits {
		end := strings.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' })
		if end <= 0 || rest[end] != unit.letter {
			continue
		}
		n, err := strconv.ParseInt(rest[:end], 10, 64)
		if err != nil || n > (math.MaxInt64-int64(total))/int64(unit.length) {
			return 0, misuse("the length of time is too long").hint("the longest lifetime is 18250d, 50 years")
		}
		total += time.Duration(n) * unit.length
		rest = rest[end+1:]
	}
	if text == "" || rest != "" && text != "0" {
		return 0, misuse("not a length of time").hint("write it like 180d, 24h, 1h30m or 3600s, the longest unit first")
	}
	return total, nil
}

// formatTTL writes a length of time as parseTTL reads it.
func formatTTL(d time.Duration) string {
	var b strings.Builder
	for _, unit := range ttlUnits {
		if n := d / unit.length; n > 0 {
			b.WriteString(strconv.FormatInt(int64(n), 10))
			b.WriteByte(unit.letter)
			d %= unit.length
		}
	}
	if b.Len() == 0 {
		return "0s"
	}
	return b.String()
}

// parseAt parses an instant: RFC 3339 or unix seconds.
func parseAt(text string) (time.Time, error) {
	if n, err := strconv.ParseUint(text, 10, 63); err == nil {
		if len(text) == 13 {
			return time.Time{}, misuse("this looks like milliseconds").
				hint("unix time is in seconds: write %s", text[:10])
		}
		if n > maxUnix {
			return time.Time{}, misuse("the instant is beyond the year 9999").hint("unix time is in seconds, ten digits nowadays")
		}
		return time.Unix(int64(n), 0).UTC(), nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, misuse("not an instant").
			hint("write it like 2026-11-23T09:00:00Z or, in unix seconds, 1795424400")
	}
	if t.Unix() < 0 {
		return time.Time{}, misuse("the instant is before 1970").hint("tokens count seconds from 1970")
	}
	return t.UTC(), nil
}

// maxUnix is the last second of the year 9999, the last that RFC 3339 can write.
const maxUnix = 253402300799

// now returns the instant of --at, or the clock's if there was none.
func (u *ui) now(at time.Time) time.Time {
	if at.IsZero() {
		return u.clock()
	}
	return at
}

// untilExpiry says how far off an expiry is.
func (u *ui) untilExpiry(expires, now time.Time) string {
	if left := expires.Sub(now.Truncate(time.Second)); left >= 0 {
		return u.say("in "+formatTTL(left), formatTTL(left)+" 后")
	}
	gone := formatTTL(now.Sub(expires))
	return u.say("expired "+gone+" ago", "已过期 "+gone)
}
