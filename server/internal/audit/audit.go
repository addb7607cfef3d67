// Package audit is the record of who asked for what and whether they got it. Every
// entry names the one before it by its hash, so that an entry cannot be changed,
// left out or moved without all later ones giving it away.
//
// The package knows the chain; where entries are kept is for a store to say.
package audit

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"usersig/server/internal/access"
)

// Entry is one line of the log.
type Entry struct {
	Seq     int64         `json:"seq"` // from 1, without gaps
	At      time.Time     `json:"at"`
	Caller  string        `json:"caller"`
	Source  string        `json:"source,omitempty"`
	Request string        `json:"request,omitempty"`
	Action  access.Action `json:"action"`
	App     uint32        `json:"sdkappid,omitempty"`
	Subject string        `json:"subject,omitempty"` // a user, a key, an API key
	Outcome Outcome       `json:"outcome"`
	Detail  string        `json:"detail,omitempty"` // a reason given, a room, a count
	Hash    string        `json:"hash"`             // of the entry before and of this one
}

// Outcome is how a request for an act ended.
type Outcome string

// The outcomes.
const (
	Done    Outcome = "done"    // it was allowed and is in effect
	Denied  Outcome = "denied"  // the caller may not
	Refused Outcome = "refused" // the caller may, but it was not possible
)

// Genesis is the hash before the first entry.
const Genesis = "usersig-audit-1"

// Link sets the number and the hash of e, which follows an entry with number seq and
// hash prev.
func (e *Entry) Link(seq int64, prev string) error {
	_, err := e.AppendLinked(nil, seq, prev)
	return err
}

// AppendLinked is [Entry.Link], and appends the JSON of the linked entry to dst.
func (e *Entry) AppendLinked(dst []byte, seq int64, prev string) ([]byte, error) {
	e.Seq, e.Hash, e.At = seq+1, "", e.At.UTC()
	// What is hashed stands in dst for a moment, so that the text is made once: the hash
	// before it, whose length is fixed but for the first, and the entry's text with its
	// own hash left empty.
	start := len(dst)
	dst = append(append(dst, prev...), '\n')
	text := len(dst)
	dst, err := e.AppendJSON(dst)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(dst[start:])
	var digits [2 * sha256.Size]byte
	hex.Encode(digits[:], sum[:])
	e.Hash = string(digits[:])
	n := start + copy(dst[start:], dst[text:])
	dst = dst[:n-len(`"}`)] // the hash is the last member
	return append(append(dst, e.Hash...), `"}`...), nil
}

// ErrBroken is what a Checker answers for a log that was tampered with.
var ErrBroken = errors.New("audit log is broken")

// A Checker reads a log from its beginning and finds what was changed, left out or
// moved. The zero value is ready.
type Checker struct {
	seq  int64
	hash string
}

// Next checks one entry against all before it. The error wraps [ErrBroken].
func (c *Checker) Next(e Entry) error {
	prev := c.hash
	if c.seq == 0 {
		prev = Genesis
	}
	if e.Seq != c.seq+1 {
		return fmt.Errorf("%w: entry %d follows entry %d: entries are missing or in another order", ErrBroken, e.Seq, c.seq)
	}
	want := e
	if err := want.Link(c.seq, prev); err != nil {
		return err
	}
	if want.Hash != e.Hash {
		return fmt.Errorf("%w: entry %d was changed, or one before it", ErrBroken, e.Seq)
	}
	c.seq, c.hash = e.Seq, e.Hash
	return nil
}

// Head returns the number and the hash of the last entry that was good. Written
// down elsewhere, it gives away a log whose end was cut off.
func (c *Checker) Head() (seq int64, hash string) { return c.seq, c.hash }
