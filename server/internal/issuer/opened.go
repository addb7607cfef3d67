package issuer

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"time"

	"usersig"
	"usersig/server/internal/custody"
)

// opened is a key that is ready for use.
type opened struct {
	public  usersig.VerifyingKey
	private usersig.SigningKey // nil if it is not hosted
	// What it was made from. As long as the record says the same of a key, it is not
	// opened again: a KMS that is away would make an outage of a new name.
	sealed []byte
	text   string
}

// open makes a member of a record, with the keys that old, which may be nil, has opened
// already. If the others cannot be opened it is there without any: one damaged row must
// not stop all other applications.
func (s *Service) open(ctx context.Context, r *Record, old *member) *member {
	m := &member{record: r, users: new(sync.Map), opened: map[string]opened{}}
	if old != nil {
		m.users = old.users
	}
	if r.App.ID == Platform {
		return m
	}
	if err := s.openKeys(ctx, m, old); err != nil {
		m.broken, m.brokenSince = fmt.Errorf("application %d: %w", r.App.ID, err), s.clock()
		if old != nil && old.broken != nil {
			m.brokenSince = old.brokenSince
		}
		m.verifier, m.signer, m.compact = nil, nil, nil
	}
	return m
}

// openKeys makes the application's verifier and, if its signing key is hosted, its
// signer. Keys that are over are left out, so that their private halves are let go of.
func (s *Service) openKeys(ctx context.Context, m, old *member) error {
	var verifying []usersig.VerifyingKey
	now := s.clock()
	for i := range m.record.Keys {
		k := &m.record.Keys[i]
		if !k.live(now) {
			continue
		}
		got, err := s.openKey(ctx, m.record.App.ID, k, old)
		if err != nil {
			return err
		}
		m.opened[k.ID] = got
		switch k.State {
		case Signing:
			// Most tokens are signed with it, so it is tried first.
			verifying = append([]usersig.VerifyingKey{got.public}, verifying...)
			m.signing = k.ID
			if err := s.openSigner(m, got.private); err != nil {
				return err
			}
		case Retired:
			verifying = append(verifying, usersig.RetireAt(got.public, *k.RetireAt))
		default:
			verifying = append(verifying, got.public)
		}
	}
	if len(verifying) == 0 {
		return nil
	}
	v, err := usersig.NewVerifier(m.record.App.ID, verifying, &usersig.VerifierOptions{
		Clock: s.clock, Revoked: s.revoked(m.users),
	})
	m.verifier = v
	return err
}

// openKey returns a key as old has it, or opens it.
func (s *Service) openKey(ctx context.Context, app uint32, k *Key, old *member) (opened, error) {
	if old != nil {
		was, ok := old.opened[k.ID]
		if ok && bytes.Equal(was.sealed, k.Sealed) && was.text == k.Public {
			return was, nil
		}
	}
	got := opened{sealed: k.Sealed, text: k.Public}
	if len(k.Sealed) == 0 {
		public, err := usersig.ParsePublicKey([]byte(k.Public))
		if err != nil {
			return opened{}, fmt.Errorf("key %s: %w", k.ID, err)
		}
		got.public = public
		return got, nil
	}
	private, err := custody.Open(ctx, s.kek, app, k.ID, k.Sealed)
	if err != nil {
		return opened{}, err
	}
	switch key := private.(type) {
	case *usersig.PrivateKey:
		got.public, got.private = key.Public(), key
	case *usersig.Secret:
		got.public, got.private = key, key
	default:
		return opened{}, fmt.Errorf("key %s: %w", k.ID, usersig.ErrInvalidKey)
	}
	return got, nil
}

func (s *Service) openSigner(m *member, private usersig.SigningKey) (err error) {
	if private == nil {
		return nil
	}
	opts := usersig.SignerOptions{Clock: s.clock, MaxTTL: time.Duration(m.record.App.Settings.MaxTTL) * time.Second}
	if m.signer, err = usersig.NewSigner(m.record.App.ID, private, &opts); err != nil {
		return err
	}
	opts.Compress = true
	m.compact, err = usersig.NewSigner(m.record.App.ID, private, &opts)
	return err
}
