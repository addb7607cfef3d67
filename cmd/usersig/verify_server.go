package main

import (
	"context"
	"encoding/json"
	"errors"

	"usersig"
	"usersig/internal/diagnose"
	"usersig/internal/remote"
)

// onServer lets a server decide. It knows more than a key says: what was revoked, and
// who is blocked.
func (c *verify) onServer(args []string) error {
	client, err := c.dial(&c.server)
	if err != nil {
		return err
	}
	token, err := c.token(args)
	if err != nil {
		return err
	}
	q := remote.Question{Token: token, UserID: c.user, Purpose: c.purpose.String(), Source: c.source}
	if c.room != (usersig.Room{}) {
		q.Room = &c.room
	}
	got, err := client.Verify(context.Background(), c.app, q)
	if err != nil {
		return err
	}
	v := got.Value
	switch {
	case c.explain:
		return c.explainServer(token, &v)
	case v.Refusal != nil:
		return v.Refusal
	case c.json:
		return c.printJSON(verdictOf(&v))
	}
	c.tellVerdict(verdictOf(&v))
	return nil
}

// verdictOf is a server's verdict in the form of our own.
func verdictOf(v *remote.Verdict) verdict {
	own := verdict{
		OK: v.OK, AppID: v.AppID, UserID: v.UserID, IssuedAt: v.IssuedAt, ExpiresAt: v.ExpiresAt,
		KeyID: v.KeyID, Grant: v.Grant, RoomChecked: v.RoomChecked, UserBuf: v.UserBuf,
	}
	own.Purpose, _ = parsePurpose(v.Purpose)
	own.Scheme = usersig.SchemeECDSA
	if v.Scheme == usersig.SchemeHMAC.String() {
		own.Scheme = usersig.SchemeHMAC
	}
	return own
}

// explainServer shows what the token says of itself, which is not verified, and then
// what the server says, which is all there is to go by.
func (c *verify) explainServer(token string, v *remote.Verdict) error {
	var refused error
	status := error(nil)
	if v.Refusal != nil {
		refused, status = v.Refusal, ended{exitRefused}
	}
	findings := c.findings(diagnose.Question{
		Token: token, AppID: c.app, UserID: c.user, Purpose: c.purpose, Now: c.at, Err: refused,
	})
	claims, err := usersig.Inspect(token)
	if err != nil {
		claims = nil
	}
	if c.json {
		return errors.Join(c.explainServerJSON(v, claims, findings), status)
	}
	if claims != nil {
		c.tell(c.say("the token says, unverified:\n", "凭证自称（未经校验）：\n") + table((&inspect{c.ui, c.at}).rows(claims)))
	}
	if v.Refusal != nil {
		c.tell(c.say("the server refuses it: ", "服务器拒绝：") + v.Refusal.Message + "\n")
		c.tell(c.say("remedy:  ", "处理：") + v.Refusal.Remedy + "\n")
	} else {
		c.tellVerdict(verdictOf(v))
	}
	for _, f := range findings {
		c.tell(c.say("finding: ", "发现：") + f.Text + "\n")
	}
	return status
}

func (c *verify) explainServerJSON(v *remote.Verdict, claims *usersig.Inspection, findings []finding) error {
	var claimed json.RawMessage
	if claims != nil {
		text, err := json.Marshal(claims)
		if err != nil {
			return err
		}
		claimed = text
	}
	if v.Refusal == nil {
		return c.printJSON(struct {
			verdict
			Claimed  json.RawMessage `json:"claimed,omitempty"`
			Findings []finding       `json:"findings"`
		}{verdictOf(v), claimed, findings})
	}
	return c.printJSON(struct {
		usersig.Refusal
		Claimed  json.RawMessage `json:"claimed,omitempty"`
		Findings []finding       `json:"findings"`
	}{*v.Refusal, claimed, findings})
}
