package main

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"usersig"
	"usersig/internal/remote"
)

const appLong = `Create and manage the applications of a usersigd. An application has an SDKAppID, keys,
and settings that say what may be signed for it. All of this takes an operator's API key.`

const appCreateExample = `  # the server keeps the private key, and can sign
  usersig app create --server https://usersig.example.com --token operator.token --name demo --custody hosted

  # the key pair is handed out, once, into a folder, and the server keeps the public key only
  usersig app create --server https://usersig.example.com --token operator.token --name conference --dir keys`

func newApp(u *ui) *cobra.Command {
	return group("app", "Create and manage applications", appLong,
		newAppCreate(u), newAppList(u), newAppShow(u),
		newAppState(u, "stop", "stopped", "Stop an application: nothing is signed or verified for it"),
		newAppState(u, "start", "running", "Let an application that was stopped run again"),
		newAppDelete(u))
}

type appCreate struct {
	*ui
	handout
	wish   remote.NewApp
	maxTTL time.Duration
	curve  usersig.Curve
}

func newAppCreate(u *ui) *cobra.Command {
	c := &appCreate{ui: u}
	s := &c.wish.Settings
	cmd := u.serverVerb(task{
		use: "create --name NAME [flags]", short: "Create an application and its first key", example: appCreateExample,
		long: `Create an application and its first key. Without --custody hosted the private key is
handed out, once, and the server cannot sign; a SECRETKEY is always kept and handed out.`,
		needs: []string{"name"}, run: c.create,
		flags: func(cmd *cobra.Command, f *pflag.FlagSet) {
			addFlag(f, &c.wish.Name, "name", "NAME", "name of the application", asIs)
			addFlag(f, &s.Custody, "custody", "WHO", "who keeps the private key: none (you), or hosted (the server, which then signs)", oneOf("none", "hosted"))
			addFlag(f, &s.Scheme, "scheme", "SCHEME", "ecdsa (v1), or hmac (v2, with a SECRETKEY)", oneOf("ecdsa", "hmac"))
			addFlag(f, &c.curve, "curve", "CURVE", "of ECDSA keys: P-256, secp256k1, P-384 or P-521", parseCurve)
			addFlag(f, &c.maxTTL, "max-ttl", "D", "longest life of a token that the server signs", parseMaxTTL)
			addFlag(f, &s.UserIDs, "user-ids", "FORM", "portable (A-Z a-z 0-9 _ -) or any", oneOf("portable", "any"))
			f.BoolVar(&s.RequirePrivateMapKey, "require-privatemapkey", false, "let nobody into a room without a PrivateMapKey")
			addFlag(f, &s.Admins, "admin", "ID", "user whose UserSig may call the API in Tencent's shape; up to 5 times", func(id string) ([]string, error) {
				return append(s.Admins, id), nil
			}).many = true
			c.define(cmd)
			values(cmd, "custody", "none", "hosted")
			values(cmd, "scheme", "ecdsa", "hmac")
			values(cmd, "curve", "P-256", "secp256k1", "P-384", "P-521")
			values(cmd, "user-ids", "portable", "any")
		},
	})
	return cmd
}

func parseMaxTTL(text string) (time.Duration, error) {
	d, err := parseTTL(text)
	if err == nil && d < time.Second {
		// Left out of the request it would be the server's choice.
		return 0, misuse("a token lives for a second at least").hint("give a lifetime such as 24h")
	}
	return d, err
}

// oneOf returns a parser of words.
func oneOf(words ...string) func(string) (string, error) {
	return func(text string) (string, error) {
		for _, w := range words {
			if w == text {
				return w, nil
			}
		}
		return "", misuse("must be %s", strings.Join(words, " / "))
	}
}

func (c *appCreate) create(ctx context.Context, client *remote.Client) error {
	s := &c.wish.Settings
	s.MaxTTL = int64(c.maxTTL / time.Second)
	if c.curve != 0 {
		s.Curve = c.curve.String()
	}
	if s.Custody != "hosted" || s.Scheme == "hmac" {
		if err := c.ready(); err != nil {
			return err
		}
	}
	made, err := client.CreateApp(ctx, c.wish)
	if err != nil {
		return err
	}
	app := made.Value.App
	if app.Settings.Custody == "none" && len(made.Value.KeysZip) == 0 && made.Value.SecretKey == "" {
		return cannot("application %d is made, and its key was in a reply that got lost", app.AppID).
			hint("make another key: usersig key rotate --app %d", app.AppID)
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
	c.print(strconv.FormatUint(uint64(app.AppID), 10) + "\n")
	c.sayKept(made.Value.Key, files)
	return nil
}

func newAppList(u *ui) *cobra.Command {
	return u.serverVerb(task{
		use: "list [flags]", short: "List applications", long: "List all applications, with their state and settings.",
		example: `  usersig app list --server https://usersig.example.com --token operator.token`,
		run: func(ctx context.Context, client *remote.Client) error {
			apps, err := client.Apps(ctx)
			if err != nil {
				return err
			}
			return u.showApps(apps.JSON, apps.Value)
		},
	})
}

func newAppShow(u *ui) *cobra.Command {
	var app uint32
	return u.serverVerb(task{
		use: "show --app N [flags]", short: "Show an application", long: "Show an application, with its state and settings.",
		example: `  usersig app show --server https://usersig.example.com --token operator.token --app 1400000000 --json`,
		needs:   []string{"app"}, flags: func(cmd *cobra.Command, _ *pflag.FlagSet) { appFlag(cmd, &app) },
		run: func(ctx context.Context, client *remote.Client) error {
			a, err := client.App(ctx, app)
			if err != nil {
				return err
			}
			return u.showApps(a.JSON, []remote.App{a.Value})
		},
	})
}

func newAppState(u *ui, name, state, short string) *cobra.Command {
	var app uint32
	yes := state != "stopped"
	return u.serverVerb(task{
		use: name + " --app N [flags]", short: short, long: short + ".", needs: []string{"app"},
		example: `  usersig app ` + name + ` --server https://usersig.example.com --token operator.token --app 1400000000` + map[bool]string{false: " --yes"}[yes],
		flags: func(cmd *cobra.Command, f *pflag.FlagSet) {
			appFlag(cmd, &app)
			if !yes {
				yesFlag(f, &yes)
			}
		},
		run: func(ctx context.Context, client *remote.Client) error {
			if err := u.confirm(yes, sentence("application %d is about to be stopped: none of its users gets in", app)); err != nil {
				return err
			}
			a, err := client.SetState(ctx, app, state)
			if err != nil {
				return err
			}
			return u.showApps(a.JSON, []remote.App{a.Value})
		},
	})
}

func newAppDelete(u *ui) *cobra.Command {
	var app uint32
	var yes bool
	return u.serverVerb(task{
		use: "delete --app N [flags]", short: "Delete an application that is stopped",
		long: "Delete an application that is stopped, with its keys, for good. Its SDKAppID is never used again.",
		example: `  usersig app stop --server https://usersig.example.com --token operator.token --app 1400000000 --yes
  usersig app delete --server https://usersig.example.com --token operator.token --app 1400000000 --yes`,
		needs: []string{"app"}, flags: func(cmd *cobra.Command, f *pflag.FlagSet) { appFlag(cmd, &app); yesFlag(f, &yes) },
		run: func(ctx context.Context, client *remote.Client) error {
			if err := u.confirm(yes, sentence("application %d is about to be deleted, with its keys, for good", app)); err != nil {
				return err
			}
			if err := client.DeleteApp(ctx, app); err != nil {
				return err
			}
			if u.json {
				return u.printDone()
			}
			u.note("application %d is deleted", app)
			return nil
		},
	})
}

func (u *ui) showApps(text []byte, apps []remote.App) error {
	if u.json {
		return u.printRaw(text)
	}
	rows := [][]string{{"SDKAPPID", u.say("NAME", "名称"), u.say("STATE", "状态"), u.say("SCHEME", "算法"), u.say("CUSTODY", "托管"), u.say("MAX TTL", "最长有效期"), u.say("CREATED", "创建时间")}}
	for _, a := range apps {
		scheme := a.Settings.Scheme
		if a.Settings.Curve != "" {
			scheme += " " + a.Settings.Curve
		}
		rows = append(rows, []string{
			strconv.FormatUint(uint64(a.AppID), 10), show(a.Name), show(a.State), scheme, show(a.Settings.Custody),
			formatTTL(time.Duration(min(a.Settings.MaxTTL, 1<<33)) * time.Second), instant(a.CreatedAt),
		})
	}
	u.tell(grid(rows))
	return nil
}
