package diagnose

import (
	"errors"
	"time"

	"usersig"
)

// year5000 in Unix seconds: a time of issue beyond it is one in milliseconds.
const year5000 = 95617584000

func milliTime(s *subject) *Finding {
	if s.fields.Time < year5000 {
		return nil
	}
	return found("time-ms", "the time of issue is in milliseconds; it must be in seconds", "签发时间的单位是毫秒；应为秒")
}

func milliExpire(s *subject) *Finding {
	e := s.fields.Expire
	if e <= int64(usersig.LongestTTL/time.Second) || e%1000 != 0 {
		return nil
	}
	return found("expire-ms", "the lifetime of %[1]d seconds is %[2]d years: it was probably meant in milliseconds, and would be %[3]s",
		"有效期 %[1]d 秒约合 %[2]d 年：可能误用了毫秒，应为 %[3]s", e, e/31536000, span(e/1000))
}

// instantExpire recognises a lifetime that is an instant: the two libraries name
// the field alike, and other vendors' tokens hold an instant there.
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
	return found("time-zone", "the issuer's clock is ahead by %[1]s: it probably takes local time for UTC", "签发端时间快了 %[1]s：可能把本地时间当成了 UTC", span(ahead-off))
}

func skew(s *subject) *Finding {
	ahead := s.fields.Time - s.Now.Unix()
	if !errors.Is(s.Err, usersig.ErrNotYetValid) || s.Now.IsZero() || ahead > 86400 {
		return nil
	}
	return found("clock-skew", "the two clocks differ by at least %[1]s: set both by NTP", "两端时钟至少相差 %[1]s：请都用 NTP 校时", span(ahead))
}

func shortLife(s *subject) *Finding {
	if !errors.Is(s.Err, usersig.ErrExpired) || s.fields.Expire > 600 {
		return nil
	}
	return found("short-life", "the token was made to last only %[1]s; 24 hours or more are usual, and Tencent's oldest libraries default to 5 minutes",
		"该 UserSig 的有效期只有 %[1]s；通常为 24 小时以上，而最早的签发库默认 5 分钟", span(s.fields.Expire))
}

// span is for messages; what is too long for a Duration is cut.
func span(sec int64) time.Duration { return time.Duration(min(sec, 9e9)) * time.Second }
