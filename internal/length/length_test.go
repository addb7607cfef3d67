package length_test

import (
	"math"
	"testing"

	"usersig/internal/length"
)

func TestOf(t *testing.T) {
	for n, want := range map[int64][2]string{
		0:                 {"0s", "0s"},
		61:                {"1m1s", "1m1s"},
		25 * 3600:         {"25h0m0s", "25h0m0s"},
		2 * 86400:         {"2 days", "2 天"},
		3*86400 + 7200:    {"3 days and 2h", "3 天 2 小时"},
		180 * 86400:       {"180 days", "180 天"},
		57_000 * 31536000: {"57000 years", "57000 年"},
		math.MaxInt64:     {"292471208677 years", "292471208677 年"},
	} {
		if en, zh := length.Of(n); en != want[0] || zh != want[1] {
			t.Errorf("Of(%d) = %q, %q, want %q", n, en, zh, want)
		}
	}
}
