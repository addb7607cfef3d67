package main

import (
	"context"
	"encoding/json"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"usersig/internal/remote"
)

const keyLong = `Look at and change the keys of an application on a usersigd. One key signs; others may be
published and sign next, or still verify for a while, or be dead.`

const keyRotateLong = `Let a new key sign. The old one goes on verifying for as long as --overlap says, and
without it as long as the longest token can live that it has signed, so that nobody is
thrown out.

If the server does not keep the private key, it hands it out: into private_key and
public_key of --dir, or into --zip; a SECRETKEY into secret_key. It does so once.`

const keyRotateExample = `  usersig key rotate --server https://usersig.example.com --token operator.token --app 1400000000

  # in two steps: verifiers learn the new key first
  usersig key rotate --server https://usersig.example.com --token operator.token --app 1400000000 --prepare --dir new
  usersig key rotate --server https://usersig.example.com --token operator.token --app 1400000000 --overlap 7d --reason quarterly`

const keyKillLong = `End a key at once: no token that it signed is good any more. That is for a key that others
may have; to change keys without throwing anybody out there is usersig key rotate. Sessions that
the key has opened end too, unless they are kept; the same command without --keep-sessions
ends them later.`

const keyListExample = `  usersig key list --server https://usersig.example.com --token operator.token --app 1400000000`

func newKey(u *ui) *cobra.Command {
	return group("key", "List, rotate, kill and import keys", keyLong, newKeyList(u), newKeyRotate(u), newKeyKill(u), newKeyImport(u))
}

func newKeyList(u *ui) *cobra.Command {
	var app uint32
	return u.serverVerb(task{
		use: "list --app N [flags]", short: "List keys, dead ones included", example: keyListExample,
		long:  "List an application's keys with their state and history, dead ones included.",
		needs: []string{"app"}, flags: func(cmd *cobra.Command, _ *pflag.FlagSet) { appFlag(cmd, &app) },
		run: func(ctx context.Context, client *remote.Client) error {
			keys, err := client.Keys(ctx, app)
			if err != nil {
				return err
			}
			return u.showKeys(keys.JSON, keys.Value...)
		},
	})
}

func (u *ui) showKeys(text []byte, keys ...remote.Key) error {
	if u.json {
		return u.printRaw(text)
	}
	rows := [][]string{{u.say("KEY ID", "密钥 ID"), u.say("STATE", "状态"), u.say("SCHEME", "算法"), u.say("CREATED", "创建时间"), u.say("VERIFIES UNTIL", "校验截止"), u.say("REASON", "原因")}}
	for _, k := range keys {
		scheme := k.Scheme
		if k.Curve != "" {
			scheme += " " + k.Curve
		}
		until := ""
		switch {
		case k.State == "dead" && k.EndedAt != nil:
			until = instant(*k.EndedAt)
		case k.RetireAt != nil:
			until = instant(*k.RetireAt)
		}
		reason := k.Reason
		if reason != "" {
			reason = show(reason)
		}
		rows = append(rows, []string{show(k.KeyID), u.stateOf(k), scheme, instant(k.CreatedAt), until, reason})
	}
	u.tell(grid(rows))
	return nil
}

// stateOf says what a key does, also where its state alone does not.
func (u *ui) stateOf(k remote.Key) string {
	switch {
	case k.State == "next" && k.Imported && !k.SignNext:
		return u.say("next, verifies only", "next，只校验")
	case k.State == "dead" && k.KeepSessions:
		return u.say("dead, sessions kept", "dead，保留会话")
	}
	return show(k.State)
}

// rotation is what rotates a key: on purpose, or in place of one that was killed.
type rotation struct {
	*ui
	handout
	once
	app     uint32
	keyID   string
	overlap time.Duration
	given   bool // overlap
	wish    remote.Rotation
	replace bool
	stay    bool // those who came in with the key
	yes     bool
	handed  bool // what is made is handed out
}

func newKeyRotate(u *ui) *cobra.Command {
	c := &rotation{ui: u}
	return u.serverVerb(task{
		use: "rotate --app N [flags]", short: "Sign with a new key", long: keyRotateLong, example: keyRotateExample,
		needs: []string{"app"}, run: c.rotate,
		flags: func(cmd *cobra.Command, f *pflag.FlagSet) {
			appFlag(cmd, &c.app)
			addFlag(f, &c.overlap, "overlap", "D", "how long the old key goes on verifying", func(text string) (time.Duration, error) {
				c.given = true
				return parseTTL(text)
			})
			f.BoolVar(&c.wish.Prepare, "prepare", false, "only publish the new key to verifiers; the next rotation makes it sign")
			addFlag(f, &c.wish.Reason, "reason", "TEXT", "for the history", asIs)
			yesFlag(f, &c.yes)
			c.handout.define(cmd)
			c.once.define(f)
		},
	})
}

func (c *rotation) rotate(ctx context.Context, client *remote.Client) error {
	if c.given {
		c.wish.Overlap = new(int64(c.overlap / time.Second))
		if c.overlap < time.Second && !c.wish.Prepare {
			if err := c.confirm(c.yes, sentence("without an overlap every token that the old key signed ends now")); err != nil {
				return err
			}
		}
	}
	if err := c.check(ctx, client); err != nil {
		return err
	}
	c.wish.Once = c.once.value()
	made, err := client.RotateKey(ctx, c.app, c.wish)
	if err != nil {
		return c.unsure(err)
	}
	if made.Replayed && c.handed {
		return c.madeBefore(made.Value.Key)
	}
	files, err := c.keep(made.Value.Handout, made.Value.Key.KeyID)
	if err != nil {
		return err
	}
	if c.json {
		object, err := withoutKeys(made.JSON, files)
		if err != nil {
			return err
		}
		return c.printJSON(object)
	}
	c.sayKept(made.Value.Key, files)
	return nil
}

// check finds out whether a key would be handed out, and could be written.
func (c *rotation) check(ctx context.Context, client *remote.Client) error {
	app, err := client.App(ctx, c.app)
	if err != nil {
		return err
	}
	if s := app.Value.Settings; s.Custody == "hosted" && s.Scheme != "hmac" {
		return nil
	}
	c.handed = true
	return c.ready()
}

// madeBefore says that a key was made whose handout, if there was one, is in an earlier
// reply, which may have got lost.
func (c *rotation) madeBefore(k remote.Key) error {
	return cannot("key %s is there since an earlier request, and was handed out in the reply to that", show(k.KeyID)).
		hint("if you do not have it, make another key: usersig key rotate --app %d", c.app)
}

func newKeyKill(u *ui) *cobra.Command {
	c := &rotation{ui: u}
	return u.serverVerb(task{
		use: "kill --app N --key-id ID --reason TEXT [flags]", short: "End a key at once", long: keyKillLong,
		example: `  usersig key kill --server https://usersig.example.com --token operator.token --app 1400000000 \
    --key-id 0123456789abcdef --reason "found in a public repository" --replace --yes`,
		needs: []string{"app", "key-id", "reason"}, run: c.kill,
		flags: func(cmd *cobra.Command, f *pflag.FlagSet) {
			appFlag(cmd, &c.app)
			addFlag(f, &c.keyID, "key-id", "ID", "which key, as in usersig key list", asIs)
			addFlag(f, &c.wish.Reason, "reason", "TEXT", "for the history", asIs)
			f.BoolVar(&c.replace, "replace", false, "let another key sign from now on, if this one did")
			f.BoolVar(&c.stay, "keep-sessions", false, "let those stay who came in with it")
			yesFlag(f, &c.yes)
			c.handout.define(cmd)
		},
	})
}

func (c *rotation) kill(ctx context.Context, client *remote.Client) error {
	if err := c.confirm(c.yes, sentence("every token that key %s signed ends now", show(c.keyID))); err != nil {
		return err
	}
	if c.replace {
		if err := c.check(ctx, client); err != nil {
			return err
		}
	}
	made, err := client.KillKey(ctx, c.app, c.keyID, remote.Killing{Reason: c.wish.Reason, Replace: c.replace, KeepSessions: c.stay})
	if mayBeDone(err) {
		return fromServer(err).hint("it may be dead all the same; to find out, repeat the command with the same reason")
	}
	if err != nil {
		return err
	}
	var files []string
	by := made.Value.Replacement
	if by != nil && made.Replayed && c.handed {
		return c.madeBefore(by.Key)
	}
	if by != nil {
		if files, err = c.keep(by.Handout, by.Key.KeyID); err != nil {
			return err
		}
	}
	if c.json {
		return c.printKilled(made, files)
	}
	c.note("key %s is dead", show(made.Value.Killed.KeyID))
	if by != nil {
		c.sayKept(by.Key, files)
	}
	return nil
}

func (c *rotation) printKilled(made remote.Reply[remote.Killed], files []string) error {
	object, err := withoutKeys(made.JSON, nil)
	if err != nil {
		return err
	}
	if by, ok := object["replacement"].(json.RawMessage); ok {
		if object["replacement"], err = withoutKeys(by, files); err != nil {
			return err
		}
	}
	return c.printJSON(object)
}

func newKeyImport(u *ui) *cobra.Command {
	var app uint32
	var file string
	var own remote.OwnKey
	var o once
	return u.serverVerb(task{
		use: "import --app N --key FILE [flags]", short: "Add a public key of your own",
		long: `Add the public half of a key pair that you made and whose private half never leaves you.
It verifies at once. With --sign it becomes the signing key, which you sign with from then
on, and with --sign-next the next rotation makes it that; without them it verifies only, until
it is imported again with one of them. A key of a hosted application only verifies: the server
signs there, and cannot with a key that it does not have.`,
		example: `  usersig keygen --dir mine
  usersig key import --server https://usersig.example.com --token operator.token --app 1400000000 --key mine/public_key`,
		needs: []string{"app", "key"}, stdin: func() bool { return file == standardInput },
		flags: func(cmd *cobra.Command, f *pflag.FlagSet) {
			appFlag(cmd, &app)
			keyFlag(cmd, &file, "public key")
			f.BoolVar(&own.Sign, "sign", false, "make it the signing key at once")
			f.BoolVar(&own.SignNext, "sign-next", false, "let the next rotation make it the signing key")
			o.define(f)
		},
		run: func(ctx context.Context, client *remote.Client) error {
			key, err := u.publicKey(file)
			if err != nil {
				return err
			}
			own.PublicKey, own.Once = string(key.EncodePEM()), o.value()
			k, err := client.ImportKey(ctx, app, own)
			if err != nil {
				return o.unsure(err)
			}
			return u.showKeys(k.JSON, k.Value)
		},
	})
}
