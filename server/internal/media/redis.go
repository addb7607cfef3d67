package media

import (
	"context"
	"crypto/tls"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// redisPatience is how long a command may take. LiveKit asks several in a row while a
// client waits to enter.
const redisPatience = time.Second

// openRedis connects to the Redis server by which nodes find each other.
func openRedis(c *Redis) (redis.UniversalClient, error) {
	opts := &redis.Options{
		Addr: c.Address, Username: c.Username, Password: c.Password,
		DialTimeout: redisPatience, ReadTimeout: redisPatience, WriteTimeout: redisPatience,
		ContextTimeoutEnabled: true, DialerRetries: 1, MaxRetries: 1,
	}
	if c.TLS {
		opts.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: c.Roots}
	}
	client := redis.NewClient(opts)
	if err := client.Ping(context.Background()).Err(); err != nil {
		_ = client.Close()
		return nil, fmt.Errorf("redis: %w", err)
	}
	return client, nil
}

// reached returns an error if Redis does not answer. Without it no way to a room can be
// found, and LiveKit would look for one for half a minute.
func (e *Engine) reached(ctx context.Context) error {
	if e.lk.redis == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, redisPatience)
	defer cancel()
	return e.lk.redis.Ping(ctx).Err()
}
