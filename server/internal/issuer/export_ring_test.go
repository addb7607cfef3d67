package issuer

import (
	"context"
	"maps"
	"slices"
	"time"
)

// Age is age, for a test of what the two clocks of a machine say.
func Age(last, now time.Time) time.Duration { return age(last, now) }

// Lock is lock, for a test of who waits for it.
func (s *Service) Lock(ctx context.Context) (unlock func(), err error) {
	return s.unlock, s.lock(ctx)
}

// Private returns the IDs of the keys whose private halves are in memory.
func (s *Service) Private(app uint32) (ids []string) {
	m := s.ring.Load().apps[app]
	for _, id := range slices.Sorted(maps.Keys(m.opened)) {
		if m.opened[id].private != nil {
			ids = append(ids, id)
		}
	}
	return ids
}
