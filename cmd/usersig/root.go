package main

import (
	"errors"
	"regexp"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

const rootLong = `usersig makes and checks UserSigs, the tokens by which Tencent RTC and Chat style
services learn which user a client is.

A private key signs and its public key verifies (v1, ECDSA); or one SECRETKEY does
both (v2, HMAC). The key decides which kind a token is. No key or secret is ever a
flag's value: --key names a file, and "-" means standard input.

Exit status: 0 done or valid, 1 refused, 2 wrong use, 3 could not (file, key, server).

With --server URL and the file of an API key, --token FILE, a usersigd does the work.
USERSIG_SERVER and USERSIG_TOKEN_FILE save repeating the two.`

const rootExample = `  usersig keygen --dir keys
  usersig sign --app 1400000000 --user alice --key keys/private_key > alice.sig
  usersig verify --app 1400000000 --user alice --key keys/public_key < alice.sig
  usersig inspect < alice.sig
  usersig verify --explain --app 1400000000 --user bob --key keys/public_key < alice.sig   # exit status 1`

func newRoot(u *ui) *cobra.Command {
	var printVersion bool
	root := &cobra.Command{
		Use:               "usersig",
		Short:             "Sign, verify and explain UserSigs",
		Long:              rootLong,
		Example:           rootExample,
		SilenceErrors:     true, // ui.finish prints them
		SilenceUsage:      true,
		Args:              noSuchCommand,
		PersistentPreRunE: onceEach,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if printVersion {
				return u.version()
			}
			if !u.json {
				cmd.SetOut(u.stderr)
				_ = cmd.Help()
			}
			return misuse("there is no command").hint("see: %s --help", cmd.CommandPath())
		},
	}
	// In the order in which they are needed, not of the alphabet.
	cobra.EnableCommandSorting = false
	root.SetIn(u.stdin)
	root.SetOut(u.stdout)
	root.SetErr(u.stderr)
	root.Flags().BoolVar(&printVersion, "version", false, "print the version")
	root.SetFlagErrorFunc(flagFailure)
	root.SuggestionsMinimumDistance = 2
	root.CompletionOptions.DisableDefaultCmd = true
	root.PersistentFlags().BoolVar(&u.json, "json", false, "print the result, and errors too, as JSON on standard output")
	root.SetHelpCommand(newHelp())
	root.SetHelpFunc(u.helpFunc(root.HelpFunc()))
	root.AddGroup(&cobra.Group{ID: "tokens", Title: "Keys and tokens, here or on a server:"}, &cobra.Group{ID: "server", Title: "What only a server does:"})
	addGroup(root, "tokens", newKeygen(u), newPublic(u), newSign(u), newVerify(u), newInspect(u), newCredential(u), newDemoConfig(u), newBatch(u))
	addGroup(root, "server", newApp(u), newKey(u), newAPIKey(u), newOperator(u), newRevoke(u), newBlock(u), newUnblock(u), newRoom(u), newAudit(u))
	root.AddCommand(newCompletion(u))
	inOrder(root)
	return root
}

func addGroup(root *cobra.Command, id string, cmds ...*cobra.Command) {
	for _, cmd := range cmds {
		cmd.GroupID = id
	}
	root.AddCommand(cmds...)
}

// inOrder keeps the flags of all commands in the order in which they are defined.
func inOrder(cmd *cobra.Command) {
	for _, c := range cmd.Commands() {
		c.Flags().SortFlags = false
		inOrder(c)
	}
}

func (u *ui) version() error {
	version := "(devel)"
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		version = info.Main.Version
	}
	if u.json {
		return u.printJSON(struct {
			Version string `json:"version"`
		}{version})
	}
	u.print("usersig " + version + "\n")
	return nil
}

// plainWord is what may be shown of an argument that should have been a command:
// anything else may be a secret in the wrong place.
var plainWord = regexp.MustCompile(`^[a-z-]{1,16}$`)

func noSuchCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	f := misuse("there is no such command")
	if plainWord.MatchString(args[0]) {
		f = misuse("there is no command %q", args[0])
		for _, s := range cmd.SuggestionsFor(args[0]) {
			f = f.hint("did you mean: %s %s", cmd.CommandPath(), s)
		}
	}
	return f.hint("see: %s --help", cmd.CommandPath())
}

func newHelp() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Explain a command",
		RunE: func(cmd *cobra.Command, args []string) error {
			target, rest, err := cmd.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return noSuchCommand(target, rest)
			}
			target.InitDefaultHelpFlag()
			return target.Help()
		},
	}
}

// flagFailure says what is wrong with a flag. It never repeats a value that was
// given: that may be a secret.
func flagFailure(cmd *cobra.Command, err error) error {
	see := sentence("see: %s --help", cmd.CommandPath())
	if e, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		return badValue(e.GetFlag(), e.Unwrap()).hint("%w", see)
	}
	if e, ok := errors.AsType[*pflag.ValueRequiredError](err); ok {
		return misuse("--%s needs a value", e.GetFlag().Name).hint("%w", see)
	}
	if e, ok := errors.AsType[*pflag.InvalidSyntaxError](err); ok && strings.Contains(e.GetSpecifiedFlag(), "-BEGIN ") {
		return misuse("a key itself was given on the command line").
			hint("%w", keyOnCommandLine)
	}
	f := misuse("there is no such flag")
	if e, ok := errors.AsType[*pflag.NotExistError](err); ok {
		if name := e.GetSpecifiedName(); plainWord.MatchString(name) && e.GetSpecifiedShortnames() == "" {
			f = misuse("there is no flag --%s", name)
		}
	}
	return f.hint("flags are written with two dashes; %w", see)
}

// badValue keeps the hints that the parser of the value gave.
func badValue(flag *pflag.Flag, err error) *failure {
	if flag.Value.Type() == "bool" { // whose parser would repeat the value
		return misuse("--%s is given without a value", flag.Name)
	}
	if inner, ok := errors.AsType[*failure](err); ok {
		f := misuse("--%s: %w", flag.Name, inner.message)
		f.hints = inner.hints
		return f
	}
	return misuse("--%s: %w", flag.Name, bare{err})
}

// needs returns an error that names all the given flags that are missing.
func needs(cmd *cobra.Command, flags ...string) error {
	var missing []string
	for _, name := range flags {
		if f := cmd.Flags().Lookup(name); !f.Changed {
			missing = append(missing, "--"+name+" "+f.Value.Type())
		}
	}
	if len(missing) == 0 {
		return nil
	}
	list := bilingual{strings.Join(missing, ", "), strings.Join(missing, "、")}
	if last := len(missing) - 1; last > 0 {
		list.en = strings.Join(missing[:last], ", ") + " and " + missing[last]
	}
	return misuse("%s needs %s", cmd.Name(), list).
		hint("see: %s --help", cmd.CommandPath())
}

// needsHere is needs for a verb that needs a key unless a server has it.
func needsHere(cmd *cobra.Command, remotely bool, flags ...string) error {
	if !remotely {
		flags = append(flags, "key")
	}
	return needs(cmd, flags...)
}

// noArgs refuses arguments. It does not repeat them.
func noArgs(cmd *cobra.Command, args []string) error { return atMost(0)(cmd, args) }

// atMost refuses more than n arguments, which are one or none.
func atMost(n int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) <= n {
			return nil
		}
		f := misuse("%s takes no argument besides its flags, and got %d", cmd.Name(), len(args))
		if n == 1 {
			f = misuse("%s takes one argument besides its flags, and got %d", cmd.Name(), len(args))
		}
		return f.hint("what has spaces in it stands in quotation marks; see: %s --help", cmd.CommandPath())
	}
}
