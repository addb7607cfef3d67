package main

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"usersig"
	"usersig/democonfig"
)

const demoConfigLong = `Make the configuration with which TRTC's sample apps run before there is a server
that issues UserSigs: one line of JSON with a few users and their tokens.

Whoever has the file is these users until the tokens expire. It is for trying things
out, not for an app that is released.`

const demoConfigExample = `  usersig keygen --dir keys
  usersig demo-config --app 1400000000 --key keys/private_key > config.json

  # for two days, two users, the Android app
  usersig demo-config --app 1400000000 --key keys/private_key --platform Android --users 2 --ttl 2d

  # signed by a server
  usersig demo-config --server https://usersig.example.com --token api.key --app 1400000000 > server.json`

type demoConfig struct {
	*ui
	app      uint32
	key      string
	platform string
	users    int
	ttl      time.Duration
	at       time.Time
	server   serverFlags
}

func newDemoConfig(u *ui) *cobra.Command {
	c := &demoConfig{ui: u}
	cmd := &cobra.Command{
		Use:     "demo-config --app N (--key FILE | --server URL) [flags]",
		Short:   "Make the config.json of TRTC's sample apps",
		Long:    demoConfigLong,
		Example: demoConfigExample,
		Args:    noArgs,
		RunE:    c.run,
	}
	f := cmd.Flags()
	appFlag(cmd, &c.app)
	keyFlag(cmd, &c.key, "private key or SECRETKEY")
	addDefault(f, &c.platform, "platform", "PLATFORM", strings.Join(democonfig.Platforms(), ", "), democonfig.DefaultPlatform, parsePlatform)
	addDefault(f, &c.users, "users", "N", "how many users, up to 99", "4", parseNumber(1, democonfig.MaxUsers))
	ttlFlag(cmd, &c.ttl)
	atFlag(cmd, &c.at, "time of issue")
	c.server.define(cmd)
	values(cmd, "platform", democonfig.Platforms()...)
	return cmd
}

func parsePlatform(text string) (string, error) {
	for _, p := range democonfig.Platforms() {
		if p == text {
			return p, nil
		}
	}
	return "", misuse("a platform is one of %s", strings.Join(democonfig.Platforms(), ", "))
}

func (c *demoConfig) run(cmd *cobra.Command, _ []string) error {
	remotely, err := c.remotely(cmd, &c.server, "at")
	if err != nil {
		return err
	}
	if err := needsHere(cmd, remotely, "app"); err != nil {
		return err
	}
	if remotely {
		return c.onServer(cmd)
	}
	key, err := c.signingKey(c.key)
	if err != nil {
		return err
	}
	// Compressed is how the console wrote these tokens.
	signer, err := usersig.NewSigner(c.app, key, &usersig.SignerOptions{
		Clock: c.clock, MaxTTL: usersig.LongestTTL, Compress: true,
	})
	if err != nil {
		return err
	}
	config, err := democonfig.New(signer, c.platform, c.users, c.ttl, c.at)
	if err != nil {
		return err
	}
	text, err := config.Marshal()
	if err != nil {
		return err
	}
	c.hand(string(text))
	return nil
}

func (c *demoConfig) onServer(cmd *cobra.Command) error {
	ttl, err := wholeSeconds(cmd, c.ttl)
	if err != nil {
		return err
	}
	client, err := c.dial(&c.server)
	if err != nil {
		return err
	}
	text, err := client.DemoConfig(context.Background(), c.app, c.platform, c.users, ttl)
	if err != nil {
		return err
	}
	c.hand(string(text))
	return nil
}

func (c *demoConfig) hand(text string) {
	c.print(text)
	if isTerminal(c.stderr) {
		if isTerminal(c.stdout) {
			c.note("(the JSON has no line feed at its end)")
		}
		for _, place := range democonfig.Places() {
			c.note("for %s: %s", place.App, place.File)
		}
	}
}
