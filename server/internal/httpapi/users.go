package httpapi

import (
	"context"
	"time"
)

type ofUser struct {
	OfApp
	UserID string `path:"userid" minLength:"1" maxLength:"255" doc:"The user ID, URL-encoded"`
}

type revocation struct {
	UserID    string    `json:"userid"`
	RevokedTo time.Time `json:"revoked_to" doc:"Tokens issued up to this second, and in it, are void. The reply comes when it is over: what is issued from now on works"`
}

func (s *server) revoke(ctx context.Context, in *ofUser) (*body[revocation], error) {
	to, err := s.svc.Revoke(ctx, callOf(ctx).caller, in.App, in.UserID)
	if err != nil {
		return nil, err
	}
	return says(revocation{in.UserID, to})
}

type blockWish struct {
	Until time.Time `json:"until" doc:"When the block ends, in the year 9999 at the latest"`
}

type blockIn struct {
	OfApp
	UserID string `path:"userid" minLength:"1" maxLength:"255" doc:"The user ID, URL-encoded"`
	Body   blockWish
}

type blockView struct {
	UserID       string    `json:"userid"`
	BlockedUntil time.Time `json:"blocked_until"`
}

func (s *server) block(ctx context.Context, in *blockIn) (*body[blockView], error) {
	if err := s.svc.Block(ctx, callOf(ctx).caller, in.App, in.UserID, in.Body.Until); err != nil {
		return nil, err
	}
	return says(blockView{in.UserID, in.Body.Until.UTC()})
}

func (s *server) unblock(ctx context.Context, in *ofUser) (*nothing, error) {
	return done(s.svc.Unblock(ctx, callOf(ctx).caller, in.App, in.UserID))
}
