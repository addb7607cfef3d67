package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"usersig"
	"usersig/internal/diagnose"
)

// step is one of the checks and how it ended.
type step struct {
	Check   string `json:"check"`
	Outcome string `json:"outcome"` // passed, failed or not_reached
	Found   string `json:"found"`
}

const (
	passed     = "passed"
	failed     = "failed"
	notReached = "not_reached"
)

var marks = map[string]string{passed: "✓", failed: "✗", notReached: "–"}

// checkNames are the checks in the order in which they are made, with their names
// in Chinese.
var checkNames = [...]struct{ id, zh string }{
	{"decode", "解码"}, {"app", "应用"}, {"key", "密钥"}, {"signature", "签名"},
	{"purpose", "用途"}, {"user", "用户"}, {"time", "时间"}, {"grant", "房间权限"},
}

// finding is a mistake that was recognised.
type finding struct {
	ID   string `json:"id"`
	Text string `json:"text"`
}

// explainTo prints all the checks, the verdict, the remedy and the findings. All of it
// is what was asked for, so all of it goes to standard output.
func (c *verify) explainTo(token string, who usersig.Verified, err error) error {
	refusal := asRefusal(err)
	if err != nil && refusal == nil {
		return err
	}
	steps := c.steps(token, refusal)
	findings := c.findings(diagnose.Question{
		Token: token, AppID: c.app, UserID: c.user, Keys: c.keys, Purpose: c.purpose, Now: c.at, Err: err,
	})
	status := error(nil)
	if refusal != nil {
		status = ended{exitRefused}
	}
	if c.json {
		return errors.Join(c.explainJSON(who, refusal, steps, findings), status)
	}
	c.tell(c.stepTable(steps))
	if refusal != nil {
		r := refusal.In(c.lang())
		c.tell(fmt.Sprintf("%s%s (%d, TRTC %d)\n", c.say("refused: ", "拒绝："), r.Message, r.Code, r.TRTC))
		c.tell(c.say("remedy:  ", "处理：") + r.Remedy + "\n")
	} else {
		c.tell(c.headline(c.verdict(who)) + "\n")
	}
	for _, f := range findings {
		c.tell(c.say("finding: ", "发现：") + f.Text + "\n")
	}
	return status
}

func (c *verify) explainJSON(who usersig.Verified, refusal *usersig.Refusal, steps []step, findings []finding) error {
	if refusal == nil {
		return c.printJSON(struct {
			verdict
			Checks   []step    `json:"checks"`
			Findings []finding `json:"findings"`
		}{c.verdict(who), steps, findings})
	}
	return c.printJSON(struct {
		usersig.Refusal
		Checks   []step    `json:"checks"`
		Findings []finding `json:"findings"`
	}{*refusal, steps, findings})
}

// findings asks which common mistakes can be recognised.
func (u *ui) findings(q diagnose.Question) []finding {
	found := []finding{}
	for _, f := range diagnose.Token(q) {
		found = append(found, finding{f.ID, f.In(u.lang())})
	}
	return found
}

// steps returns the checks: passed up to the one that failed, and not reached after.
func (c *verify) steps(token string, refusal *usersig.Refusal) []step {
	claimed, err := usersig.Inspect(token)
	if err != nil {
		claimed = nil
	}
	outcome := passed
	var steps []step
	for _, check := range checkNames {
		if check.id == "grant" && c.purpose != usersig.PrivateMapKey {
			continue
		}
		s := step{Check: check.id, Outcome: outcome}
		switch {
		case refusal != nil && refusal.Check == check.id:
			s.Outcome, s.Found = failed, refusal.In(c.lang()).Message
			outcome = notReached
		case outcome == passed:
			s.Found = c.found(check.id, token, claimed)
		default:
			s.Found = c.claim(check.id, token, claimed)
		}
		steps = append(steps, s)
	}
	return steps
}

// claim says what the token says about a check that was not reached. It may be a lie.
func (c *verify) claim(check, token string, claimed *usersig.Inspection) string {
	text := ""
	switch {
	case claimed == nil:
	case check == "time":
		text = c.times(claimed)
	case check == "purpose" || check == "user" || check == "grant" && claimed.Grant != nil:
		text = c.found(check, token, claimed)
	}
	if text == "" {
		return c.say("not reached", "未检查")
	}
	return c.say("not reached; the token says: ", "未检查；凭证自称：") + text
}

// found says what there was at a check.
func (c *verify) found(check, token string, t *usersig.Inspection) string {
	switch check {
	case "decode":
		n := utf8.RuneCountInString(token)
		return fmt.Sprintf(c.say("%d characters, %s", "%d 个字符，%s"), n, c.packing(t))
	case "app":
		return strconv.FormatUint(uint64(t.AppID), 10)
	case "key":
		return c.candidates(t.Scheme)
	case "signature":
		return c.say("by key ", "密钥 ") + c.signedBy(token)
	case "purpose":
		return c.noun(t.Purpose)
	case "user":
		return show(t.UserID)
	case "time":
		return c.times(t) + fmt.Sprintf(c.say(", checked at %s with %s of leeway", "，校验于 %s，容差 %s"), instant(c.at), formatTTL(c.leeway))
	case "grant":
		return c.grant(t.Grant)
	}
	return ""
}

func (u *ui) times(t *usersig.Inspection) string {
	return fmt.Sprintf(u.say("issued %s, expires %s", "签发 %s，过期 %s"), instant(t.IssuedAt), instant(t.ExpiresAt))
}

func (u *ui) packing(t *usersig.Inspection) string {
	if t.Compressed {
		return u.say("compressed", "已压缩")
	}
	return u.say("not compressed", "未压缩")
}

func (c *verify) grant(g *usersig.Grant) string {
	return c.say("room ", "房间 ") + g.Room.String() + c.roomNote() + c.say(", allows ", "，权限 ") + g.Allow.String()
}

// candidates lists the keys that a token of this scheme is tried with.
func (c *verify) candidates(scheme usersig.Scheme) string {
	var ids []string
	for _, k := range c.keys {
		switch k := k.(type) {
		case *usersig.PublicKey:
			if scheme == usersig.SchemeECDSA {
				ids = append(ids, c.say("public key ", "公钥 ")+k.ID()+" ("+k.Curve().String()+")")
			}
		case *usersig.Secret:
			if scheme == usersig.SchemeHMAC {
				ids = append(ids, "SECRETKEY "+k.ID())
			}
		}
	}
	return strings.Join(ids, c.say(", ", "，"))
}

// signedBy returns the ID of the key that signed a token whose signature is good. The
// library says so only of tokens that pass every check.
func (c *verify) signedBy(token string) string {
	for _, k := range c.keys {
		v, err := c.verifier([]usersig.VerifyingKey{k})
		if err != nil {
			continue
		}
		_, err = c.check(v, token)
		if !errors.Is(err, usersig.ErrSignature) && !errors.Is(err, usersig.ErrNoKey) {
			return k.ID()
		}
	}
	return ""
}

func (c *verify) stepTable(steps []step) string {
	names := make(map[string]string)
	for _, n := range checkNames {
		names[n.id] = c.say(n.id, n.zh)
	}
	rows := make([][2]string, len(steps))
	for i, s := range steps {
		rows[i] = [2]string{marks[s.Outcome] + " " + names[s.Check], s.Found}
	}
	return table(rows)
}
