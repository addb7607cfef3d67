//go:build !nomedia

package daemon

import (
	"fmt"
	"net/netip"

	"usersig/server/internal/config"
	"usersig/server/internal/media"
)

func (d *Daemon) openMedia(cfg *config.Config) (engine, error) {
	conf, err := mediaConfig(&cfg.Media)
	if err != nil {
		return nil, err
	}
	e, err := media.Open(conf, media.Options{
		Gate: d.gate, Clock: d.opts.Clock, Log: d.log, Origins: d.origins(), Let: d.let, Observe: d.metrics.Observe, Source: d.source,
	})
	if err != nil {
		return nil, err // not e, which would be an interface that is not nil
	}
	d.log.Info("media", "address", cfg.Media.Address, "udp_port", cfg.Media.UDPPort)
	return e, nil
}

func mediaConfig(m *config.Media) (media.Config, error) {
	address, err := netip.ParseAddr(m.Address)
	if err != nil {
		return media.Config{}, err
	}
	c := media.Config{
		Address: address, Bind: m.Bind, UDPPort: m.UDPPort, UDPEnd: m.UDPPortEnd, TCPPort: m.TCPPort, STUN: m.STUN,
		Relay:        media.RelayPorts{UDPPort: m.Relay.UDPPort, FirstPort: m.Relay.FirstPort, LastPort: m.Relay.LastPort},
		Redis:        media.Redis{Address: m.Redis.Address, Username: m.Redis.Username, TLS: m.Redis.TLS},
		EmptyTimeout: m.EmptyTimeout, MostUsers: m.MostUsers,
	}
	if m.Redis.PasswordFile != "" {
		secret, err := secretLine(m.Redis.PasswordFile)
		if err != nil {
			return media.Config{}, fmt.Errorf("redis.password_file: %w", err)
		}
		c.Redis.Password = string(secret)
	}
	if c.Redis.Roots, err = rootsOf("redis.root_file", m.Redis.RootFile); err != nil {
		return media.Config{}, err
	}
	c.TURN, err = relays(m.TURN)
	return c, err
}

// checkMedia returns what a start would stop at.
func checkMedia(m *config.Media) error {
	conf, err := mediaConfig(m)
	if err != nil {
		return err
	}
	return conf.Check()
}
