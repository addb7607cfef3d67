package diagnose

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"usersig"
	"usersig/internal/length"
)

// Times of issue in other units than seconds begin at these: milliseconds of the year
// 1973, microseconds of 1973 and nanoseconds of 1973 are seconds of a far future.
const (
	fromMilli = 1e11
	fromMicro = 1e14
	fromNano  = 1e17
)

func milliTime(s *subject) *Finding {
	unit := Finding{en: "milliseconds", zh: "毫秒"}
	switch t := s.fields.Time; {
	case t < fromMilli:
		return nil
	case t >= fromNano:
		unit = Finding{en: "nanoseconds", zh: "纳秒"}
	case t >= fromMicro:
		unit = Finding{en: "microseconds", zh: "微秒"}
	}
	return &Finding{"time-unit", "the time of issue is in " + unit.en + "; it must be in seconds", "签发时间的单位是" + unit.zh + "；应为秒"}
}

// usual are the lifetimes that people choose, in seconds. A thousand times one of
// them was meant in milliseconds.
var usual = []int64{60, 300, 600, 1800, 3600, 7200, 6 * 3600, 12 * 3600, 86400, 2 * 86400, 3 * 86400, 7 * 86400, 14 * 86400, 30 * 86400, 60 * 86400, 90 * 86400, 180 * 86400, 365 * 86400}

func milliExpire(s *subject) *Finding {
	const longest = int64(usersig.LongestTTL / time.Second)
	e := s.fields.Expire
	if e%1000 != 0 || !slices.Contains(usual, e/1000) && (e <= longest || e/1000 > longest) {
		return nil
	}
	isEN, isZH := length.Of(e)
	beEN, beZH := length.Of(e / 1000)
	return &Finding{
		"expire-ms", fmt.Sprintf("the lifetime of %d seconds is %s; if it was meant in milliseconds, it should be %s", e, isEN, beEN),
		fmt.Sprintf("有效期 %d 秒即 %s；如果误用了毫秒，应为 %s", e, isZH, beZH),
	}
}

// instantExpire recognises a lifetime that is an instant: other vendors' tokens hold
// an instant there.
func instantExpire(s *subject) *Finding {
	distance := s.fields.Expire - s.fields.Time
	if s.fields.Time == 0 || distance < 0 || distance > 2*31536000 {
		return nil
	}
	return found("expire-instant", "the lifetime reads like an instant (Unix time): it must be the number of seconds from the time of issue, here probably %[1]d",
		"有效期看起来是一个时刻（Unix 时间戳）：应填从签发起的秒数，此处可能应为 %[1]d", distance)
}

// timeZone recognises a local time that was taken for UTC: off by whole half hours.
func timeZone(s *subject) *Finding {
	if !errors.Is(s.Err, usersig.ErrNotYetValid) || s.Now.IsZero() {
		return nil
	}
	ahead := s.fields.Time - s.Now.Unix()
	const half = 1800
	off := (ahead+half/2)%half - half/2
	if ahead < half-120 || ahead > 14*3600+120 || off < -120 || off > 120 {
		return nil
	}
	return timed("time-zone", ahead-off, "the issuer's clock is ahead by %s: it probably takes local time for UTC", "签发端时间快了 %s：可能把本地时间当成了 UTC")
}

func skew(s *subject) *Finding {
	ahead := s.fields.Time - s.Now.Unix()
	if !errors.Is(s.Err, usersig.ErrNotYetValid) || s.Now.IsZero() || ahead > 86400 {
		return nil
	}
	return timed("clock-skew", ahead, "the two clocks differ by at least %s: set both by NTP", "两端时钟至少相差 %s：请都用 NTP 校时")
}

// behind says what a fresh token that is over means. Only who issued it knows
// whether it is fresh.
func behind(s *subject) *Finding {
	age := s.Now.Unix() - s.fields.Time
	if !errors.Is(s.Err, usersig.ErrExpired) || s.Now.IsZero() || age <= 0 || age > 86400 {
		return nil
	}
	return timed("clock-behind", age, "it says it was issued %s ago; if it was issued just now, the issuer's clock is behind by that, or takes UTC for local time",
		"签发时间是 %s 前；如果是刚刚签发的，则签发端时钟慢了这么多，或把 UTC 当成了本地时间")
}

func shortLife(s *subject) *Finding {
	if !errors.Is(s.Err, usersig.ErrExpired) || s.fields.Expire > 600 {
		return nil
	}
	return timed("short-life", s.fields.Expire, "the token was made to last only %s; 24 hours or more are usual, and Tencent's oldest libraries default to 5 minutes",
		"该 UserSig 的有效期只有 %s；通常为 24 小时以上，而最早的签发库默认 5 分钟")
}

// timed makes a Finding with a length of time in its texts.
func timed(id string, sec int64, en, zh string) *Finding {
	lengthEN, lengthZH := length.Of(sec)
	return &Finding{id, fmt.Sprintf(en, lengthEN), fmt.Sprintf(zh, lengthZH)}
}
