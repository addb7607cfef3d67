package media

import (
	"errors"
	"maps"
	"sync"
	"time"

	"usersig/server/internal/gate"
)

// errLied is why they have to leave.
var errLied = errors.New("the user sent what is not what they said it was")

// outside is how long a user who sent what is not what they said it was stays out of the
// room: without it they would be back at once, and the others see it every time.
const outside = time.Minute

// liars are the users who have to stay out of a room on this node, and until when. The
// zero value is empty.
type liars struct {
	mu    sync.Mutex
	until map[string]time.Time // by a seat's key; guarded by mu
}

// add keeps a user out from now on. It reports false if they are out already.
func (l *liars) add(key string, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	maps.DeleteFunc(l.until, func(_ string, t time.Time) bool { return !now.Before(t) })
	_, out := l.until[key]
	if l.until == nil {
		l.until = make(map[string]time.Time)
	}
	l.until[key] = now.Add(outside)
	return !out
}

// out reports whether a user has to stay out.
func (l *liars) out(key string, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return now.Before(l.until[key])
}

// expel ends a session whose user sent what is not what they said it was.
func (e *Engine) expel(s *seat) {
	if e.liars.add(s.key(), e.clock()) {
		e.gate.Expelled(gate.Lied)
	}
	s.Evict(errLied)
}
