package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"usersig"
	"usersig/keyszip"
)

const secretName = "secret_key"

const keygenLong = `Make a key pair as two files, private_key and public_key, or as one keys.zip that
holds both; or, with --secret, a SECRETKEY for HMAC tokens (v2).

The private key signs: keep it where tokens are issued and nowhere else. The public
key verifies and may be given to anybody. A SECRETKEY does both, so whoever can
verify with it can also sign.

Files are readable to their owner only, and no file is ever overwritten.

A server makes the keys of its applications itself: see usersig key rotate.`

const keygenExample = `  # a key pair: keys/private_key and keys/public_key
  usersig keygen --dir keys

  # the same in one file, to hand out
  usersig keygen --curve secp256k1 --zip keys.zip

  # a SECRETKEY, into keys/secret_key
  usersig keygen --secret --dir keys`

type keygen struct {
	*ui
	curve  usersig.Curve
	dir    string
	zip    string
	secret bool
	server string
}

func newKeygen(u *ui) *cobra.Command {
	c := &keygen{ui: u}
	cmd := &cobra.Command{
		Use:     "keygen",
		Short:   "Make a key pair, or a SECRETKEY",
		Long:    keygenLong,
		Example: keygenExample,
		Args:    noArgs,
		RunE:    c.run,
	}
	f := cmd.Flags()
	addDefault(f, &c.curve, "curve", "CURVE", "P-256, secp256k1, P-384 or P-521", "P-256", parseCurve)
	addDefault(f, &c.dir, "dir", "DIR", "write the files into this directory", ".", asIs)
	addFlag(f, &c.zip, "zip", "FILE", "write the key pair into this zip file instead", asIs)
	f.BoolVar(&c.secret, "secret", false, "make a SECRETKEY and print it, or write it into --dir")
	values(cmd, "curve", "P-256", "secp256k1", "P-384", "P-521")
	// Whoever looks for it here is told where it is.
	for _, name := range []string{"server", "token", "ca", "app"} {
		addFlag(f, &c.server, name, "X", "not here: see usersig key rotate", asIs)
		f.Lookup(name).Hidden = true
	}
	return cmd
}

func (c *keygen) run(cmd *cobra.Command, _ []string) error {
	given := cmd.Flags().Changed
	switch {
	case given("server") || given("token") || given("ca") || given("app"):
		return misuse("keygen makes keys on this machine and asks no server").
			hint("to let an application on a server sign with a new key: usersig key rotate --server URL --token FILE --app N --dir keys")
	case given("zip") && given("dir"):
		return zipAndDir()
	case c.secret && (given("zip") || given("curve")):
		return misuse("--secret makes one secret without a curve").
			hint("leave out --zip and --curve")
	case c.secret:
		return c.makeSecret(given("dir"))
	}
	key, err := usersig.GenerateKey(c.curve)
	if err != nil {
		return err
	}
	if given("zip") {
		var packed bytes.Buffer
		if err := keyszip.Write(&packed, key, c.clock()); err != nil {
			return err
		}
		return c.finishPair(key, newFile{c.zip, packed.Bytes()})
	}
	files, err := keyszip.Files(key)
	if err != nil {
		return err
	}
	if err := makeDir(c.dir); err != nil {
		return err
	}
	return c.finishPair(key,
		newFile{filepath.Join(c.dir, files[0].Name), files[0].Content},
		newFile{filepath.Join(c.dir, files[1].Name), files[1].Content})
}

func zipAndDir() error {
	return misuse("--zip and --dir exclude each other").
		hint("name the folder in --zip: --zip DIR/keys.zip")
}

func (c *keygen) finishPair(key *usersig.PrivateKey, files ...newFile) error {
	if err := createAll(files...); err != nil {
		return err
	}
	made := madeKey{KeyID: key.ID(), Curve: key.Curve().String()}
	for _, f := range files {
		made.Files = append(made.Files, f.path)
	}
	if c.json {
		return c.printJSON(made)
	}
	for _, path := range made.Files {
		c.note("wrote %s", brief(path))
	}
	c.note("key id %s (%s)", made.KeyID, made.Curve)
	c.note("SHA-256 of the public key %s", fingerprint(key.Public()))
	return nil
}

// madeKey is keygen's JSON. It has a secret only where that is what goes to standard
// output.
type madeKey struct {
	KeyID  string   `json:"key_id"`
	Curve  string   `json:"curve,omitempty"`
	Files  []string `json:"files,omitempty"`
	Secret string   `json:"secret,omitempty"`
}

// fingerprint returns the whole hash of which the key ID is the beginning.
func fingerprint(key *usersig.PublicKey) string {
	block, _ := pem.Decode(key.EncodePEM())
	sum := sha256.Sum256(block.Bytes)
	return hex.EncodeToString(sum[:])
}

func (c *keygen) makeSecret(toFile bool) error {
	secret, err := usersig.GenerateSecret()
	if err != nil {
		return err
	}
	made := madeKey{KeyID: secret.ID()}
	if toFile {
		path := filepath.Join(c.dir, secretName)
		if err := makeDir(c.dir); err != nil {
			return err
		}
		if err := createAll(newFile{path, []byte(secret.Reveal() + "\n")}); err != nil {
			return err
		}
		made.Files = []string{path}
	} else {
		made.Secret = secret.Reveal()
	}
	switch {
	case c.json:
		return c.printJSON(made)
	case toFile:
		c.note("wrote %s", brief(made.Files[0]))
	default:
		c.print(made.Secret + "\n")
	}
	c.note("key id %s", made.KeyID)
	return nil
}

func makeDir(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fileFailure(dir, err)
	}
	return nil
}

// newFile is a file to be made.
type newFile struct {
	path    string
	content []byte
}

// createAll makes all of the files or none: half a key pair would stand in the way
// of the next try. It never replaces one, because a key that is lost cannot be made
// again.
func createAll(files ...newFile) error {
	for _, f := range files {
		if _, err := os.Lstat(f.path); err == nil {
			return alreadyExists(f.path)
		}
	}
	for i, f := range files {
		if err := f.create(); err != nil {
			for _, made := range files[:i] {
				_ = os.Remove(made.path)
			}
			return err
		}
	}
	return nil
}

func (f *newFile) create() error {
	// Between the look and now somebody may have made the file, hence O_EXCL.
	file, err := os.OpenFile(f.path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return alreadyExists(f.path)
	}
	if err != nil {
		return fileFailure(f.path, err)
	}
	_, err = file.Write(f.content)
	err = errors.Join(err, file.Sync(), file.Close())
	if err != nil {
		_ = os.Remove(f.path)
		return fileFailure(f.path, err)
	}
	return nil
}

func alreadyExists(path string) error {
	return cannot("%s already exists", brief(path)).
		hint("keys are never overwritten: move the file away, or write elsewhere")
}
