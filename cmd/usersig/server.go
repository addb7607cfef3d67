package main

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"usersig"
	"usersig/internal/remote"
)

// The variables that stand in for flags, so that they need not be repeated.
const (
	serverVar = "USERSIG_SERVER"
	tokenVar  = "USERSIG_TOKEN_FILE" //nolint:gosec // G101: the name of a variable
)

// serverFlags say which server is asked, and as whom.
type serverFlags struct {
	url, token, ca string
}

func (s *serverFlags) define(cmd *cobra.Command) {
	f := cmd.Flags()
	addFlag(f, &s.url, "server", "URL", "ask the usersigd at this address (default $"+serverVar+")", asIs)
	addFlag(f, &s.token, "token", "FILE", `API key for the server, in this file; "-" is standard input (default $`+tokenVar+")", asIs)
	addFlag(f, &s.ca, "ca", "FILE", "certificates, as PEM, that vouch for the server (default the system's)", asIs)
}

// remotely reports whether a verb that takes a key of one's own is to ask a server
// instead. What is on the command line counts more than what is in the environment.
func (u *ui) remotely(cmd *cobra.Command, s *serverFlags, unless ...string) (bool, error) {
	given := cmd.Flags().Changed
	switch {
	case given("server") && given("key"):
		return false, misuse("--server and --key exclude each other: the server has keys of its own").
			hint("leave out --key to ask the server, or --server to use the key")
	case given("key") || !given("server") && u.env(serverVar) == "":
		return false, nil
	}
	u.env.fill(s)
	for _, name := range unless {
		if given(name) {
			return false, misuse("--%s does not go with --server", name).hint("%w", notOnServer[name])
		}
	}
	return true, nil
}

// notOnServer says of flags what to do instead.
var notOnServer = map[string]message{
	"userbuf":  sentence("the server issues no tokens with bytes of your own: sign with a key of yours, --key FILE"),
	"at":       sentence("the server goes by its own clock: leave it out"),
	"leeway":   sentence("the server goes by its own clock: leave it out"),
	"compress": sentence("the server decides how a token is packed: leave it out"),
}

// environment returns the value of a variable.
type environment func(string) string

// fill takes from the environment what is not on the command line.
func (e environment) fill(s *serverFlags) {
	if s.url == "" {
		s.url = e(serverVar)
	}
	if s.token == "" {
		s.token = e(tokenVar)
	}
}

// dial returns a client of the server. Nothing is sent yet.
func (u *ui) dial(s *serverFlags) (*remote.Client, error) {
	u.env.fill(s)
	if s.url == "" {
		return nil, misuse("no server is named").hint("name it: --server URL, or set %s", serverVar)
	}
	if s.token == "" {
		return nil, misuse("no API key is given, and the server must know who asks").
			hint("name its file: --token FILE, or set %s; usersigd --init writes the first operator's to operator.token", tokenVar)
	}
	token, err := u.readToken(s.token)
	if err != nil {
		return nil, err
	}
	roots, err := certificates(s.ca)
	if err != nil {
		return nil, err
	}
	c, err := remote.New(s.url, token, &remote.Options{Roots: roots, Language: u.lang(), Wait: u.wait})
	if e, ok := errors.AsType[*remote.Error](err); ok && e.Fault == remote.BadToken {
		return nil, cannot("%s holds no API key", (&keyFile{name: s.token}).shown()).
			hint("the file has the API key on one line and nothing else")
	}
	return c, err
}

func (u *ui) readToken(name string) (string, error) {
	k := keyFile{name: name, flag: "token"}
	text, err := u.readKeyText(&k)
	if err != nil {
		return "", err
	}
	u.warnAboutMode(&k)
	return string(bytes.TrimSpace(text)), nil
}

// certificates reads a file of them. Without one it returns nil, for the system's.
func certificates(name string) (*x509.CertPool, error) {
	if name == "" {
		return nil, nil
	}
	f, err := os.Open(name) //nolint:gosec // G304: the file that the user names
	if err != nil {
		return nil, fileFailure(name, err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, 1<<20))
	if err != nil {
		return nil, fileFailure(name, err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, cannot("%s holds no certificates", brief(name)).
			hint("--ca takes certificates as PEM, which begin with -----BEGIN CERTIFICATE-----")
	}
	return pool, nil
}

// task is a command that only a server can do.
type task struct {
	use, short, long, example string
	needs                     []string
	flags                     func(*cobra.Command, *pflag.FlagSet)
	stdin                     func() bool // whether it reads standard input for something else
	run                       func(context.Context, *remote.Client) error
}

func (u *ui) serverVerb(v task) *cobra.Command {
	var s serverFlags
	cmd := &cobra.Command{
		Use: v.use, Short: v.short, Long: v.long, Example: v.example, Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := needs(cmd, v.needs...); err != nil {
				return err
			}
			if given := cmd.Flags().Changed; given("zip") && given("dir") {
				return zipAndDir()
			}
			if err := u.oneStdin(&s, v.stdin != nil && v.stdin()); err != nil {
				return err
			}
			client, err := u.dial(&s)
			if err != nil {
				return err
			}
			return v.run(context.Background(), client)
		},
	}
	if v.flags != nil {
		v.flags(cmd, cmd.Flags())
	}
	s.define(cmd)
	return cmd
}

// oneStdin refuses to read the API key and something else from standard input.
func (u *ui) oneStdin(s *serverFlags, other bool) error {
	u.env.fill(s)
	if s.token == standardInput && other {
		return misuse("the API key cannot come from standard input, which holds something else").
			hint("put the API key into a file that only you can read: --token FILE")
	}
	return nil
}

// group returns a command that is nothing but its commands.
func group(name, short, long string, cmds ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{
		Use: name, Short: short, Long: long, Example: cmds[0].Example, Args: noSuchCommand,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return misuse("there is no command").hint("see: %s --help", cmd.CommandPath())
		},
	}
	cmd.AddCommand(cmds...)
	return cmd
}

// printRaw prints JSON that came from a server on one line.
func (u *ui) printRaw(text json.RawMessage) error {
	var buf bytes.Buffer
	if err := json.Compact(&buf, text); err != nil {
		return err
	}
	u.print(buf.String() + "\n")
	return nil
}

// printDone is the JSON for what is done and has no other.
func (u *ui) printDone() error {
	return u.printJSON(struct {
		OK bool `json:"ok"`
	}{true})
}

// grid lines up rows of columns under their heads. What is empty is a dash.
func grid(rows [][]string) string {
	widest := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widest[i] = max(widest[i], width(cell), 1)
		}
	}
	var b strings.Builder
	for _, row := range rows {
		line := ""
		for i, cell := range row {
			if cell == "" {
				cell = "-"
			}
			line += cell + strings.Repeat(" ", widest[i]-width(cell)+2)
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	return b.String()
}

// wholeSeconds is what a server is asked for in seconds. Less than one is none, and
// not the server's choice.
func wholeSeconds(cmd *cobra.Command, ttl time.Duration) (time.Duration, error) {
	switch {
	case !cmd.Flags().Changed("ttl"):
		return 0, nil
	case ttl < time.Second:
		return 0, fromLibrary(errShort)
	}
	return ttl, nil
}

var errShort = fmt.Errorf("%w: TTL is less than a second", usersig.ErrInvalidClaims)
