package main

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"usersig"
	"usersig/internal/diagnose"
)

const inspectLong = `Show what a token says about itself, without any key. Nothing is verified: anybody
can write a token that says anything. Use verify before believing one.

TOKEN is an argument; without one, or with "-", it is standard input.`

const inspectExample = `  usersig keygen --dir keys
  usersig sign --app 1400000000 --user alice --key keys/private_key --room-name lobby > room.sig
  usersig inspect < room.sig
  usersig inspect --json < room.sig`

type inspect struct {
	*ui
	at time.Time
}

func newInspect(u *ui) *cobra.Command {
	c := &inspect{ui: u}
	cmd := &cobra.Command{
		Use:               "inspect [flags] [TOKEN]",
		Short:             "Show what a token says, unverified",
		Long:              inspectLong,
		Example:           inspectExample,
		Args:              atMost(1),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE:              c.run,
	}
	atFlag(cmd, &c.at, "instant that the expiry is compared with")
	return cmd
}

func (c *inspect) run(_ *cobra.Command, args []string) error {
	token, err := c.token(args)
	if err != nil {
		return err
	}
	i, err := usersig.Inspect(token)
	if refusal := asRefusal(err); refusal != nil {
		c.refuse(*refusal)
		if !c.json {
			for _, f := range c.findings(diagnose.Question{Token: token, Now: c.now(c.at), Err: err}) {
				c.hint("%s", f.Text)
			}
		}
		return ended{exitRefused}
	}
	if err != nil {
		return err
	}
	if c.json {
		return c.printJSON(i)
	}
	c.tell(table(c.rows(i)))
	c.tell(c.say("nothing above was verified: check the token with usersig verify before believing it\n",
		"以上内容均未经校验：采信之前请用 usersig verify 校验\n"))
	return nil
}

func (c *inspect) rows(i *usersig.Inspection) [][2]string {
	rows := [][2]string{
		{c.say("purpose", "用途"), c.noun(i.Purpose)},
		{c.say("application", "应用"), strconv.FormatUint(uint64(i.AppID), 10)},
		{c.say("user", "用户"), show(i.UserID)},
		{c.say("issued", "签发"), instant(i.IssuedAt)},
		{c.say("expires", "过期"), fmt.Sprintf(c.say("%s (%s; lifetime %s)", "%s（%s；有效期 %s）"),
			instant(i.ExpiresAt), c.untilExpiry(i.ExpiresAt, c.now(c.at)), formatTTL(i.TTL))},
	}
	if i.Grant != nil {
		rows = append(rows,
			[2]string{c.say("room", "房间"), i.Grant.Room.String()},
			[2]string{c.say("allows", "权限"), i.Grant.Allow.String()})
	} else if i.UserBuf != nil {
		rows = append(rows, [2]string{"userbuf", c.bytes(i.UserBuf)})
	}
	rows = append(rows, [2]string{c.say("signature", "签名"), fmt.Sprintf(c.say("%s, v%d, %d bytes, %s", "%s，v%d，%d 字节，%s"),
		i.Scheme, i.Scheme, len(i.Signature), c.packing(i))})
	if len(i.Unsigned) > 0 {
		rows = append(rows, [2]string{c.say("unsigned", "未签名字段"), names(i.Unsigned)})
	}
	return rows
}

// bytes shows a user buffer.
func (u *ui) bytes(b []byte) string {
	text := base64.StdEncoding.EncodeToString(b)
	switch len(b) {
	case 0:
		return u.say("empty", "空")
	case 1:
		return u.say("1 byte: ", "1 字节：") + text
	default:
		return strconv.Itoa(len(b)) + u.say(" bytes: ", " 字节：") + text
	}
}

// names lists names of fields, which whoever made the token chose.
func names(list []string) string {
	shown := make([]string, len(list))
	for i, name := range list {
		shown[i] = show(name)
	}
	return strings.Join(shown, ", ")
}
