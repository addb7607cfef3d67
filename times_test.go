package usersig_test

import (
	"math"
	"testing"
	"time"

	"usersig"
)

// TestExpiryIsInclusive looks at the exact second, in each scheme, for each leeway.
func TestExpiryIsInclusive(t *testing.T) {
	for name, c := range map[string]struct {
		option  time.Duration
		seconds int64
	}{
		"default": {0, 60}, "none": {-1, 0}, "custom": {5 * time.Minute, 300},
		"a second and a half": {1500 * time.Millisecond, 1}, "none by minutes": {-time.Hour, 0},
	} {
		for _, f := range forgers {
			t.Run(name+"/"+f.name, func(t *testing.T) {
				token := f.make().token()
				ask := func(now time.Time) (usersig.Verified, error) {
					v := verifierOf(t, &usersig.VerifierOptions{Clock: func() time.Time { return now }, Leeway: c.option})
					return v.Verify(t.Context(), token, "alice")
				}
				first := time.Unix(testTime-c.seconds, 0)
				last := time.Unix(testTime+testTTL+c.seconds, 0)
				for _, now := range []time.Time{first, time.Unix(testTime, 0), time.Unix(testTime+testTTL, 0), last, last.Add(time.Second - 1)} {
					if who, err := ask(now); err != nil || who.ExpiresAt().Unix() != testTime+testTTL || who.IssuedAt().Unix() != testTime {
						t.Errorf("at %v: %v, %v", now.Unix(), who.LogValue(), err)
					}
				}
				who, err := ask(first.Add(-time.Second))
				wantRefusal(t, who, err, usersig.ErrNotYetValid, "ahead of this clock")
				who, err = ask(first.Add(-1))
				wantRefusal(t, who, err, usersig.ErrNotYetValid, "ahead of this clock")
				who, err = ask(last.Add(time.Second))
				wantRefusal(t, who, err, usersig.ErrExpired, "it was valid until 2026-11-24T09:26:40Z")
			})
		}
	}
}

func TestMaxAge(t *testing.T) {
	const leeway = 60
	for _, f := range forgers {
		token := f.make().times(testTime, 10*365*testTTL).token()
		ask := func(now int64, most time.Duration) (usersig.Verified, error) {
			v := verifierOf(t, &usersig.VerifierOptions{Clock: at(now), MaxAge: most})
			return v.Verify(t.Context(), token, "alice")
		}
		if _, err := ask(testTime+3600+leeway, time.Hour); err != nil {
			t.Errorf("%s: as old as it may be: %v", f.name, err)
		}
		who, err := ask(testTime+3600+leeway+1, time.Hour)
		wantRefusal(t, who, err, usersig.ErrExpired, "it is older than this server allows")
		if _, err := ask(testTime+leeway+1, 1999*time.Millisecond); err != nil {
			t.Errorf("%s: a second and a bit: %v", f.name, err)
		}
		who, err = ask(testTime+leeway+2, 1999*time.Millisecond)
		wantRefusal(t, who, err, usersig.ErrExpired, "it is older than this server allows")
		if _, err := ask(testTime+9*365*testTTL, 0); err != nil {
			t.Errorf("%s: no MaxAge: %v", f.name, err)
		}
	}
}

// TestExpiryForEveryPurpose: PHP and Node verifiers never looked at the times.
func TestExpiryForEveryPurpose(t *testing.T) {
	v := verifierOf(t, &usersig.VerifierOptions{Clock: at(testTime + testTTL + 61)})
	early := verifierOf(t, &usersig.VerifierOptions{Clock: at(testTime - 61)})
	endless := testTicket
	endless.until = math.MaxUint32
	for _, f := range forgers {
		plain, buf, tk := f.make().token(), f.make().userBuf([]byte("x")).token(), f.make().userBuf(ticketOf(endless)).token()
		for name, call := range map[string]func(*usersig.Verifier) (usersig.Verified, error){
			"Verify":        func(v *usersig.Verifier) (usersig.Verified, error) { return v.Verify(t.Context(), plain, "alice") },
			"Authenticate":  func(v *usersig.Verifier) (usersig.Verified, error) { return v.Authenticate(t.Context(), plain) },
			"VerifyUserBuf": func(v *usersig.Verifier) (usersig.Verified, error) { return v.VerifyUserBuf(t.Context(), buf, "alice") },
			"VerifyPrivateMapKey": func(v *usersig.Verifier) (usersig.Verified, error) {
				return v.VerifyPrivateMapKey(t.Context(), tk, "alice", endless.room())
			},
		} {
			t.Run(f.name+"/"+name, func(t *testing.T) {
				who, err := call(v)
				wantRefusal(t, who, err, usersig.ErrExpired, "")
				who, err = call(early)
				wantRefusal(t, who, err, usersig.ErrNotYetValid, "1m1s ahead of this clock")
			})
		}
	}
}

// TestClockBefore1970: a machine without a battery starts in 1970, or earlier. No
// difference of times may wrap.
func TestClockBefore1970(t *testing.T) {
	for _, now := range []time.Time{{}, time.Unix(0, 0), time.Unix(-1<<40, 0)} {
		v := verifierOf(t, &usersig.VerifierOptions{Clock: func() time.Time { return now }, MaxAge: time.Hour})
		for _, f := range forgers {
			for _, c := range [][2]int64{{testTime, testTTL}, {math.MaxInt64 - 1, 1}, {math.MaxInt64 - 1e9, 1e9}, {1 << 62, 1 << 61}} {
				who, err := v.Verify(t.Context(), f.make().times(c[0], c[1]).token(), "alice")
				wantRefusal(t, who, err, usersig.ErrNotYetValid, "ahead of this clock")
			}
		}
	}
}
