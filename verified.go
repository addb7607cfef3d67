package usersig

import (
	"bytes"
	"log/slog"
	"time"
)

// Verified is what a [Verifier] established about a token. The zero value is not
// valid and names nobody.
type Verified struct {
	app     uint32
	scheme  Scheme
	purpose Purpose
	user    string
	issued  int64
	expires int64
	key     string
	userBuf []byte
	grant   Grant
}

// IsValid reports whether v came from a successful verification.
func (v Verified) IsValid() bool { return v.purpose != 0 }

// AppID returns the application the token was made for.
func (v Verified) AppID() uint32 { return v.app }

// UserID returns the user the token was made for.
func (v Verified) UserID() string { return v.user }

// Purpose returns what the token was made for and was checked as.
func (v Verified) Purpose() Purpose { return v.purpose }

// IssuedAt returns when the token was issued, to the second, according to the
// issuer.
func (v Verified) IssuedAt() time.Time { return instant(v.issued) }

// ExpiresAt returns when the token stops being valid, not counting leeway: its
// last valid second, or the end of the year 9999 if that is earlier. For a
// PrivateMapKey it is the earlier of the two expiry times it has.
func (v Verified) ExpiresAt() time.Time { return instant(v.expires) }

// KeyID returns the ID of the key that signed the token.
func (v Verified) KeyID() string { return v.key }

// Scheme returns the scheme of the token.
func (v Verified) Scheme() Scheme { return v.scheme }

// UserBuf returns a copy of the token's user buffer, or nil if it has none.
func (v Verified) UserBuf() []byte { return bytes.Clone(v.userBuf) }

// Grant returns the room grant in the token. It returns [ErrNoGrant] unless v came
// from [Verifier.VerifyPrivateMapKey].
func (v Verified) Grant() (Grant, error) {
	if v.purpose != PrivateMapKey {
		return Grant{}, refuse(ErrNoGrant)
	}
	return v.grant, nil
}

// LogValue implements [slog.LogValuer]. It never includes the token.
func (v Verified) LogValue() slog.Value {
	return slog.GroupValue(
		slog.Uint64("sdkappid", uint64(v.app)), slog.String("userid", v.user),
		slog.Time("issued_at", v.IssuedAt()), slog.Time("expires_at", v.ExpiresAt()),
		slog.String("key_id", v.key),
	)
}
