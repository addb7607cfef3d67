package main

import (
	"encoding/base64"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"usersig"
	"usersig/internal/remote"
)

//nolint:gosec // G101: it is what --help says
const credentialLong = `Print what an SDK of LiveKit's takes for a token, with usersigd as its server: one line that
has the user's UserSig in it and says which room it is for.

  us1.<sdkappid>.<user ID in base64url>.<room>.<UserSig>[.<PrivateMapKey>]

The UserSig is standard input, or a file. A PrivateMapKey, if the application requires one,
is a file; it says which room it is for, so the room need not be named then. Nothing is
verified here but that the parts belong together: the server verifies.

Whoever has the line is that user in that room, and has the UserSig, until it expires.`

//nolint:gosec // G101: its words are examples
const credentialExample = `  usersig keygen --dir keys
  usersig sign --app 1400000000 --user alice --key keys/private_key --ttl 24h > alice.sig
  usersig credential --room 1001 < alice.sig
  usersig credential --room-name lobby --usersig alice.sig

  # with a PrivateMapKey: alice may enter room 1001, listen and watch
  usersig sign --app 1400000000 --user alice --key keys/private_key --room 1001 --allow audience > room.sig
  usersig credential --privatemapkey room.sig < alice.sig`

// pass is what makes up a credential for SDKs.
type pass struct {
	*ui
	userSig, privateMapKey string // files
	room                   usersig.Room
}

func newCredential(u *ui) *cobra.Command {
	c := &pass{ui: u}
	cmd := &cobra.Command{
		Use:     "credential (--room N | --room-name S | --privatemapkey FILE) [flags]",
		Short:   "Make the token string for LiveKit's SDKs",
		Long:    credentialLong,
		Example: credentialExample,
		Args:    noArgs,
		RunE:    c.run,
	}
	f := cmd.Flags()
	roomFlags(cmd, &c.room, "the room ")
	addDefault(f, &c.userSig, "usersig", "FILE", `the user's UserSig, in this file; "-" is standard input`, standardInput, asIs)
	addFlag(f, &c.privateMapKey, "privatemapkey", "FILE", "a PrivateMapKey for the room, in this file", asIs)
	return cmd
}

func (c *pass) run(*cobra.Command, []string) error {
	switch {
	case c.room.ID != 0 && c.room.Name != "":
		return twoRooms()
	case c.room == usersig.Room{} && c.privateMapKey == "":
		return whichRoom()
	case c.userSig == standardInput && c.privateMapKey == standardInput:
		return misuse("the UserSig and the PrivateMapKey cannot both come from standard input").
			hint("put one of them into a file that only you can read")
	}
	token, of, err := c.part("usersig", c.userSig, usersig.UserSig)
	if err != nil {
		return err
	}
	parts := []string{token}
	if c.privateMapKey != "" {
		ticket, grants, err := c.part("privatemapkey", c.privateMapKey, usersig.PrivateMapKey)
		if err != nil {
			return err
		}
		if err := c.belong(of, grants); err != nil {
			return err
		}
		parts = append(parts, ticket)
	}
	c.warnIfEnded(of)
	line := strings.Join(append([]string{
		"us1", strconv.FormatUint(uint64(of.AppID), 10), base64.RawURLEncoding.EncodeToString([]byte(of.UserID)), remote.RoomText(c.room),
	}, parts...), ".")
	if !c.json {
		c.print(line + "\n")
		return nil
	}
	return c.printJSON(struct {
		Credential string       `json:"credential"`
		AppID      uint32       `json:"sdkappid"`
		UserID     string       `json:"userid"`
		Room       usersig.Room `json:"room"`
		ExpiresAt  time.Time    `json:"expires_at"`
	}{line, of.AppID, of.UserID, c.room, of.ExpiresAt})
}

// part reads a token from the file of a flag, and what it says of itself.
func (c *pass) part(flag, name string, want usersig.Purpose) (string, *usersig.Inspection, error) {
	text, err := c.partText(flag, name)
	if err != nil {
		return "", nil, err
	}
	i, err := usersig.Inspect(text)
	if err != nil {
		return "", nil, err
	}
	if i.Purpose != want {
		return "", nil, cannot("--%s: that is a %s", flag, c.noun(i.Purpose)).
			hint("a UserSig is signed without a room, a PrivateMapKey with one: usersig sign --help")
	}
	return text, i, nil
}

func (c *pass) partText(flag, name string) (string, error) {
	if name == standardInput {
		return c.token(nil)
	}
	f, err := os.Open(name) //nolint:gosec // G304: the file that the user names
	if err != nil && (looksLikeKey(name) || strings.HasPrefix(name, "us1.")) {
		return "", misuse("--%s names no file, and what was given looks like a token itself", flag).
			hint("put the token into a file that only you can read, or pipe it in: what is on a command line ends up in the process list and in the shell's history")
	}
	if err != nil {
		return "", fileFailure(name, err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxRead))
	if err != nil {
		return "", fileFailure(name, err)
	}
	return strings.TrimSuffix(string(text), "\n"), nil
}

// belong compares a PrivateMapKey with the UserSig and the room that it goes with. The
// server would refuse it; that a user finds out in an app is too late.
func (c *pass) belong(of, grants *usersig.Inspection) error {
	if c.room == (usersig.Room{}) && grants.Grant != nil {
		c.room = grants.Grant.Room
	}
	switch {
	case grants.AppID != of.AppID:
		return cannot("the PrivateMapKey is of application %d, the UserSig of %d", grants.AppID, of.AppID).
			hint("sign both for the same application and user")
	case grants.UserID != of.UserID:
		return cannot("the PrivateMapKey is of user %s, the UserSig of %s", show(grants.UserID), show(of.UserID)).
			hint("sign both for the same application and user")
	case grants.Grant == nil || grants.Grant.Room != c.room:
		return cannot("the PrivateMapKey is not for room %s", c.room).
			hint("leave out the room to take that of the PrivateMapKey, or sign another: usersig sign --help")
	}
	return nil
}

func (c *pass) warnIfEnded(of *usersig.Inspection) {
	if of.ExpiresAt.Before(c.clock()) {
		c.warn("the UserSig ended at %s: the server will refuse it", instant(of.ExpiresAt))
	}
}
