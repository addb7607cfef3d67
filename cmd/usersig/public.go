package main

import (
	"context"

	"github.com/spf13/cobra"

	"usersig"
)

const publicLong = `Print the public half of a key, as PEM. It verifies what the private key signs,
and may be given to anybody. With --server it is that of an application's signing key.`

const publicExample = `  usersig keygen --dir keys
  usersig public --key keys/private_key > public.pem
  usersig public --key public.pem --json

  # of the key that signs on a server
  usersig public --server https://usersig.example.com --token operator.token --app 1400000000 > signing.pem`

type public struct {
	*ui
	key    string
	app    uint32
	keyID  string
	server serverFlags
}

func newPublic(u *ui) *cobra.Command {
	c := &public{ui: u}
	cmd := &cobra.Command{
		Use:     "public (--key FILE | --server URL --app N) [flags]",
		Short:   "Print the public half of a key",
		Long:    publicLong,
		Example: publicExample,
		Args:    noArgs,
		RunE:    c.run,
	}
	keyFlag(cmd, &c.key, "private or public key")
	appFlag(cmd, &c.app)
	addFlag(cmd.Flags(), &c.keyID, "key-id", "ID", "with --server, this key and not the one that signs", asIs)
	c.server.define(cmd)
	return cmd
}

func (c *public) run(cmd *cobra.Command, _ []string) error {
	switch remotely, err := c.remotely(cmd, &c.server); {
	case err != nil:
		return err
	case remotely:
		return c.onServer(cmd)
	}
	if err := needs(cmd, "key"); err != nil {
		return err
	}
	k, err := c.readKey(c.key)
	switch {
	case err != nil:
		return err
	case k.secret != nil:
		return cannot("%s is a SECRETKEY, which has no public half", k.shown()).
			hint("whoever verifies HMAC tokens needs the SECRETKEY itself; a key pair is made by: usersig keygen")
	case k.err != nil:
		return k.unusable(k.err)
	case k.private != nil:
		k.public = k.private.Public()
	}
	return c.show(k.public)
}

func (c *public) show(key *usersig.PublicKey) error {
	if c.json {
		return c.printJSON(struct {
			KeyID     string `json:"key_id"`
			Curve     string `json:"curve"`
			PublicKey string `json:"public_key"`
		}{key.ID(), key.Curve().String(), string(key.EncodePEM())})
	}
	c.print(string(key.EncodePEM()))
	return nil
}

// onServer prints a key of an application.
func (c *public) onServer(cmd *cobra.Command) error {
	if err := needs(cmd, "app"); err != nil {
		return err
	}
	client, err := c.dial(&c.server)
	if err != nil {
		return err
	}
	keys, err := client.Keys(context.Background(), c.app)
	if err != nil {
		return err
	}
	for _, k := range keys.Value {
		if c.keyID == "" && k.State != "signing" || c.keyID != "" && k.KeyID != c.keyID {
			continue
		}
		key, err := usersig.ParsePublicKey([]byte(k.PublicKey))
		if err != nil || key.ID() != k.KeyID {
			return cannot("key %s has no public half", show(k.KeyID)).
				hint("it is a SECRETKEY: whoever verifies HMAC tokens needs it, or asks the server")
		}
		return c.show(key)
	}
	return cannot("the application has no such key").hint("see which it has: usersig key list --app %d", c.app)
}
