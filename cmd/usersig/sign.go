package main

import (
	"context"
	"encoding/base64"
	"time"

	"github.com/spf13/cobra"

	"usersig"
)

const signLong = `Sign a token for one user of an application and print it.

By itself it is a UserSig: it proves who the user is. With a room it is a
PrivateMapKey: it grants rights in that room and proves nothing else. With --userbuf
it carries bytes of your own. None of the three passes for another.

A room number and a room name are different rooms, even if they look alike. With
--allow none, or 0, the PrivateMapKey names the room and grants nothing in it, not
even to enter.

With --server a usersigd signs, with the key that it keeps for the application. Without
--ttl a UserSig then lives as long as the application allows, a PrivateMapKey a day.`

const signExample = `  usersig keygen --dir keys
  usersig sign --app 1400000000 --user alice --key keys/private_key --ttl 24h

  # a PrivateMapKey: alice may enter room 1001, listen and watch
  usersig sign --app 1400000000 --user alice --key keys/private_key --ttl 5m --room 1001 --allow audience

  # with a SECRETKEY the token is HMAC (v2)
  usersig keygen --secret --dir keys
  usersig sign --app 1400000000 --user alice --key keys/secret_key --json

  # a server signs: what a back end with an API key does
  usersig sign --server https://usersig.example.com --token api.key --app 1400000000 --user alice --ttl 24h`

type sign struct {
	*ui
	app      uint32
	user     string
	key      string
	ttl      time.Duration
	at       time.Time
	userBuf  []byte
	room     usersig.Room
	allow    usersig.Privilege
	compress bool
	server   serverFlags
}

func newSign(u *ui) *cobra.Command {
	c := &sign{ui: u}
	cmd := &cobra.Command{
		Use:     "sign --app N --user ID (--key FILE | --server URL) [flags]",
		Short:   "Sign a UserSig or a PrivateMapKey",
		Long:    signLong,
		Example: signExample,
		Args:    noArgs,
		RunE:    c.run,
	}
	f := cmd.Flags()
	appFlag(cmd, &c.app)
	userFlag(cmd, &c.user)
	keyFlag(cmd, &c.key, "private key or SECRETKEY")
	ttlFlag(cmd, &c.ttl)
	atFlag(cmd, &c.at, "time of issue")
	addFlag(f, &c.userBuf, "userbuf", "BASE64", "bytes of your own to carry", parseUserBuf)
	roomFlags(cmd, &c.room, "make a PrivateMapKey for the room ")
	addDefault(f, &c.allow, "allow", "RIGHTS",
		"what it allows: "+rights, "all", parseAllow)
	f.BoolVar(&c.compress, "compress", false, "make the token about a fifth shorter")
	c.server.define(cmd)
	if err := cmd.RegisterFlagCompletionFunc("allow", completeAllow); err != nil {
		panic(err) // there is no such flag
	}
	return cmd
}

func parseUserBuf(text string) ([]byte, error) {
	b, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil {
		return nil, misuse("not standard base64 with padding").hint("encode the bytes: openssl base64 -A -in FILE")
	}
	return append([]byte{}, b...), nil // empty is not nil: a user buffer may be empty
}

func (c *sign) run(cmd *cobra.Command, _ []string) error {
	remotely, err := c.remotely(cmd, &c.server, "userbuf", "at", "compress")
	if err != nil {
		return err
	}
	if err := needsHere(cmd, remotely, "app", "user"); err != nil {
		return err
	}
	claims, err := c.claims(cmd)
	switch {
	case err != nil:
		return err
	case remotely:
		return c.onServer(cmd, claims)
	}
	key, err := c.signingKey(c.key)
	if err != nil {
		return err
	}
	signer, err := usersig.NewSigner(c.app, key, &usersig.SignerOptions{
		Clock: c.clock, MaxTTL: usersig.LongestTTL, Compress: c.compress,
	})
	if err != nil {
		return err
	}
	token, err := signer.Sign(claims)
	if err != nil {
		return err
	}
	return c.hand(claims, token, key.ID())
}

// hand prints a token, and says what may be wrong with it.
func (c *sign) hand(claims usersig.Claims, token, keyID string) error {
	c.warnAboutUser(c.user)
	if claims.Grant != nil && claims.Grant.Allow == 0 {
		c.warn("this PrivateMapKey allows nothing: with --allow none no right is granted, not even to enter")
	}
	if !c.json {
		c.print(token + "\n")
		return nil
	}
	return c.printSigned(token, keyID)
}

// onServer lets a server sign.
func (c *sign) onServer(cmd *cobra.Command, claims usersig.Claims) error {
	ttl, err := wholeSeconds(cmd, c.ttl)
	if err != nil {
		return err
	}
	client, err := c.dial(&c.server)
	if err != nil {
		return err
	}
	ctx := context.Background()
	if claims.Grant == nil {
		made, err := client.IssueUserSig(ctx, c.app, c.user, ttl)
		if err != nil {
			return err
		}
		return c.hand(claims, made.Value.UserSig, made.Value.KeyID)
	}
	made, err := client.IssuePrivateMapKey(ctx, c.app, c.user, ttl, *claims.Grant)
	if err != nil {
		return err
	}
	return c.hand(claims, made.Value.PrivateMapKey, made.Value.KeyID)
}

// claims is what the flags ask for.
func (c *sign) claims(cmd *cobra.Command) (usersig.Claims, error) {
	given := cmd.Flags().Changed
	claims := usersig.Claims{UserID: c.user, TTL: c.ttl, IssuedAt: c.at, UserBuf: c.userBuf}
	inRoom := given("room") || given("room-name")
	switch {
	case given("room") && given("room-name"):
		return usersig.Claims{}, twoRooms()
	case inRoom && given("userbuf"):
		return usersig.Claims{}, misuse("--userbuf and a room exclude each other: a PrivateMapKey has no room for other bytes").
			hint("sign two tokens: one with the room, one with --userbuf")
	case given("allow") && !inRoom:
		return usersig.Claims{}, misuse("--allow needs --room N or --room-name S: rights are rights in a room").
			hint("name the room; or leave out --allow for a UserSig, which proves who the user is")
	case inRoom:
		claims.Grant = &usersig.Grant{Room: c.room, Allow: c.allow}
	}
	return claims, nil
}

func twoRooms() *failure {
	return misuse("--room and --room-name exclude each other: they name different rooms").
		hint("give --room N for a room with a number, --room-name S for one with a name")
}

// warnAboutUser warns about a user ID that works here and may not work elsewhere.
func (u *ui) warnAboutUser(id string) {
	if !usersig.PortableUserID(id) {
		u.warn("user ID %s has other characters than A-Z a-z 0-9 _ -, which not every TRTC product takes", show(id))
	}
}

// signed is sign's JSON. The values are read back from the token.
type signed struct {
	Token     string          `json:"usersig"`
	UserID    string          `json:"userid"`
	AppID     uint32          `json:"sdkappid"`
	IssuedAt  time.Time       `json:"issued_at"`
	ExpiresAt time.Time       `json:"expires_at"`
	Scheme    usersig.Scheme  `json:"scheme"`
	KeyID     string          `json:"key_id"`
	Purpose   usersig.Purpose `json:"purpose"`
}

func (c *sign) printSigned(token, keyID string) error {
	i, err := usersig.Inspect(token)
	if err != nil {
		return err
	}
	return c.printJSON(signed{token, i.UserID, i.AppID, i.IssuedAt, i.ExpiresAt, i.Scheme, keyID, i.Purpose})
}
