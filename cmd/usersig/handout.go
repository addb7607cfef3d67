package main

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"usersig"
	"usersig/internal/remote"
	"usersig/keyszip"
)

// handout is where key material goes that a server hands out. It does so once.
type handout struct {
	dir, zip string
}

func (h *handout) define(cmd *cobra.Command) {
	f := cmd.Flags()
	addDefault(f, &h.dir, "dir", "DIR", "write the key that the server hands out into this directory", ".", asIs)
	addFlag(f, &h.zip, "zip", "FILE", "write the key pair into this zip file instead", asIs)
}

// ready finds out whether the key could be written, before there is one.
func (h *handout) ready() error {
	names := []string{h.zip, h.secret()}
	if h.zip == "" {
		if err := makeDir(h.dir); err != nil {
			return err
		}
		names = []string{filepath.Join(h.dir, keyszip.PrivateName), filepath.Join(h.dir, keyszip.PublicName), h.secret()}
	}
	for _, name := range names {
		if _, err := os.Lstat(name); err == nil {
			return alreadyExists(name)
		}
	}
	// Whether one may write there is known after one has.
	probe, err := os.CreateTemp(filepath.Dir(names[0]), ".usersig-")
	if err != nil {
		return fileFailure(filepath.Dir(names[0]), err)
	}
	_ = probe.Close()
	if err := os.Remove(probe.Name()); err != nil {
		return fileFailure(filepath.Dir(names[0]), err)
	}
	return nil
}

func (h *handout) secret() string {
	if h.zip != "" {
		return filepath.Join(filepath.Dir(h.zip), secretName)
	}
	return filepath.Join(h.dir, secretName)
}

// keep writes what was handed out, which may be nothing, and returns the files.
func (h *handout) keep(made remote.Handout, id string) ([]string, error) {
	files, err := h.files(made, id)
	if err != nil {
		return nil, err
	}
	if err := createAll(files...); err != nil {
		f := asFailure(err)
		return nil, f.hint("the server made key %s and does not hand it out again: make another with usersig key rotate", show(id))
	}
	names := []string{}
	for _, f := range files {
		names = append(names, f.path)
	}
	return names, nil
}

func (h *handout) files(made remote.Handout, id string) ([]newFile, error) {
	if made.SecretKey != "" {
		secret, err := usersig.ParseSecret([]byte(made.SecretKey))
		if err != nil || secret.ID() != id {
			return nil, notThatKey()
		}
		return []newFile{{h.secret(), []byte(secret.Reveal() + "\n")}}, nil
	}
	if len(made.KeysZip) == 0 {
		return nil, nil
	}
	key, err := unzip(made.KeysZip)
	if err != nil || key.ID() != id {
		return nil, notThatKey()
	}
	if h.zip != "" {
		return []newFile{{h.zip, made.KeysZip}}, nil
	}
	pair, err := keyszip.Files(key)
	if err != nil {
		return nil, err
	}
	return []newFile{
		{filepath.Join(h.dir, pair[0].Name), pair[0].Content},
		{filepath.Join(h.dir, pair[1].Name), pair[1].Content},
	}, nil
}

func notThatKey() error {
	return cannot("the key that the server hands out is not the one it names").
		hint("end it with usersig key kill, and tell the server's operator")
}

// unzip returns the private key in a keys.zip.
func unzip(packed []byte) (*usersig.PrivateKey, error) {
	z, err := zip.NewReader(bytes.NewReader(packed), int64(len(packed)))
	if err != nil {
		return nil, err
	}
	f, err := z.Open(keyszip.PrivateName)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxKeyFile))
	if err != nil {
		return nil, err
	}
	return usersig.ParsePrivateKey(text)
}

// withoutKeys returns JSON of a server without the key material in it, and with the files
// that this is in now.
func withoutKeys(text json.RawMessage, files []string) (map[string]any, error) {
	var object map[string]json.RawMessage
	if err := json.Unmarshal(text, &object); err != nil {
		return nil, err
	}
	out := map[string]any{}
	for name, value := range object {
		out[name] = value
	}
	delete(out, "keys_zip")
	delete(out, "secret_key")
	if len(files) > 0 {
		out["files"] = files
	}
	return out, nil
}

// sayKept tells where a key is.
func (u *ui) sayKept(k remote.Key, files []string) {
	for _, path := range files {
		u.note("wrote %s", brief(path))
	}
	if k.Curve != "" {
		u.note("key id %s (%s)", show(k.KeyID), show(k.Curve))
		return
	}
	u.note("key id %s", show(k.KeyID))
}
