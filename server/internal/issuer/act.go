package issuer

import (
	"context"

	"usersig/server/internal/access"
)

// Act has somebody else do something about an application that is not a matter of
// tokens, such as emptying a room: it admits and records, and then act acts. What act
// returns is recorded as the reason why it was not possible.
func (s *Service) Act(ctx context.Context, c access.Caller, a access.Action, app uint32, subject, detail string, act func(ctx context.Context) error) error {
	e := s.entry(c, a, app, subject)
	e.Detail = cut(detail)
	if err := s.admit(ctx, c, e); err != nil {
		return err
	}
	err := s.fresh()
	if err == nil {
		_, err = s.member(app)
	}
	if err == nil {
		err = act(ctx)
	}
	if err != nil {
		return s.refuse(ctx, e, err)
	}
	return s.insist(ctx, e)
}

// Look is Act for what changes nothing: only denials are recorded.
func (s *Service) Look(ctx context.Context, c access.Caller, a access.Action, app uint32) error {
	if err := s.read(ctx, c, a, app); err != nil {
		return err
	}
	_, err := s.member(app)
	return err
}
