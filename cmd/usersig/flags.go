package main

import (
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"usersig"
)

// value is a flag whose text is parsed where it is read.
type value struct {
	kind  string // what stands for the value in help
	text  string
	set   func(string) error
	many  bool
	times int // it was given
}

func (v *value) String() string { return v.text }
func (v *value) Type() string   { return v.kind }

// Set implements [pflag.Value].
func (v *value) Set(text string) error {
	if err := v.set(text); err != nil {
		return err
	}
	v.text = text
	v.times++
	return nil
}

// onceEach refuses a flag that was given twice: the second value would silently win
// over the first, which is not what anybody means who gives two keys to sign with. Set
// cannot tell, because the shell's completion sets every flag twice.
func onceEach(cmd *cobra.Command, _ []string) error {
	var twice *failure
	cmd.Flags().Visit(func(f *pflag.Flag) {
		if v, ok := f.Value.(*value); ok && v.times > 1 && !v.many && twice == nil {
			twice = misuse("--%s: given twice", f.Name).hint("give it once; see: %s --help", cmd.CommandPath())
		}
	})
	if twice == nil {
		return nil // and not a nil *failure
	}
	return twice
}

// addFlag defines a flag of any type. The kind is what stands for the value in help.
func addFlag[T any](f *pflag.FlagSet, to *T, name, kind, usage string, parse func(string) (T, error)) *value {
	v := &value{kind: kind, set: func(text string) error {
		parsed, err := parse(text)
		if err == nil {
			*to = parsed
		}
		return err
	}}
	f.Var(v, name, usage)
	return v
}

// addDefault is addFlag for a flag with a default. The text must parse.
func addDefault[T any](f *pflag.FlagSet, to *T, name, kind, usage, text string, parse func(string) (T, error)) {
	v := addFlag(f, to, name, kind, usage, parse)
	if err := v.set(text); err != nil {
		panic("default of --" + name + ": " + err.Error())
	}
	v.text = text
	f.Lookup(name).DefValue = text
}

func asIs(text string) (string, error) { return text, nil }

func parseApp(text string) (uint32, error) {
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil || n == 0 {
		return 0, misuse("an SDKAppID is a whole number from 1 to 4294967295").hint("the console shows it beside the application's name")
	}
	return uint32(n), nil
}

func parseAddress(text string) (string, error) {
	if _, err := netip.ParseAddr(text); err != nil {
		return "", misuse("an address is like 192.0.2.7 or 2001:db8::7")
	}
	return text, nil
}

func parseRoomID(text string) (uint32, error) {
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil || n == 0 || n == 1<<32-1 {
		return 0, misuse("a room number is a whole number from 1 to 4294967294").
			hint("a room with a name is --room-name")
	}
	return uint32(n), nil
}

func parseRoomName(text string) (string, error) {
	if text == "" {
		return "", misuse("the name is empty").hint("give the name of the room; a room with a number is --room N")
	}
	return text, nil
}

// The library's errors repeat a part of the name they do not know. On a command line
// it may be a secret in the wrong place.

func parseCurve(text string) (usersig.Curve, error) {
	curve, err := usersig.ParseCurve(text)
	if err != nil {
		return 0, misuse("a curve is P-256, secp256k1, P-384 or P-521")
	}
	return curve, nil
}

func parseAllow(text string) (usersig.Privilege, error) {
	allow, err := usersig.ParsePrivilege(text)
	if err != nil {
		return 0, misuse("rights are %s", bilingual{rights, rightsZH})
	}
	return allow, nil
}

const rights = "all, audience, none, a number up to 255, or a list of create, join, send-audio, receive-audio, " +
	"send-video, receive-video, send-screen, receive-screen"

const rightsZH = "all、audience、none、不超过 255 的数字，或以逗号连接的 create、join、send-audio、receive-audio、" +
	"send-video、receive-video、send-screen、receive-screen"

func parsePurpose(text string) (usersig.Purpose, error) {
	for _, p := range []usersig.Purpose{usersig.UserSig, usersig.PrivateMapKey, usersig.UserBuf} {
		if p.String() == text {
			return p, nil
		}
	}
	return 0, misuse("a purpose is usersig, privatemapkey or userbuf")
}

// parseNumber returns a parser of whole numbers in a range.
func parseNumber(least, most int) func(string) (int, error) {
	return func(text string) (int, error) {
		n, err := strconv.Atoi(text)
		if err != nil || n < least || n > most {
			return 0, misuse("must be a whole number from %d to %d", least, most)
		}
		return n, nil
	}
}

// Flags that several verbs have.

func appFlag(cmd *cobra.Command, to *uint32) {
	addFlag(cmd.Flags(), to, "app", "N", "SDKAppID of the application", parseApp)
}

func userFlag(cmd *cobra.Command, to *string) {
	addFlag(cmd.Flags(), to, "user", "ID", "user ID, letter for letter", asIs)
}

// roomFlags are the two that name a room. It has one of them.
func roomFlags(cmd *cobra.Command, to *usersig.Room, before string) {
	addFlag(cmd.Flags(), &to.ID, "room", "N", before+"with this number", parseRoomID)
	addFlag(cmd.Flags(), &to.Name, "room-name", "S", before+"with this name", parseRoomName)
}

const keyUsage = `, in this file; "-" is standard input`

func keyFlag(cmd *cobra.Command, to *string, what string) {
	addFlag(cmd.Flags(), to, "key", "FILE", what+keyUsage, asIs)
}

func ttlFlag(cmd *cobra.Command, to *time.Duration) {
	addDefault(cmd.Flags(), to, "ttl", "D", "how long a token stays valid, such as 180d, 24h, 1h30m or 3600s", "180d", parseTTL)
}

func atFlag(cmd *cobra.Command, to *time.Time, what string) {
	addFlag(cmd.Flags(), to, "at", "T", what+", as RFC 3339 or in unix seconds (default now)", parseAt)
}

// values offers the values of a flag to the shell's completion.
func values(cmd *cobra.Command, flag string, offered ...string) {
	if err := cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(offered, cobra.ShellCompDirectiveNoFileComp)); err != nil {
		panic(err) // there is no such flag
	}
}

// completeAllow offers what can follow the last comma.
func completeAllow(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
	before := typed[:strings.LastIndexByte(typed, ',')+1]
	offered := []string{before + "all", before + "audience", before + "none"}
	for p := usersig.CreateRoom; p <= usersig.ReceiveScreen; p <<= 1 {
		offered = append(offered, before+p.String())
	}
	return offered, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}
