package main

import (
	"errors"
	"io"
	"os"
	"regexp"
	"runtime"
	"strings"

	"usersig"
)

// maxKeyFile is the most that is read of a key file. No key is as large.
const maxKeyFile = 64 << 10

const standardInput = "-"

// keyFile is a file named by --key. One of its keys is set.
type keyFile struct {
	name    string
	flag    string // that named it, --key if empty
	open    bool   // to others than its owner
	private *usersig.PrivateKey
	public  *usersig.PublicKey
	secret  *usersig.Secret
	err     error // why it is none of these
}

// readKey reads a key file and finds out which kind of key it holds.
func (u *ui) readKey(name string) (keyFile, error) {
	k := keyFile{name: name}
	text, err := u.readKeyText(&k)
	if err != nil {
		return keyFile{}, err
	}
	if k.private, err = usersig.ParsePrivateKey(text); err == nil {
		return k, nil
	}
	if k.public, err = usersig.ParsePublicKey(text); err == nil {
		return k, nil
	}
	// Of what is none of the three the last parser says best what it is: it knows
	// the PEM files that the first two refused.
	k.secret, k.err = usersig.ParseSecret(text)
	return k, nil
}

func (u *ui) readKeyText(k *keyFile) ([]byte, error) {
	if k.name == standardInput {
		return readAtMost(u.stdin, k.shown())
	}
	f, err := os.Open(k.name)
	if err != nil {
		return nil, k.missing(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fileFailure(k.name, err)
	}
	if info.IsDir() && k.flag != "" {
		return nil, cannot("%s is a directory", k.shown()).hint("name a file in the directory")
	}
	if info.IsDir() {
		return nil, cannot("%s is a directory, not a key file", k.shown()).
			hint("name the file in it: private_key signs, public_key verifies, secret_key does both")
	}
	k.open = runtime.GOOS != "windows" && info.Mode().IsRegular() && info.Mode().Perm()&0o077 != 0
	return readAtMost(f, k.shown())
}

func readAtMost(r io.Reader, name message) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxKeyFile+1))
	switch {
	case err != nil:
		return nil, cannot("%s: %w", name, withoutPath(err))
	case len(text) > maxKeyFile:
		return nil, cannot("%s is larger than 64 KiB, which no key is", name).hint("check that this is the right file")
	}
	return text, nil
}

// missing is the error for a file that cannot be opened. Somebody may have given
// the key itself, which must then not appear on the screen and in the logs as well
// as in the shell's history.
func (k *keyFile) missing(err error) error {
	if !looksLikeKey(k.name) {
		return fileFailure(k.name, err)
	}
	flag := "key"
	if k.flag != "" {
		flag = k.flag
	}
	return misuse("--%s names no file, and what was given looks like a key itself", flag).
		hint("%w", keyOnCommandLine)
}

var keyOnCommandLine = sentence("put the key into a file that only you can read and name the file: " +
	"what is on a command line ends up in the process list and in the shell's history")

// looksLikeKey reports whether text that should be a file's name may be a key: PEM,
// a line of it, a secret, or an API key. Names of files have a dot or a slash before they get so
// long; base64 has slashes, too, but little else of what paths are made of.
func looksLikeKey(text string) bool {
	switch {
	case strings.HasPrefix(text, "usk_"), strings.HasPrefix(text, "eyJ") && strings.Count(text, ".") == 2:
		return true // an API key, or a token of an identity provider
	case strings.Contains(text, "-----"), strings.ContainsAny(text, "\r\n"):
		return true
	case strings.ContainsAny(text, `.\`):
		return false
	case !strings.Contains(text, "/"):
		return len(text) >= 24
	default:
		return len(text) >= 40 && strings.Trim(text, base64Alphabet) == ""
	}
}

const base64Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="

// unusable is the error for a file that holds no key of the right kind.
func (k *keyFile) unusable(err error) *failure {
	e, ok := errors.AsType[*usersig.KeyError](err)
	if !ok {
		return cannot("%s: %w", k.shown(), bare{err})
	}
	zh := e.In("zh")
	// Which parser it was that gave up says nothing: all of them were tried.
	text := bilingual{strings.TrimPrefix(e.Message, "parse secret: "), strings.TrimPrefix(zh.Message, "解析 SECRETKEY：")}
	hint := bilingual{strings.ReplaceAll(e.Hint, "FILE", k.argument()), strings.ReplaceAll(zh.Hint, "FILE", k.argument())}
	return cannot("%s: %w", k.shown(), text).hint("%w", hint)
}

func (k *keyFile) shown() message {
	if k.name == standardInput {
		return sentence("standard input")
	}
	return sentence("%s", brief(k.name))
}

// argument returns the file's name as it can stand in a command that is suggested.
func (k *keyFile) argument() string {
	if !plainName.MatchString(k.name) {
		return "FILE"
	}
	return k.name
}

// plainName matches names that mean nothing to a shell: a suggested command is pasted.
var plainName = regexp.MustCompile(`^[A-Za-z0-9_./@+,][A-Za-z0-9_./@+,-]{0,79}$`)

// signingKey reads the key of --key for signing.
func (u *ui) signingKey(name string) (usersig.SigningKey, error) {
	k, err := u.readKey(name)
	switch {
	case err != nil:
		return nil, err
	case k.public != nil:
		return nil, cannot("%s is a public key, which verifies; signing takes the private key or a SECRETKEY", k.shown()).
			hint("give the file private_key instead")
	case k.err != nil:
		return nil, k.unusable(k.err)
	}
	u.warnAboutKey(&k)
	if k.secret != nil {
		return k.secret, nil
	}
	return k.private, nil
}

// verifyingKey reads a key of --key for verifying.
func (u *ui) verifyingKey(name string) (usersig.VerifyingKey, error) {
	k, err := u.readKey(name)
	switch {
	case err != nil:
		return nil, err
	case k.private != nil:
		// It could be used. But a private key has no place where tokens are
		// verified, and this is where it would be noticed that it got there.
		return nil, cannot("%s is a private key, which signs; verifying takes the public key or a SECRETKEY", k.shown()).
			hint("make the public key from it: usersig public --key %s", k.argument())
	case k.err != nil:
		return nil, k.unusable(k.err)
	case k.public != nil:
		return k.public, nil
	}
	u.warnAboutKey(&k)
	return k.secret, nil
}

// warnAboutMode warns about a key that others can read.
func (u *ui) warnAboutMode(k *keyFile) {
	if k.open {
		u.warn("others can read the key in %s", k.shown())
		u.hint("take it from them: chmod 600 %s", k.argument())
	}
}

// consoleSecret is the form of the secrets that consoles and keygen make.
var consoleSecret = regexp.MustCompile(`^[0-9a-fA-F]{64}$`)

// publicKey reads a key of --key that is to be given away.
func (u *ui) publicKey(name string) (*usersig.PublicKey, error) {
	k, err := u.readKey(name)
	switch {
	case err != nil:
		return nil, err
	case k.public != nil:
		return k.public, nil
	case k.err != nil:
		return nil, k.unusable(k.err)
	}
	return nil, cannot("%s is a private key or a SECRETKEY, which stays where it is", k.shown()).
		hint("give the file public_key; it is made by: usersig public --key %s", k.argument())
}

// warnAboutKey warns about a key that others can read or guess.
func (u *ui) warnAboutKey(k *keyFile) {
	u.warnAboutMode(k)
	switch {
	case k.secret == nil || consoleSecret.MatchString(k.secret.Reveal()):
	case !k.secret.Strong():
		u.warn("the secret in %s is shorter than the console's 64 characters and may be guessed", k.shown())
		u.hint("check that it is whole; usersig keygen --secret makes one that cannot be guessed")
	default:
		// Every character counts, so a name or a comment copied along makes another
		// secret, and nothing but a refused token would tell.
		u.warn("the secret in %s is not 64 hexadecimal characters, as the console's are", k.shown())
		u.hint("check that the file holds the secret alone, unless yours is of another form")
	}
}
