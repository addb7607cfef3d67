package main

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"usersig"
)

const verifyLong = `Check a token: that it can be decoded, was made for this application, was signed by
one of the keys, serves this purpose, is for this user and is in date. The first
check that fails decides; --explain shows them all and says what to do.

A UserSig, a PrivateMapKey and a token with a user buffer never pass for each other:
--purpose says which is wanted. TOKEN is an argument; without one, or with "-", it is
standard input.

With --server a usersigd decides, which knows the keys and also whether the user's tokens
were revoked or the user is blocked. Say by --source where the user's request came from:
after ten failed checks in a minute the server locks that user out from there for a minute
(70050), and only there. --explain then shows what the token says of itself, and why the
server refuses it.`

const verifyExample = `  usersig keygen --dir keys
  usersig sign --app 1400000000 --user alice --key keys/private_key > alice.sig
  usersig verify --app 1400000000 --user alice --key keys/public_key < alice.sig

  # why is this one refused?
  usersig verify --explain --app 1400000000 --user bob --key keys/public_key < alice.sig   # exit status 1

  # a PrivateMapKey
  usersig sign --app 1400000000 --user alice --key keys/private_key --room 1001 > room.sig
  usersig verify --app 1400000000 --user alice --key keys/public_key --room 1001 --json < room.sig

  # while keys change: the new one and the old one
  usersig keygen --dir new
  usersig verify --app 1400000000 --user alice --key new/public_key --key keys/public_key < alice.sig

  # a server decides, who knows what was revoked
  usersig sign --server https://usersig.example.com --token api.key --app 1400000000 --user alice > server.sig
  usersig verify --server https://usersig.example.com --token api.key --app 1400000000 --user alice < server.sig`

type verify struct {
	*ui
	app      uint32
	user     string
	keyFiles []string
	keys     []usersig.VerifyingKey
	at       time.Time
	leeway   time.Duration
	purpose  usersig.Purpose
	room     usersig.Room
	anyRoom  bool // the room is the token's own, not one that was asked for
	explain  bool
	source   string // where the user's request came from
	server   serverFlags
	remote   bool // a server decides
}

func newVerify(u *ui) *cobra.Command {
	c := &verify{ui: u}
	cmd := &cobra.Command{
		Use:               "verify --app N --user ID (--key FILE | --server URL) [flags] [TOKEN]",
		Short:             "Check a token, and explain why it is refused",
		Long:              verifyLong,
		Example:           verifyExample,
		Args:              atMost(1),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE:              c.run,
	}
	f := cmd.Flags()
	appFlag(cmd, &c.app)
	userFlag(cmd, &c.user)
	addFlag(f, &c.keyFiles, "key", "FILE", "public key or SECRETKEY"+keyUsage+"; up to 8 times", func(name string) ([]string, error) {
		return append(c.keyFiles, name), nil
	}).many = true
	atFlag(cmd, &c.at, "time of the check")
	addDefault(f, &c.leeway, "leeway", "D", "how far clocks may differ; 0 for not at all", "1m", parseTTL)
	addDefault(f, &c.purpose, "purpose", "PURPOSE", "usersig, privatemapkey or userbuf; with a room it is privatemapkey", "usersig", parsePurpose)
	addFlag(f, &c.room.ID, "room", "N", "number of the room that a PrivateMapKey must be for", parseRoomID)
	addFlag(f, &c.room.Name, "room-name", "S", "name of the room that a PrivateMapKey must be for", parseRoomName)
	f.BoolVar(&c.explain, "explain", false, "show every check in order, and recognise common mistakes")
	addFlag(f, &c.source, "source", "ADDRESS", "where the user's request came from, for a server, which counts failed checks by it", parseAddress)
	c.server.define(cmd)
	values(cmd, "purpose", "usersig", "privatemapkey", "userbuf")
	return cmd
}

func (c *verify) run(cmd *cobra.Command, args []string) error {
	if err := c.settle(cmd, args); err != nil {
		return err
	}
	if c.remote {
		return c.onServer(args)
	}
	verifier, err := c.verifier(c.keys)
	if err != nil {
		return misuse("%w", bare{err}) // the same key twice
	}
	token, err := c.token(args)
	if err != nil {
		return err
	}
	if c.anyRoom {
		// An unchecked value, but it only says what to compare the token's room
		// with, and the answer says that the room was not checked.
		if i, err := usersig.Inspect(token); err == nil && i.Grant != nil {
			c.room = i.Grant.Room
		}
	}
	who, err := c.check(verifier, token)
	switch {
	case c.explain:
		return c.explainTo(token, who, err)
	case err != nil:
		return err
	case c.json:
		return c.printJSON(c.verdict(who))
	}
	c.tellVerdict(c.verdict(who))
	return nil
}

func (c *verify) tellVerdict(v verdict) { c.tell(c.headline(v) + "\n" + table(c.facts(v))) }

// settle finds out what is to be checked, and reads the keys.
func (c *verify) settle(cmd *cobra.Command, args []string) (err error) {
	given := cmd.Flags().Changed
	if c.remote, err = c.remotely(cmd, &c.server, "at", "leeway"); err != nil {
		return err
	}
	if err := needsHere(cmd, c.remote, "app", "user"); err != nil {
		return err
	}
	if c.source != "" && !c.remote {
		return misuse("--source goes with --server only").hint("a key counts no failed checks: leave it out, or name the server")
	}
	inRoom := given("room") || given("room-name")
	if inRoom && !given("purpose") {
		c.purpose = usersig.PrivateMapKey
	}
	switch {
	case given("room") && given("room-name"):
		return twoRooms()
	case inRoom && c.purpose != usersig.PrivateMapKey:
		return misuse("a room goes with --purpose privatemapkey only").
			hint("leave out the room, or --purpose: with a room a PrivateMapKey is wanted anyway")
	case len(c.keyFiles) > usersig.MaxKeys:
		return misuse("%d keys were given, the most is %d", len(c.keyFiles), usersig.MaxKeys).
			hint("leave out the keys whose tokens have all expired")
	}
	c.anyRoom = c.purpose == usersig.PrivateMapKey && !inRoom
	if c.at.IsZero() {
		c.at = c.clock() // one instant for the check and for what is said about it
	}
	if c.remote {
		return c.oneStdin(&c.server, fromInput(args))
	}
	return c.readKeys(args)
}

func (c *verify) readKeys(args []string) error {
	if err := oneFromInput(sentence("the token"), fromInput(args), c.keyFiles...); err != nil {
		return err
	}
	for _, name := range c.keyFiles {
		key, err := c.verifyingKey(name)
		if err != nil {
			return err
		}
		c.keys = append(c.keys, key)
	}
	return nil
}

func (c *verify) verifier(keys []usersig.VerifyingKey) (*usersig.Verifier, error) {
	leeway := c.leeway
	if leeway < time.Second {
		leeway = -1 // none; 0 would mean the default
	}
	return usersig.NewVerifier(c.app, keys, &usersig.VerifierOptions{
		Clock: func() time.Time { return c.at }, Leeway: leeway,
	})
}

func (c *verify) check(v *usersig.Verifier, token string) (usersig.Verified, error) {
	ctx := context.Background() // nothing here waits
	switch c.purpose {
	case usersig.PrivateMapKey:
		return v.VerifyPrivateMapKey(ctx, token, c.user, c.room)
	case usersig.UserBuf:
		return v.VerifyUserBuf(ctx, token, c.user)
	default:
		return v.Verify(ctx, token, c.user)
	}
}

// verdict is verify's JSON for a token that is good.
type verdict struct {
	OK          bool            `json:"ok"`
	AppID       uint32          `json:"sdkappid"`
	UserID      string          `json:"userid"`
	IssuedAt    time.Time       `json:"issued_at"`
	ExpiresAt   time.Time       `json:"expires_at"`
	Scheme      usersig.Scheme  `json:"scheme"`
	KeyID       string          `json:"key_id"`
	Purpose     usersig.Purpose `json:"purpose"`
	Grant       *usersig.Grant  `json:"grant,omitempty"`
	RoomChecked *bool           `json:"room_checked,omitempty"` // beside a grant
	UserBuf     *[]byte         `json:"userbuf,omitempty"`      // present even if it is empty
}

func (c *verify) verdict(who usersig.Verified) verdict {
	v := verdict{
		OK: true, AppID: who.AppID(), UserID: who.UserID(),
		IssuedAt: who.IssuedAt(), ExpiresAt: who.ExpiresAt(),
		Scheme: who.Scheme(), KeyID: who.KeyID(), Purpose: who.Purpose(),
	}
	if grant, err := who.Grant(); err == nil {
		v.Grant, v.RoomChecked = &grant, new(!c.anyRoom)
	} else if buf := who.UserBuf(); buf != nil {
		v.UserBuf = &buf
	}
	return v
}

func (c *verify) headline(v verdict) string {
	app := strconv.FormatUint(uint64(v.AppID), 10)
	noun := c.noun(v.Purpose)
	return c.say("valid: "+noun+" of "+show(v.UserID)+" for application "+app,
		"有效："+noun+"，用户 "+show(v.UserID)+"，应用 "+app)
}

// noun returns the name of a purpose for people.
func (u *ui) noun(p usersig.Purpose) string {
	switch p {
	case usersig.UserSig:
		return "UserSig"
	case usersig.PrivateMapKey:
		return "PrivateMapKey"
	default:
		return u.say("token with a user buffer", "带 userbuf 的凭证")
	}
}

func (c *verify) facts(v verdict) [][2]string {
	rows := [][2]string{
		{c.say("issued", "签发"), instant(v.IssuedAt)},
		{c.say("expires", "过期"), instant(v.ExpiresAt) + c.say(" (", "（") + c.untilExpiry(v.ExpiresAt, c.at) + c.say(")", "）")},
		{c.say("key", "密钥"), show(v.KeyID) + " (" + v.Scheme.String() + ")"},
	}
	if v.Grant != nil {
		return append(rows,
			[2]string{c.say("room", "房间"), v.Grant.Room.String() + c.roomNote()},
			[2]string{c.say("allows", "权限"), v.Grant.Allow.String()})
	}
	if v.UserBuf != nil {
		rows = append(rows, [2]string{"userbuf", c.bytes(*v.UserBuf)})
	}
	return rows
}

func (c *verify) roomNote() string {
	if !c.anyRoom {
		return ""
	}
	return c.say(" (not checked: name the room you want with --room or --room-name)", "（未校验：请用 --room 或 --room-name 指定房间）")
}

// asRefusal returns the refusal that err is, or nil.
func asRefusal(err error) *usersig.Refusal {
	if r, ok := errors.AsType[*usersig.Refusal](err); ok {
		return r
	}
	return nil
}
