// Package diagnose recognises the mistakes that make a UserSig fail in the field,
// so that a person can be told which one it was and not only which check failed.
//
// Its findings are guesses for people. Nothing may be admitted because of one.
package diagnose

import (
	"fmt"
	"strings"
	"time"

	"usersig"
	"usersig/internal/wire"
)

// A Question is a token, what it was checked against, and how that ended.
type Question struct {
	Token   string // exactly as it was given
	AppID   uint32 // 0 if not known
	UserID  string // empty if not known
	Keys    []usersig.VerifyingKey
	Purpose usersig.Purpose
	Now     time.Time
	Err     error // what the verifier, or Inspect, answered
}

// A Finding is one recognised mistake, in two languages.
type Finding struct {
	ID     string // such as "rfc4648"
	en, zh string
}

// In returns the finding's text: Chinese for tags that begin with "zh", English for
// any other.
func (f Finding) In(language string) string {
	if strings.HasPrefix(strings.ToLower(language), "zh") {
		return f.zh
	}
	return f.en
}

// subject is what detectors look at.
type subject struct {
	Question
	fields  *wire.Fields // nil if the token cannot be decoded
	fault   wire.Fault   // why not
	field   string       // and where
	decoder wire.Decoder
}

// A detector recognises one mistake, or returns nil.
type detector func(*subject) *Finding

// Token returns what could be recognised, the likeliest cause first. It costs a few
// signature checks at most and holds nothing of the token but the names of fields
// that do not belong there.
func Token(q Question) []Finding {
	s := &subject{Question: q}
	s.decode()
	if s.fields != nil {
		return append(first(s, keys), every(s, notes)...)
	}
	if stranger := first(s, strangers); stranger != nil {
		return stranger
	}
	if undone := unwrap(s.Token); undone != nil {
		return undone
	}
	s.Token = peel(s.Token)
	s.decode()
	return first(s, damages)
}

// first returns what the first detector to recognise something says.
func first(s *subject, detectors []detector) []Finding {
	for _, detect := range detectors {
		if f := detect(s); f != nil {
			return []Finding{*f}
		}
	}
	return nil
}

// every returns what all detectors say.
func every(s *subject, detectors []detector) (all []Finding) {
	for _, detect := range detectors {
		all = append(all, first(s, []detector{detect})...)
	}
	return all
}

func (s *subject) decode() {
	fields, err := s.decoder.Decode(s.Token)
	if err == nil {
		s.fields = fields
		return
	}
	if e, ok := err.(*wire.Error); ok { //nolint:errorlint // Decode returns the type itself
		s.fault, s.field = e.Fault, e.Field
	}
}

// decodes reports whether token can be decoded, as a check that a guess is right.
func decodes(token string) bool {
	var d wire.Decoder
	_, err := d.Decode(token)
	return err == nil
}

// found makes a Finding; args are for both texts.
func found(id, en, zh string, args ...any) *Finding {
	if len(args) > 0 {
		en, zh = fmt.Sprintf(en, args...), fmt.Sprintf(zh, args...)
	}
	return &Finding{id, en, zh}
}
