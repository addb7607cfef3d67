package issuer

import (
	"net/netip"
	"time"

	"usersig"
	"usersig/server/internal/access"
)

// FirstAppID is the SDKAppID of the first application: Tencent's console counts from
// 1400000000 too.
const FirstAppID = 1400000000

// Platform is the number of the record that holds the operators' API keys. It is
// not an application and has no other use.
const Platform = 0

// Record is all that is kept about one application. It is stored as one JSON
// document: its parts only make sense together.
type Record struct {
	App     App      `json:"app"`
	Keys    []Key    `json:"keys"`           // in the order they were made, dead ones included
	Past    []string `json:"past,omitempty"` // the IDs of dead keys too many to be kept whole
	APIKeys []APIKey `json:"api_keys"`
	// KEKCheck is what only the store's KEK opens, of the record with the number
	// [Platform]. It has no other content.
	KEKCheck []byte `json:"kek_check,omitempty"`
}

// App is an application.
type App struct {
	ID        uint32    `json:"sdkappid"`
	Name      string    `json:"name"`
	State     AppState  `json:"state"`
	Settings  Settings  `json:"settings"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

// AppState says whether an application serves.
type AppState string

// The states. A deleted application is kept so that its number is never used again.
const (
	Running AppState = "running"
	Stopped AppState = "stopped"
	Deleted AppState = "deleted"
)

// Settings are what an operator can choose for an application.
type Settings struct {
	// Scheme is that of new keys: "ecdsa" (v1) or "hmac" (v2).
	Scheme string `json:"scheme"`
	// Curve is that of new ECDSA keys, such as "P-256".
	Curve string `json:"curve,omitempty"`
	// Custody is "none" or "hosted". With none, the private key is handed out once
	// and only the public key stays; a SECRETKEY both signs and verifies, so an
	// application with scheme "hmac" is hosted.
	Custody string `json:"custody"`
	// MaxTTL is the longest life of a token that the server issues, in seconds.
	MaxTTL int64 `json:"max_ttl"`
	// UserIDs is "portable" (letters, digits, '_' and '-', at most 32) or "any".
	UserIDs string `json:"user_ids"`
	// RequirePrivateMapKey makes a PrivateMapKey necessary to enter a room.
	RequirePrivateMapKey bool `json:"require_privatemapkey"`
	// Admins are the users whose UserSig may call the REST API in Tencent's shape.
	Admins []string `json:"admins,omitempty"`
	// OIDC lets signed-in users of an identity provider fetch a UserSig of their own.
	OIDC *OIDC `json:"oidc,omitempty"`
}

// OIDC names an OpenID Connect provider and the claim that is the user ID.
type OIDC struct {
	Issuer   string `json:"issuer"`
	Audience string `json:"audience"`
	Claim    string `json:"claim"` // "sub" unless said otherwise
}

// Key is one key of an application.
type Key struct {
	ID        string     `json:"key_id"`
	Scheme    string     `json:"scheme"`
	Curve     string     `json:"curve,omitempty"`
	State     KeyState   `json:"state"`
	Public    string     `json:"public_key,omitempty"` // PEM; empty for a SECRETKEY
	Sealed    []byte     `json:"sealed,omitempty"`     // under the KEK; empty if not hosted
	Imported  bool       `json:"imported,omitempty"`
	SignNext  bool       `json:"sign_next,omitempty"` // if imported: the next rotation makes it sign
	MaxTTL    int64      `json:"max_ttl,omitempty"`   // the longest life of a token it can have signed, in seconds
	CreatedAt time.Time  `json:"created_at"`
	CreatedBy string     `json:"created_by"`
	RetireAt  *time.Time `json:"retire_at,omitempty"` // when a retired key stops verifying
	EndedAt   *time.Time `json:"ended_at,omitempty"`  // when it was retired or killed
	EndedBy   string     `json:"ended_by,omitempty"`
	Reason    string     `json:"reason,omitempty"`
	// KeepSessions says of a dead key that who came in with it may stay.
	KeepSessions bool `json:"keep_sessions,omitempty"`
}

// KeyState is a step in the life of a key.
type KeyState string

// The states, in order. There is at most one signing key.
const (
	Next    KeyState = "next"    // published to verifiers, does not sign yet
	Signing KeyState = "signing" // signs and verifies
	Retired KeyState = "retired" // verifies until RetireAt
	Dead    KeyState = "dead"    // nothing
)

// APIKey is a credential of a customer's back end, or of an operator.
type APIKey struct {
	ID        string         `json:"id"`
	Name      string         `json:"name"`
	Hash      []byte         `json:"hash"` // SHA-256 of the secret, which has 256 random bits
	Scopes    []access.Scope `json:"scopes"`
	Networks  []netip.Prefix `json:"networks,omitempty"` // where it may be used from; empty for anywhere
	CreatedAt time.Time      `json:"created_at"`
	CreatedBy string         `json:"created_by"`
	ExpiresAt *time.Time     `json:"expires_at,omitempty"`
	DeletedAt *time.Time     `json:"deleted_at,omitempty"`
}

// User is what is known about one user beyond what tokens say.
type User struct {
	// RevokedTo is the last second, in Unix time, whose tokens are void.
	RevokedTo int64 `json:"revoked_to,omitempty"`
	// BlockedUntil is when a block ends, zero if there is none.
	BlockedUntil time.Time `json:"blocked_until,omitzero"`
}

// Handout is key material that is delivered once, in the answer to the request that
// made it, and kept by nobody here.
type Handout struct {
	Private *usersig.PrivateKey // or
	Secret  *usersig.Secret
}
