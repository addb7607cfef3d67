package main

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"usersig/internal/remote"
)

const backEndLong = `Make, list and end the API keys by which back ends call the API of a usersigd for one
application. An API key has scopes: issue, verify, revoke and read.`

const backEndExample = `  usersig apikey create --server https://usersig.example.com --token operator.token --app 1400000000 \
    --name backend --scope issue,verify --out backend.key`

func newAPIKey(u *ui) *cobra.Command {
	return group("apikey", "Create, list and delete API keys", backEndLong, newAPIKeyCreate(u), newAPIKeyList(u), newAPIKeyDelete(u))
}

// credential is what there is about API keys, those of an application or of operators.
type credential struct {
	*ui
	once
	app      uint32
	operator bool
	id       string
	wish     remote.NewAPIKey
	expires  time.Time
	out      string
	yes      bool
}

// define adds the flags of a new one.
func (c *credential) define(f *pflag.FlagSet) {
	addFlag(f, &c.wish.Networks, "network", "NET", "where it may be used from, such as 192.0.2.0/24; up to 32 times (default anywhere)", func(text string) ([]string, error) {
		return append(c.wish.Networks, text), nil
	}).many = true
	addFlag(f, &c.expires, "expires", "T", "when it ends, as RFC 3339 or in unix seconds (default never)", parseAt)
	addFlag(f, &c.out, "out", "FILE", "write the secret to this new file (default standard output)", asIs)
	c.once.define(f)
}

func newAPIKeyCreate(u *ui) *cobra.Command {
	c := &credential{ui: u}
	return u.serverVerb(task{
		use: "create --app N --name NAME --scope SCOPES [flags]", short: "Create an API key for a back end", example: backEndExample,
		long:  "Create an API key. Its secret is printed, or written to a new file that only you can read, and shown never again.",
		needs: []string{"app", "name", "scope"}, run: c.create,
		flags: func(cmd *cobra.Command, f *pflag.FlagSet) {
			appFlag(cmd, &c.app)
			addFlag(f, &c.wish.Name, "name", "NAME", "what it is for", asIs)
			addFlag(f, &c.wish.Scopes, "scope", "SCOPES", "what it may do: issue, verify, revoke, read, with commas between", parseScopes)
			c.define(f)
			values(cmd, "scope", "issue", "verify", "revoke", "read")
		},
	})
}

func parseScopes(text string) ([]string, error) {
	scopes := strings.Split(text, ",")
	for _, s := range scopes {
		if _, err := oneOf("issue", "verify", "revoke", "read")(s); err != nil {
			return nil, err
		}
	}
	return scopes, nil
}

func (c *credential) create(ctx context.Context, client *remote.Client) error {
	if !c.expires.IsZero() {
		c.wish.ExpiresAt = &c.expires
	}
	var file *keptFile
	if c.out != "" {
		var err error
		if file, err = reserve(c.out); err != nil {
			return err
		}
		defer file.abandon()
	}
	made, err := c.ask(ctx, client)
	if err != nil {
		return c.unsure(err)
	}
	if made.Value.Secret == "" {
		return c.madeBefore(made.Value.APIKey.ID)
	}
	if file != nil {
		if err := file.keep(made.Value.Secret + "\n"); err != nil {
			return err
		}
	}
	return c.hand(made, file)
}

func (c *credential) ask(ctx context.Context, client *remote.Client) (remote.Reply[remote.MadeAPIKey], error) {
	c.wish.Once = c.once.value()
	if c.operator {
		return client.CreateOperator(ctx, c.wish)
	}
	return client.CreateAPIKey(ctx, c.app, c.wish)
}

// madeBefore says that there is an API key whose secret was in an earlier reply, which
// may have got lost.
func (c *credential) madeBefore(id string) error {
	f := cannot("API key %s is made, and its secret was in an earlier reply: nobody can show it again", show(id))
	if c.operator {
		return f.hint("if you do not have it, end the API key and make another: usersig operator delete --id %s", show(id))
	}
	return f.hint("if you do not have it, end the API key and make another: usersig apikey delete --app %d --id %s", c.app, show(id))
}

// hand prints the secret, if it is not in a file.
func (c *credential) hand(made remote.Reply[remote.MadeAPIKey], file *keptFile) error {
	switch {
	case c.json && file == nil:
		return c.printRaw(made.JSON)
	case c.json:
		object, err := withoutKeys(made.JSON, []string{c.out})
		if err != nil {
			return err
		}
		delete(object, "secret")
		return c.printJSON(object)
	case file == nil:
		c.print(made.Value.Secret + "\n")
	default:
		c.note("wrote %s", brief(c.out))
	}
	c.note("the ID of the API key is %s", show(made.Value.APIKey.ID))
	return nil
}

func newAPIKeyList(u *ui) *cobra.Command {
	var app uint32
	return u.serverVerb(task{
		use: "list --app N [flags]", short: "List API keys", long: "List the API keys of an application, without their secrets.",
		example: `  usersig apikey list --server https://usersig.example.com --token operator.token --app 1400000000`,
		needs:   []string{"app"}, flags: func(cmd *cobra.Command, _ *pflag.FlagSet) { appFlag(cmd, &app) },
		run: func(ctx context.Context, client *remote.Client) error {
			keys, err := client.APIKeys(ctx, app)
			if err != nil {
				return err
			}
			return u.showAPIKeys(keys)
		},
	})
}

func (u *ui) showAPIKeys(keys remote.Reply[[]remote.APIKey]) error {
	if u.json {
		return u.printRaw(keys.JSON)
	}
	rows := [][]string{{"ID", u.say("NAME", "名称"), u.say("SCOPES", "权限"), u.say("NETWORKS", "网络"), u.say("CREATED", "创建时间"), u.say("EXPIRES", "过期")}}
	for _, k := range keys.Value {
		expires := ""
		if k.ExpiresAt != nil {
			expires = instant(*k.ExpiresAt)
		}
		rows = append(rows, []string{show(k.ID), show(k.Name), strings.Join(k.Scopes, ","), strings.Join(k.Networks, ","), instant(k.CreatedAt), expires})
	}
	u.tell(grid(rows))
	return nil
}

func newAPIKeyDelete(u *ui) *cobra.Command {
	c := &credential{ui: u}
	return u.serverVerb(task{
		use: "delete --app N --id ID [flags]", short: "End an API key", long: "End an API key: whoever uses it is refused from now on.",
		example: `  usersig apikey delete --server https://usersig.example.com --token operator.token --app 1400000000 --id 0123456789abcdef --yes`,
		needs:   []string{"app", "id"}, run: c.end,
		flags: func(cmd *cobra.Command, f *pflag.FlagSet) {
			appFlag(cmd, &c.app)
			addFlag(f, &c.id, "id", "ID", "which API key, as in usersig apikey list", asIs)
			yesFlag(f, &c.yes)
		},
	})
}

func (c *credential) end(ctx context.Context, client *remote.Client) error {
	if err := c.confirm(c.yes, sentence("whoever uses API key %s is refused from now on", show(c.id))); err != nil {
		return err
	}
	var err error
	if c.operator {
		err = client.DeleteOperator(ctx, c.id)
	} else {
		err = client.DeleteAPIKey(ctx, c.app, c.id)
	}
	switch {
	case err != nil:
		return err
	case c.json:
		return c.printDone()
	}
	c.note("API key %s is deleted", show(c.id))
	return nil
}
