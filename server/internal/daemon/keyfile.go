package daemon

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"usersig"
	"usersig/server/internal/access"
	"usersig/server/internal/config"
	"usersig/server/internal/custody"
	"usersig/server/internal/issuer"
)

// readKey returns the key of an application.
func readKey(ctx context.Context, a *config.App, sealed custody.KEK) (usersig.SigningKey, error) {
	if a.SealedFile != "" {
		text, err := readBounded(a.SealedFile)
		if err != nil {
			return nil, fmt.Errorf("sealed_file: %w", err)
		}
		return custody.Open(ctx, sealed, a.SDKAppID, a.KeyID, text)
	}
	key, err := ReadKeyFile(a.KeyFile)
	if err != nil {
		return nil, fmt.Errorf("key_file: %w", err)
	}
	if a.KeyID != "" && key.ID() != a.KeyID {
		return nil, fmt.Errorf("key_id: key_file has key %s", key.ID())
	}
	return key, nil
}

// ReadKeyFile reads a private_key or a SECRETKEY from a file that others cannot read.
func ReadKeyFile(path string) (usersig.SigningKey, error) {
	text, err := custody.ReadSecret(path)
	if err != nil {
		return nil, err
	}
	defer clear(text)
	if bytes.Contains(text, []byte("-----BEGIN ")) {
		key, err := usersig.ParsePrivateKey(text)
		if err != nil {
			return nil, err // not key, which would be an interface that is not nil
		}
		return key, nil
	}
	secret, err := usersig.ParseSecret(text)
	if err != nil {
		return nil, err
	}
	return secret, nil
}

func readPublicKey(path string) (issuer.Key, error) {
	text, err := readBounded(path)
	if err != nil {
		return issuer.Key{}, fmt.Errorf("public_key_files: %w", err)
	}
	p, err := usersig.ParsePublicKey(text)
	if err != nil {
		return issuer.Key{}, fmt.Errorf("public_key_files: %w", err)
	}
	return issuer.Key{
		ID: p.ID(), Scheme: usersig.SchemeECDSA.String(), Curve: p.Curve().String(), State: issuer.Next,
		Public: string(p.EncodePEM()), Imported: true, CreatedAt: since, CreatedBy: declaredBy,
	}, nil
}

func readAPIKey(k *config.APIKey) (issuer.APIKey, error) {
	id := k.ID
	var hash []byte
	if k.TokenFile != "" {
		text, err := custody.ReadSecret(k.TokenFile)
		if err != nil {
			return issuer.APIKey{}, fmt.Errorf("token_file: %w", err)
		}
		defer clear(text)
		if id, hash, err = issuer.ParseAPIKey(strings.TrimSpace(string(text))); err != nil {
			return issuer.APIKey{}, fmt.Errorf("token_file: %w", err)
		}
	} else {
		var err error
		if hash, err = hex.DecodeString(k.SHA256); err != nil || len(hash) != 32 {
			return issuer.APIKey{}, errors.New("sha256: it has 64 hexadecimal digits")
		}
	}
	stored := issuer.APIKey{ID: id, Name: k.Name, Hash: hash, Networks: k.Networks, CreatedAt: since, CreatedBy: declaredBy}
	for _, scope := range k.Scopes {
		stored.Scopes = append(stored.Scopes, access.Scope(scope))
	}
	return stored, nil
}

// maxKeyFile is longer than any file is that is read here.
const maxKeyFile = 64 << 10

// readBounded reads a file that may be public.
func readBounded(path string) ([]byte, error) {
	f, err := os.Open(path) //nolint:gosec // the operator's own path
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxKeyFile+1))
	if err == nil && len(text) > maxKeyFile {
		err = fmt.Errorf("%q is longer than %d bytes", path, maxKeyFile)
	}
	if err != nil {
		return nil, err
	}
	return text, nil
}

// SealFile seals the key in one file under the KEK of cfg, for an application of a
// stateless signer, and writes it to a new one. It returns the ID of the key.
func SealFile(ctx context.Context, cfg *config.Config, app uint32, from, to string) (id string, err error) {
	path := cfg.KEKPath()
	if path == "" {
		return "", errors.New("there is no KEK: set kek, or data with a KEK file")
	}
	kek, err := custody.OpenKEK(ctx, path, cfg.KEKOlder...)
	if err != nil {
		return "", err
	}
	key, err := ReadKeyFile(from)
	if err != nil {
		return "", err
	}
	text, err := custody.Seal(ctx, kek, app, key)
	if err != nil {
		return "", err
	}
	f, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) //nolint:gosec // the operator's own path
	if err != nil {
		return "", err
	}
	_, err = f.Write(text)
	if err := errors.Join(err, f.Close()); err != nil {
		return "", err
	}
	return key.ID(), nil
}
