package custody

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"

	"github.com/tink-crypto/tink-go/v2/core/registry"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// OpenKEK returns the KEK that uri names: a path or file:///path, or a key in a KMS such
// as aws-kms://…, for which a client must have been registered with Tink
// ([registry.RegisterKMSClient]). None is built in; docs/design/0010-custody.md shows
// how a build adds one.
//
// The KEK opens what any of older sealed too. That is how to move from a file to a KMS:
// start with both, [Rewrap] every key, and start without the old one.
//
// A KMS is not asked for anything here, so that a server which may decrypt only can open
// its KEK.
func OpenKEK(ctx context.Context, uri string, older ...string) (KEK, error) {
	primary, err := openKEK(ctx, uri)
	if err != nil || len(older) == 0 {
		return primary, err
	}
	s := &succession{primary: primary}
	for _, uri := range older {
		k, err := openKEK(ctx, uri)
		if err != nil {
			return nil, err
		}
		s.older = append(s.older, k)
	}
	return s, nil
}

func openKEK(ctx context.Context, uri string) (KEK, error) {
	scheme, rest, ok := strings.Cut(uri, "://")
	switch {
	case uri == "":
		return nil, errors.New("open KEK: there is neither a path nor a URI")
	case !ok:
		return OpenFile(uri)
	case scheme == "file":
		return openFileURI(rest)
	default:
		return openKMS(ctx, scheme, uri)
	}
}

func openFileURI(rest string) (KEK, error) {
	path, err := url.PathUnescape(rest)
	if err != nil || !strings.HasPrefix(path, "/") {
		return nil, errors.New("open KEK: a file URI has three slashes and then an absolute path, as in file:///etc/usersig/kek")
	}
	return OpenFile(path)
}

// openKMS does not repeat the URI in errors, nor Tink's, which do: whoever wrote
// credentials into one would find them in the log.
func openKMS(ctx context.Context, scheme, uri string) (KEK, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("open KEK: %w", err)
	}
	client, err := registry.GetKMSClient(uri)
	if err != nil {
		return nil, fmt.Errorf("open KEK: this build has no KMS client for such a %.16q URI; "+
			"file is built in, and another scheme needs a client that is registered in the build", scheme)
	}
	a, err := client.GetAEAD(uri)
	if err != nil {
		return nil, fmt.Errorf("open KEK: the %.16q client refuses the URI", scheme)
	}
	k := &kms{scheme: scheme}
	if k.aead, _ = a.(tink.AEADWithContext); k.aead == nil {
		k.aead = deaf{a}
	}
	return k, nil
}

// kms is a [KEK] whose key never leaves a KMS. Errors of its client are passed on: they
// say what the service answered, which is not what it was sent.
type kms struct {
	scheme string
	aead   tink.AEADWithContext
}

// Wrap implements [KEK].
func (k *kms) Wrap(ctx context.Context, plain, context []byte) ([]byte, error) {
	sealed, err := k.aead.EncryptWithContext(ctx, plain, context)
	if err != nil {
		return nil, fmt.Errorf("the %.16q KMS does not wrap the data key: %w", k.scheme, err)
	}
	return sealed, nil
}

// Unwrap implements [KEK]. The client's error cannot tell a wrong key from a KMS that is
// out of reach, so neither can ours.
func (k *kms) Unwrap(ctx context.Context, sealed, context []byte) ([]byte, error) {
	plain, err := k.aead.DecryptWithContext(ctx, sealed, context)
	if err != nil {
		return nil, fmt.Errorf("the %.16q KMS does not unwrap the data key: %w", k.scheme, err)
	}
	return plain, nil
}

// Format implements [fmt.Formatter]. Whatever the verb, no more than the scheme is
// printed: a client may hold credentials.
func (k *kms) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "kek:"+k.scheme) }

// deaf is a client that cannot be told to stop. It is not started for who has left.
type deaf struct{ tink.AEAD }

func (d deaf) EncryptWithContext(ctx context.Context, plain, context []byte) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return d.Encrypt(plain, context)
}

func (d deaf) DecryptWithContext(ctx context.Context, sealed, context []byte) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return d.Decrypt(sealed, context)
}

// succession is a [KEK] and those it replaces.
type succession struct {
	primary KEK
	older   []KEK
}

// Wrap implements [KEK].
func (s *succession) Wrap(ctx context.Context, plain, context []byte) ([]byte, error) {
	return s.primary.Wrap(ctx, plain, context)
}

// Unwrap implements [KEK]. If none of them can, the error is each one's: the row may be
// damaged, or the KMS that alone could open it out of reach.
func (s *succession) Unwrap(ctx context.Context, sealed, context []byte) ([]byte, error) {
	plain, err := s.primary.Unwrap(ctx, sealed, context)
	if err == nil {
		return plain, nil
	}
	for _, k := range s.older {
		plain, olderErr := k.Unwrap(ctx, sealed, context)
		if olderErr == nil {
			return plain, nil
		}
		err = fmt.Errorf("%w; %w", err, olderErr)
	}
	return nil, err
}

// current asks the primary KEK to open it unless it knows without: what a KMS made does
// not say by whom. If it cannot, then somebody else made it, or Rewrap will say why not.
func (s *succession) current(ctx context.Context, sealed, context []byte) bool {
	if r, ok := s.primary.(rotating); ok {
		return r.current(ctx, sealed, context)
	}
	plain, err := s.primary.Unwrap(ctx, sealed, context)
	clear(plain)
	return err == nil
}
