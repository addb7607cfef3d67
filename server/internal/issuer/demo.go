package issuer

import (
	"context"
	"fmt"
	"time"

	"usersig"
	"usersig/democonfig"
	"usersig/server/internal/access"
)

// DemoConfig issues UserSigs for the users of a demo config.
func (s *Service) DemoConfig(ctx context.Context, c access.Caller, app uint32, platform string, users int, ttl time.Duration) (democonfig.Config, error) {
	e := s.entry(c, access.IssueDemo, app, "")
	e.Detail = fmt.Sprintf("%.16s: %d users", cut(platform), users)
	if err := s.admit(ctx, c, e); err != nil {
		return democonfig.Config{}, err
	}
	m, config, err := s.signDemo(ctx, app, platform, users, ttl)
	if err != nil {
		return democonfig.Config{}, s.refuse(ctx, e, err)
	}
	for _, u := range config.Users {
		if !m.mayIssue(c, u.UserID) {
			e.Subject = u.UserID
			return democonfig.Config{}, s.deny(ctx, c, e)
		}
	}
	e.Detail = platform + ": " + config.Users[0].UserID
	if n := len(config.Users); n > 1 {
		e.Detail += "…" + config.Users[n-1].UserID
	}
	if err := s.record(ctx, e); err != nil {
		return democonfig.Config{}, err
	}
	return config, nil
}

// signDemo makes the config, and makes it again if one of its users, who have their names
// by being in it, was revoked in this second.
func (s *Service) signDemo(ctx context.Context, app uint32, platform string, users int, ttl time.Duration) (*member, democonfig.Config, error) {
	var wishes []Wish
	for {
		m, at, err := s.signerFor(ctx, app, wishes)
		if err != nil {
			return nil, democonfig.Config{}, err
		}
		lives := ttl
		if lives == 0 {
			lives = min(usersig.DefaultMaxTTL, time.Duration(m.record.App.Settings.MaxTTL)*time.Second)
		}
		config, err := democonfig.New(m.compact, platform, users, lives, at)
		if err != nil || wishes != nil {
			return m, config, err
		}
		for _, u := range config.Users {
			wishes = append(wishes, Wish{UserID: u.UserID})
		}
		if _, to := m.revokedTo(wishes); to < at.Unix() {
			return m, config, nil
		}
	}
}
