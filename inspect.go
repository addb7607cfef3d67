package usersig

import (
	"bytes"
	"encoding/json"
	"time"

	"usersig/internal/wire"
)

// Inspection is what a token says about itself. Nothing in it has been checked:
// use it to choose a [Verifier] by AppID, to explain a failure or to fill a
// log line, and never to admit anyone.
type Inspection struct {
	Scheme     Scheme
	Purpose    Purpose
	AppID      uint32
	UserID     string
	IssuedAt   time.Time
	TTL        time.Duration // as much of it as a Duration can hold
	ExpiresAt  time.Time     // no later than the end of the year 9999
	UserBuf    []byte        // nil if the token has none
	Grant      *Grant        // if Purpose is PrivateMapKey and UserBuf is one to its end
	Signature  []byte
	Compressed bool
	Unsigned   []string // names of fields that no signature covers
}

// Inspect decodes a token without verifying it. The error is a [*Refusal].
func Inspect(token string) (*Inspection, error) {
	if token == "" {
		return nil, refuse(ErrEmpty)
	}
	if err := wire.CheckText(token); err != nil {
		// Before memory is taken for what cannot be a token.
		return nil, malformed(err)
	}
	var d wire.Decoder
	f, err := d.Decode(token)
	if err != nil {
		return nil, malformed(err)
	}
	i := &Inspection{
		Scheme: Scheme(f.Scheme), Purpose: purposeOf(f),
		AppID: f.AppID, UserID: string(f.UserID),
		IssuedAt: instant(f.Time), TTL: seconds(f.Expire), ExpiresAt: instant(f.ExpiresAt()),
		Signature: bytes.Clone(f.Sig), Compressed: f.Compressed, Unsigned: d.Unsigned(),
	}
	if f.HasUserBuf {
		i.UserBuf = append([]byte{}, f.UserBuf...)
	}
	if ticket, ok := wire.ParseTicket(f.UserBuf); ok && i.Purpose == PrivateMapKey {
		i.Grant = new(grantOf(&ticket))
	}
	return i, nil
}

// MarshalJSON writes the inspection with the names that every other JSON of this
// package uses. The lifetime is in seconds.
func (i Inspection) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Scheme     Scheme    `json:"scheme"`
		Purpose    Purpose   `json:"purpose"`
		AppID      uint32    `json:"sdkappid"`
		UserID     string    `json:"userid"`
		IssuedAt   time.Time `json:"issued_at"`
		ExpiresAt  time.Time `json:"expires_at"`
		TTL        int64     `json:"ttl"`
		UserBuf    []byte    `json:"userbuf,omitempty"`
		Grant      *Grant    `json:"grant,omitempty"`
		Signature  []byte    `json:"signature"`
		Compressed bool      `json:"compressed"`
		Unsigned   []string  `json:"unsigned,omitempty"`
	}{
		i.Scheme, i.Purpose, i.AppID, i.UserID, i.IssuedAt, i.ExpiresAt, int64(i.TTL / time.Second),
		i.UserBuf, i.Grant, i.Signature, i.Compressed, i.Unsigned,
	})
}
