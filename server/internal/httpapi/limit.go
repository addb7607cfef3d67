package httpapi

import (
	"container/list"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"usersig/server/internal/issuer"
)

// Limit is how often somebody may ask: PerSecond in the long run, and Burst at once.
// The zero Limit is none, where nothing else is said.
type Limit struct {
	PerSecond float64
	Burst     int
}

// mostBuckets bounds the memory that strangers can make the server use. The bucket
// that was not used for longest goes first, and it is the likeliest to be full again.
const mostBuckets = 1 << 16

// limiter keeps a bucket for each of those who ask. A nil limiter limits nobody.
type limiter struct {
	limit Limit

	mu    sync.Mutex
	order *list.List               // of *bucket, the last used first; guarded by mu
	all   map[string]*list.Element // guarded by mu
}

type bucket struct {
	who    string
	tokens *rate.Limiter
}

func newLimiter(limit Limit) *limiter {
	if limit.PerSecond <= 0 {
		return nil
	}
	return &limiter{limit: limit, order: list.New(), all: make(map[string]*list.Element)}
}

// take takes a token out of the bucket of who. If there is none, it returns how long
// it takes until there is.
func (l *limiter) take(who string, now time.Time) (wait time.Duration) {
	if l == nil {
		return 0
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	r := l.bucket(who).tokens.ReserveN(now, 1)
	if !r.OK() {
		return time.Second // a burst of nothing
	}
	if wait = r.DelayFrom(now); wait > 0 {
		r.CancelAt(now)
	}
	return wait
}

func (l *limiter) bucket(who string) *bucket {
	if e := l.all[who]; e != nil {
		l.order.MoveToFront(e)
		return e.Value.(*bucket)
	}
	if len(l.all) >= mostBuckets {
		oldest := l.order.Back()
		delete(l.all, oldest.Value.(*bucket).who)
		l.order.Remove(oldest)
	}
	b := &bucket{who, rate.NewLimiter(rate.Limit(l.limit.PerSecond), l.limit.Burst)}
	l.all[who] = l.order.PushFront(b)
	return b
}

// household is what of an address is limited: a subscriber with IPv6 has 2⁶⁴ addresses
// or more, and would have as many buckets.
func household(a netip.Addr) string { return issuer.Subscriber(a).String() }
