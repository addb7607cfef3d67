package issuer

import (
	"encoding/json"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"usersig"
)

// Custodies of private keys.
const (
	CustodyNone   = "none"
	CustodyHosted = "hosted"
)

// complete fills in defaults and refuses settings that contradict each other.
func (t *Settings) complete() error {
	orElse(&t.Scheme, usersig.SchemeECDSA.String())
	orElse(&t.UserIDs, "portable")
	if t.MaxTTL == 0 {
		t.MaxTTL = int64(usersig.DefaultMaxTTL / time.Second)
	}
	switch t.Scheme {
	case usersig.SchemeECDSA.String():
		orElse(&t.Curve, usersig.P256.String())
		orElse(&t.Custody, CustodyNone)
		if _, err := usersig.ParseCurve(t.Curve); err != nil {
			return invalid("%v", err)
		}
	case usersig.SchemeHMAC.String():
		orElse(&t.Custody, CustodyHosted)
		if t.Curve != "" || t.Custody != CustodyHosted {
			return invalid("scheme hmac has no curve, and its custody is hosted and nothing else: a SECRETKEY verifies what it signs, so it has to be here")
		}
	default:
		return invalid("scheme %.16q is neither ecdsa nor hmac", t.Scheme)
	}
	switch {
	case t.Custody != CustodyNone && t.Custody != CustodyHosted:
		return invalid("custody %.16q is neither none nor hosted", t.Custody)
	case t.UserIDs != "portable" && t.UserIDs != "any":
		return invalid("user_ids %.16q is neither portable nor any", t.UserIDs)
	case t.MaxTTL < 1 || t.MaxTTL > int64(usersig.LongestTTL/time.Second):
		return invalid("max_ttl is not between a second and 50 years")
	case len(t.Admins) > 5:
		return invalid("there can be 5 admins at most")
	}
	for i, admin := range t.Admins {
		if !plainText(admin, usersig.MaxUserID) {
			return invalid("admins: a user ID has 1 to %d bytes of UTF-8, none of them a control character", usersig.MaxUserID)
		}
		if slices.Contains(t.Admins[:i], admin) {
			return invalid("admins: one of them is there twice")
		}
	}
	return t.OIDC.complete()
}

func (o *OIDC) complete() error {
	if o == nil {
		return nil
	}
	orElse(&o.Claim, "sub")
	if o.Audience == "" || !safeIssuer(o.Issuer) {
		return invalid("oidc needs an audience, and an issuer with https")
	}
	if !plainText(o.Issuer, 512) || !plainText(o.Audience, 512) || !plainText(o.Claim, 128) {
		return invalid("oidc: issuer and audience have 512 bytes of UTF-8 at most and claim 128, none of them a control character")
	}
	return nil
}

// plainText reports whether text has 1 to most bytes of UTF-8 without control characters.
func plainText(text string, most int) bool {
	return text != "" && len(text) <= most && utf8.ValidString(text) && strings.IndexFunc(text, unicode.IsControl) < 0
}

// safeIssuer reports whether keys fetched from an issuer are its own: over TLS, or
// from this machine.
func safeIssuer(issuer string) bool {
	u, err := url.Parse(issuer)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return false
	}
	host, _ := netip.ParseAddr(u.Hostname())
	return u.Scheme == "https" || u.Scheme == "http" && (host.IsLoopback() || u.Hostname() == "localhost")
}

func orElse(s *string, otherwise string) {
	if *s == "" {
		*s = otherwise
	}
}

// text writes settings out, so that they can be compared. It cannot fail: they are
// plain values.
func (t Settings) text() string {
	text, _ := json.Marshal(t)
	return string(text)
}
