package main

import (
	"github.com/spf13/cobra"
)

const publicLong = `Print the public half of a key, as PEM. It verifies what the private key signs,
and may be given to anybody.`

const publicExample = `  usersig keygen --dir keys
  usersig public --key keys/private_key > public.pem
  usersig public --key public.pem --json`

type public struct {
	*ui
	key string
}

func newPublic(u *ui) *cobra.Command {
	c := &public{ui: u}
	cmd := &cobra.Command{
		Use:     "public --key FILE [flags]",
		Short:   "Print the public half of a key",
		Long:    publicLong,
		Example: publicExample,
		Args:    noArgs,
		RunE:    c.run,
	}
	keyFlag(cmd, &c.key, "private or public key")
	return cmd
}

func (c *public) run(cmd *cobra.Command, _ []string) error {
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
	if c.json {
		return c.printJSON(struct {
			KeyID     string `json:"key_id"`
			Curve     string `json:"curve"`
			PublicKey string `json:"public_key"`
		}{k.public.ID(), k.public.Curve().String(), string(k.public.EncodePEM())})
	}
	c.print(string(k.public.EncodePEM()))
	return nil
}
