package media

import (
	"cmp"
	"context"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/livekit/livekit-server/pkg/rtc/types"
	"github.com/livekit/protocol/livekit"
)

// A wave is how many users begin anew at once when their node ends, unless so few would
// take more than half of the time there is. Few, because each is work for another
// node: see Drain.
const (
	wave      = 25
	waveEvery = 100 * time.Millisecond
	everybody = math.MaxInt
)

// Drain has the users of this node begin anew on others, until nobody is left or ctx
// ends. They go in waves, the users of a room together: another node has to do with each
// what takes it some hundredths of a second. From the first wave on, no room is placed
// here.
//
// A node that is alone has nowhere to send them, and keeps them until Close.
func (e *Engine) Drain(ctx context.Context) {
	if e.lk.redis == nil {
		return
	}
	e.retire()
	size := wave
	if end, ok := ctx.Deadline(); ok {
		waves := time.Until(end) / 2 / waveEvery
		size = max(size, len(e.guests())/max(1, int(waves))+1)
	}
	tick := time.NewTicker(waveEvery)
	defer tick.Stop()
	for e.sendAway(size) > 0 {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// retire ends what would put this node back among those that rooms are placed on.
func (e *Engine) retire() {
	e.stop()
	e.done.Wait()
	if err := e.lk.retire(); err != nil {
		e.log.Warn("other nodes were not told that this one ends", "err", err)
	}
}

// guest is what ties somebody to this node: a session, or a connection to another node's.
type guest struct {
	room livekit.RoomName
	away func()
}

// guests returns all there are, those of a room one after the other.
func (e *Engine) guests() (all []guest) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, s := range e.seats {
		if _, party := s.at(); party != nil {
			all = append(all, guest{s.name, func() { comeAnew(party) }})
		}
	}
	for b, name := range e.calls {
		all = append(all, guest{name, func() { b.end() }})
	}
	slices.SortFunc(all, func(a, b guest) int { return cmp.Compare(a.room, b.room) })
	return all
}

// sendAway has some begin anew elsewhere, and returns how many there were.
func (e *Engine) sendAway(most int) int {
	all := e.guests()
	var gone sync.WaitGroup
	for _, g := range all[:min(most, len(all))] {
		gone.Go(g.away) // at the same time: each may wait for Redis
	}
	gone.Wait()
	return len(all)
}

// comeAnew ends a session in such a way that the client begins a new one. It is not told
// to: LiveKit's SDK for Go forgets then what it was sending. Without a connection it tries
// to come back to the session, which is not there any more.
func comeAnew(party types.LocalParticipant) {
	party.CloseSignalConnection(types.SignallingCloseReasonMigration)
	_ = party.Close(false, types.ParticipantCloseReasonMigrationRequested, false)
}
