// Package row says how a store writes what it keeps: records and users as JSON
// documents, the audit log as one block of JSON lines for each commit. The stores
// share it, so that a row reads the same wherever it is kept.
//
// It does no I/O and knows no database.
package row

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"usersig/server/internal/issuer"
)

// EncodeRecord returns r as a document. All times in it are UTC: a document keeps
// whole minutes of a zone's offset only, and not every zone has those.
func EncodeRecord(r *issuer.Record) (string, error) {
	c := *r
	c.App.CreatedAt, c.App.UpdatedAt = c.App.CreatedAt.UTC(), c.App.UpdatedAt.UTC()
	c.Keys = slices.Clone(r.Keys)
	for i := range c.Keys {
		k := &c.Keys[i]
		k.CreatedAt, k.RetireAt, k.EndedAt = k.CreatedAt.UTC(), utc(k.RetireAt), utc(k.EndedAt)
	}
	c.APIKeys = slices.Clone(r.APIKeys)
	for i := range c.APIKeys {
		k := &c.APIKeys[i]
		k.CreatedAt, k.ExpiresAt, k.DeletedAt = k.CreatedAt.UTC(), utc(k.ExpiresAt), utc(k.DeletedAt)
	}
	text, err := json.Marshal(&c)
	if err != nil {
		return "", fmt.Errorf("encode record of app %d: %w", r.App.ID, err)
	}
	return string(text), nil
}

func utc(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	return new(t.UTC())
}

// DecodeRecord reads what [EncodeRecord] returned. The record belongs to the caller.
func DecodeRecord(text string) (*issuer.Record, error) {
	r := new(issuer.Record)
	if err := json.Unmarshal([]byte(text), r); err != nil {
		return nil, fmt.Errorf("decode record: %w", err)
	}
	return r, nil
}

// EncodeUser returns u as a document.
func EncodeUser(u issuer.User) (string, error) {
	u.BlockedUntil = u.BlockedUntil.UTC()
	text, err := json.Marshal(u)
	if err != nil {
		return "", fmt.Errorf("encode user: %w", err)
	}
	return string(text), nil
}

// DecodeUser reads what [EncodeUser] returned.
func DecodeUser(text string) (issuer.User, error) {
	var u issuer.User
	if err := json.Unmarshal([]byte(text), &u); err != nil {
		return issuer.User{}, fmt.Errorf("decode user: %w", err)
	}
	return u, nil
}

// CheckText refuses text that not every store can hold: PostgreSQL takes neither a
// NUL nor what is not UTF-8. A store that cut such text, or changed it, would let one
// user ID stand for another. The error wraps [issuer.ErrInvalid].
func CheckText(what, s string) error {
	if !utf8.ValidString(s) || strings.IndexByte(s, 0) >= 0 {
		return fmt.Errorf("%w: %s is not text that can be stored", issuer.ErrInvalid, what)
	}
	return nil
}

// CheckOnce refuses what [issuer.Tx.Once] cannot remember. An empty value would look
// like nothing remembered.
func CheckOnce(key, value string) error {
	if err := CheckText("key", key); err != nil {
		return err
	}
	if value == "" {
		return fmt.Errorf("%w: an empty value cannot be remembered", issuer.ErrInvalid)
	}
	return CheckText("value", value)
}

// ErrNoEntry is the answer to a put in a commit without an audit entry: what is put
// carries the number of its commit, and such a commit has none, so that nobody would
// ever be told of the change.
var ErrNoEntry = fmt.Errorf("%w: nothing is put without an audit entry", issuer.ErrInvalid)
