package main

import (
	"context"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"usersig/internal/remote"
)

const operatorLong = `Make, list and end the API keys of those who operate a usersigd. An operator's API key may
do everything, in all applications: give each operator one of their own, so that the audit
log says who it was, and end it when they leave.

Who has lost theirs gets another from another operator. If there is no other, whoever has
the server's data folder makes one: usersigd operator token.`

const operatorCreateExample = `  usersig operator create --server https://usersig.example.com --token operator.token --name "Li Na" --out lina.token

  # from the office only, and until the end of the project
  usersig operator create --server https://usersig.example.com --token operator.token --name contractor \
    --network 127.0.0.0/8 --expires 2099-12-31T00:00:00Z --out contractor.token`

func newOperator(u *ui) *cobra.Command {
	return group("operator", "Create, list and delete operators' API keys", operatorLong, newOperatorCreate(u), newOperatorList(u), newOperatorDelete(u))
}

func newOperatorCreate(u *ui) *cobra.Command {
	c := &credential{ui: u, operator: true}
	return u.serverVerb(task{
		use: "create --name NAME [flags]", short: "Create an operator's API key", example: operatorCreateExample,
		long: `Create an API key for one more operator. Its secret is printed, or written to a new file
that only you can read, and shown never again.`,
		needs: []string{"name"}, run: c.create,
		flags: func(_ *cobra.Command, f *pflag.FlagSet) {
			addFlag(f, &c.wish.Name, "name", "NAME", "who the operator is", asIs)
			c.define(f)
		},
	})
}

func newOperatorList(u *ui) *cobra.Command {
	return u.serverVerb(task{
		use: "list [flags]", short: "List operators' API keys", long: "List the operators' API keys, without their secrets.",
		example: `  usersig operator list --server https://usersig.example.com --token operator.token`,
		run: func(ctx context.Context, client *remote.Client) error {
			keys, err := client.Operators(ctx)
			if err != nil {
				return err
			}
			return u.showAPIKeys(keys)
		},
	})
}

func newOperatorDelete(u *ui) *cobra.Command {
	c := &credential{ui: u, operator: true}
	return u.serverVerb(task{
		use: "delete --id ID [flags]", short: "End an operator's API key",
		long: `End an operator's API key: whoever uses it is refused from now on. What it made goes on,
such as other operators, API keys and imported keys: look for that with usersig audit.`,
		example: `  usersig operator delete --server https://usersig.example.com --token operator.token --id 0123456789abcdef --yes`,
		needs:   []string{"id"}, run: c.end,
		flags: func(_ *cobra.Command, f *pflag.FlagSet) {
			addFlag(f, &c.id, "id", "ID", "which API key, as in usersig operator list", asIs)
			yesFlag(f, &c.yes)
		},
	})
}
