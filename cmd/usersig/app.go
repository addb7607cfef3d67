package main

import (
	"context"
	"strconv"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

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
		newAppCreate(u), newAppList(u), newAppShow(u), newAppSet(u),
		newAppState(u, "stop", "stopped", "Stop an application: nothing is signed or verified for it"),
		newAppState(u, "start", "running", "Let an application that was stopped run again"),
		newAppDelete(u))
}

type appCreate struct {
	*ui
	handout
	settings
	once
	name string
}

func newAppCreate(u *ui) *cobra.Command {
	c := &appCreate{ui: u}
	return u.serverVerb(task{
		use: "create --name NAME [flags]", short: "Create an application and its first key", example: appCreateExample,
		long: `Create an application and its first key. Without --custody hosted the private key is
handed out, once, and the server cannot sign; a SECRETKEY is always kept and handed out.`,
		needs: []string{"name"}, run: c.create,
		flags: func(cmd *cobra.Command, f *pflag.FlagSet) {
			addFlag(f, &c.name, "name", "NAME", "name of the application", asIs)
			c.settings.define(cmd)
			c.handout.define(cmd)
			c.once.define(f)
		},
	})
}

func (c *appCreate) create(ctx context.Context, client *remote.Client) error {
	wish, err := c.wishes()
	if err != nil {
		return err
	}
	if wish.Custody != "hosted" || wish.Scheme == "hmac" {
		if err := c.ready(); err != nil {
			return err
		}
	}
	made, err := client.CreateApp(ctx, remote.NewApp{Name: c.name, Settings: wish, Once: c.once.value()})
	if err != nil {
		return c.unsure(err)
	}
	app := made.Value.App
	handed := app.Settings.Custody == "none" || app.Settings.Scheme == "hmac"
	if handed && len(made.Value.KeysZip) == 0 && made.Value.SecretKey == "" {
		return cannot("application %d is made, and its key was in an earlier reply", app.AppID).
			hint("if you do not have it, make another key: usersig key rotate --app %d", app.AppID)
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
			return u.showApp(a)
		},
	})
}

const appSetLong = `Change settings of an application. What no flag names stays as it is. Of --custody, --scheme
and --curve, keys that there are know nothing: they count for the next that is made, by
usersig key rotate.

The users that --admin names take the place of those before. A switch is turned off with
--require-privatemapkey=false.`

const appSetExample = `  usersig app set --server https://usersig.example.com --token operator.token --app 1400000000 --max-ttl 24h --require-privatemapkey

  # users who are signed in at your provider fetch a UserSig of their own
  usersig app set --server https://usersig.example.com --token operator.token --app 1400000000 \
    --oidc-issuer https://id.example.com --oidc-audience my-app

  # let the server sign from now on: with a key that it makes and keeps
  usersig app set --server https://usersig.example.com --token operator.token --app 1400000000 --custody hosted
  usersig key rotate --server https://usersig.example.com --token operator.token --app 1400000000`

func newAppSet(u *ui) *cobra.Command {
	var s settings
	var app uint32
	var name string
	return u.serverVerb(task{
		use: "set --app N [flags]", short: "Change an application's settings", long: appSetLong, example: appSetExample,
		needs: []string{"app"},
		flags: func(cmd *cobra.Command, f *pflag.FlagSet) {
			appFlag(cmd, &app)
			addFlag(f, &name, "name", "NAME", "new name of the application", asIs)
			s.define(cmd)
			s.defineEnds(f)
		},
		run: func(ctx context.Context, client *remote.Client) error {
			wish, err := s.wishes()
			if err != nil {
				return err
			}
			change := remote.AppChange{Name: name, Settings: wish}
			if name == "" && wish.IsZero() {
				return misuse("there is nothing to change").hint("name what is to change, such as --max-ttl 24h; see: usersig app set --help")
			}
			a, err := client.ChangeApp(ctx, app, change)
			if err != nil {
				return err
			}
			return u.showApp(a)
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
			a, err := client.ChangeApp(ctx, app, remote.AppChange{State: state})
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
		rows = append(rows, []string{
			strconv.FormatUint(uint64(a.AppID), 10), show(a.Name), show(a.State), schemeOf(a.Settings), show(a.Settings.Custody),
			ttlOf(a.Settings), instant(a.CreatedAt),
		})
	}
	u.tell(grid(rows))
	return nil
}
