// Package length writes lengths of time for people, in English and in Chinese. A
// token can claim any number of seconds, so it does not stop where a
// [time.Duration] does.
package length

import (
	"fmt"
	"time"
)

const (
	day  = 24 * 60 * 60
	year = 365 * day
)

// Of writes a length of n seconds: exactly below two days, in days and hours below
// a year, in years beyond.
func Of(n int64) (en, zh string) {
	switch {
	case n < 2*day:
		s := (time.Duration(n) * time.Second).String()
		return s, s
	case n < 2*year && n%day < 60*60:
		return fmt.Sprintf("%d days", n/day), fmt.Sprintf("%d 天", n/day)
	case n < 2*year:
		return fmt.Sprintf("%d days and %dh", n/day, n%day/3600), fmt.Sprintf("%d 天 %d 小时", n/day, n%day/3600)
	default:
		return fmt.Sprintf("%d years", n/year), fmt.Sprintf("%d 年", n/year)
	}
}
