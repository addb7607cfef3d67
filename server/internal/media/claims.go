package media

import (
	"context"
	"time"
)

// claims begins the names under which nodes say that they watch over a stream of another
// engine.
const claims = "usersig:stream:"

// Claim says to other nodes, for as long as ttl, that this one watches over streams of
// another engine. It needs Redis, as Claimed does.
func (e *Engine) Claim(ctx context.Context, ids []string, ttl time.Duration) error {
	if len(ids) == 0 {
		return nil
	}
	pipe := e.lk.redis.Pipeline()
	for _, id := range ids {
		pipe.Set(ctx, claims+id, "", ttl)
	}
	_, err := pipe.Exec(ctx)
	return err
}

// Claimed returns those of the streams that some node watches over.
func (e *Engine) Claimed(ctx context.Context, ids []string) (map[string]bool, error) {
	if len(ids) == 0 {
		return nil, nil //nolint:nilnil // none
	}
	names := make([]string, 0, len(ids))
	for _, id := range ids {
		names = append(names, claims+id)
	}
	found, err := e.lk.redis.MGet(ctx, names...).Result()
	if err != nil {
		return nil, err
	}
	claimed := map[string]bool{}
	for i, id := range ids {
		claimed[id] = found[i] != nil
	}
	return claimed, nil
}
