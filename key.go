package usersig

import "time"

// A SigningKey is a [*PrivateKey] or a [*Secret]. The interface cannot be
// implemented outside this package; to sign with a key held elsewhere, implement
// [crypto.Signer] and use [NewPrivateKey].
type SigningKey interface {
	// ID returns a short, stable, public name for the key, the same for the two
	// halves of a key pair.
	ID() string

	signingKey()
}

// A VerifyingKey is a [*PublicKey], a [*Secret], or one of these wrapped by
// [RetireAt].
type VerifyingKey interface {
	// ID returns a short, stable, public name for the key.
	ID() string

	verifyingKey()
}

// RetireAt returns a key that verifies like key until the verifier's clock
// reaches t, and then verifies nothing. Of two times the earlier counts.
//
// The clock is what counts, not the time of issue in the token: whoever holds a
// leaked key can write any time of issue they like.
func RetireAt(key VerifyingKey, t time.Time) VerifyingKey {
	if r, ok := key.(*retiring); ok {
		if r.at.Before(t) {
			t = r.at
		}
		key = r.key
	}
	return &retiring{key, t}
}

type retiring struct {
	key VerifyingKey
	at  time.Time
}

func (r *retiring) ID() string    { return r.key.ID() }
func (r *retiring) verifyingKey() {}
