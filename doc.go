// Package usersig signs, verifies and inspects UserSig credentials: the short
// text tokens by which Tencent RTC and Chat style services learn which user a
// client is.
//
// A back end that holds a signing key makes a token with a [Signer]:
//
//	signer, err := usersig.NewSigner(1400000000, key, nil)
//	// handle err
//	token, err := signer.Sign(usersig.Claims{UserID: "alice", TTL: time.Hour})
//
// A service that holds the matching public key, or the shared secret, checks it
// with a [Verifier]:
//
//	verifier, err := usersig.NewVerifier(1400000000, []usersig.VerifyingKey{key.Public()}, nil)
//	// handle err
//	who, err := verifier.Verify(ctx, token, "alice")
//
// # Three types, three degrees of trust
//
// [Claims] is what an issuer asks for. [Inspection] is what a token says about
// itself, and may be a lie. [Verified] is what a verifier knows to be true. Only
// this package can make a Verified that is not the zero value, so a function that
// takes one cannot be called with an unchecked token.
//
// # Three purposes, never interchangeable
//
// A UserSig proves who the user is; [Verifier.Verify] checks it. A PrivateMapKey
// grants rights in one room; [Verifier.VerifyPrivateMapKey] checks it. A token
// with a free user buffer carries a customer's own bytes;
// [Verifier.VerifyUserBuf] checks it. None of the three calls accepts a token
// made for another, however well it is signed.
//
// # Keys
//
// There are two token schemes, and the key chooses between them, never the token.
// A [PrivateKey] makes version 1 tokens (ECDSA with SHA-256) and its [PublicKey]
// checks them. A [Secret] both makes and checks version 2 tokens (HMAC-SHA256).
// A Verifier may hold keys of both kinds while an application moves from one to
// the other; a token is only ever tried against keys of its own scheme.
//
// Keys are created with [GenerateKey] and [GenerateSecret], or loaded with
// [ParsePrivateKey], [ParsePublicKey] and [ParseSecret]. A key that lives in a KMS
// or HSM is wrapped with [NewPrivateKey]. There is no default path and no global
// key ring.
//
// A token does not name its key. To rotate, give the Verifier the new key and the
// old one, and let the old one lapse with [RetireAt].
//
// # Refusals
//
// A token that is refused yields a [*Refusal]: a code that Tencent's own error
// tables list, a reason, a sentence and a remedy, in English and in Chinese. It
// wraps an [Error], a constant that works with [errors.Is] and in a switch.
//
// # Tokens are not identifiers
//
// The same claims can be encoded as many different token strings, and an ECDSA
// signature can be altered without the key and stay valid. Never use a token, or
// a hash of one, as a cache key, a deny-list entry or an identity. Use the user,
// the application and the time of issue.
//
// # Compatibility
//
// A token that verifies with any v1 release of this package will verify with all
// later v1 releases, given the same keys and options, unless it was accepted by a
// security bug.
package usersig
