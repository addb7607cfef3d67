package usersig_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"usersig"
)

// The clocks of the examples stand still, so that what they print stays the same.
var (
	morning = func() time.Time { return time.Date(2026, time.November, 23, 9, 0, 0, 0, time.UTC) }
	evening = func() time.Time { return time.Date(2026, time.November, 23, 21, 0, 0, 0, time.UTC) }
)

const exampleSecret = "5bd2850fff3ecb11d7c805251c51ee463a25727bddc2385f3fa8bfee1bb93b5e"

// must returns v. Programs handle the error; in an example it is in the way.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// exampleSigner signs with a secret at nine in the morning.
func exampleSigner() *usersig.Signer {
	secret := must(usersig.ParseSecret([]byte(exampleSecret)))
	return must(usersig.NewSigner(1400000000, secret, &usersig.SignerOptions{Clock: morning}))
}

// exampleVerifier checks what exampleSigner signs, by the given clock.
func exampleVerifier(clock func() time.Time) *usersig.Verifier {
	secret := must(usersig.ParseSecret([]byte(exampleSecret)))
	return must(usersig.NewVerifier(1400000000, []usersig.VerifyingKey{secret}, &usersig.VerifierOptions{Clock: clock}))
}

// A back end signs with its private key; a service checks with the public key.
func Example() {
	key, err := usersig.GenerateKey(usersig.P256)
	if err != nil {
		panic(err)
	}
	signer, err := usersig.NewSigner(1400000000, key, nil)
	if err != nil {
		panic(err)
	}
	token, err := signer.Sign(usersig.Claims{UserID: "alice", TTL: time.Hour})
	if err != nil {
		panic(err)
	}

	verifier, err := usersig.NewVerifier(1400000000, []usersig.VerifyingKey{key.Public()}, nil)
	if err != nil {
		panic(err)
	}
	who, err := verifier.Verify(context.Background(), token, "alice")
	switch {
	case errors.Is(err, usersig.ErrExpired):
		fmt.Println("issue a new one")
	case err != nil:
		fmt.Println("refused:", usersig.Code(err), err)
	default:
		fmt.Println("welcome,", who.UserID())
	}
	// Output: welcome, alice
}

func ExampleNewSigner() {
	secret, err := usersig.ParseSecret([]byte(exampleSecret))
	if err != nil {
		panic(err)
	}
	signer, err := usersig.NewSigner(1400000000, secret, &usersig.SignerOptions{MaxTTL: 24 * time.Hour})
	if err != nil {
		panic(err)
	}
	_, err = signer.Sign(usersig.Claims{UserID: "alice", TTL: 30 * 24 * time.Hour})
	fmt.Println(signer.AppID(), signer.Scheme())
	fmt.Println(err)
	// Output:
	// 1400000000 hmac
	// claims cannot be signed: TTL of 2592000 s is longer than the 86400 s allowed
}

func ExampleSigner_Sign() {
	token, err := exampleSigner().Sign(usersig.Claims{UserID: "alice", TTL: time.Hour})
	fmt.Println(token[:4], err)
	// Output: eAEB <nil>
}

// A PrivateMapKey grants rights in one room.
func ExampleSigner_Sign_privateMapKey() {
	token, err := exampleSigner().Sign(usersig.Claims{
		UserID: "alice",
		TTL:    5 * time.Minute,
		Grant:  &usersig.Grant{Room: usersig.Room{Name: "lobby"}, Allow: usersig.Audience | usersig.SendAudio},
	})
	if err != nil {
		panic(err)
	}
	said, err := usersig.Inspect(token)
	fmt.Println(said.Purpose, said.Grant.Room, said.Grant.Allow, err)
	// Output: privatemapkey "lobby" join,send-audio,receive-audio,receive-video <nil>
}

// A server that signs many tokens gives AppendSign memory of its own.
func ExampleSigner_AppendSign() {
	signer := exampleSigner()
	line := make([]byte, 0, 512)
	for _, user := range []string{"alice", "bob"} {
		line = append(line[:0], user...)
		line = append(line, ' ')
		var err error
		if line, err = signer.AppendSign(line, usersig.Claims{UserID: user, TTL: time.Hour}); err != nil {
			panic(err)
		}
		fmt.Printf("%.12s…\n", line)
	}
	// Output:
	// alice eAEBpQ…
	// bob eAEBowBc…
}

// A verifier may hold several keys, and be stricter than a token is.
func ExampleNewVerifier() {
	next := must(usersig.GenerateKey(usersig.P256)).Public()
	secret := must(usersig.ParseSecret([]byte(exampleSecret)))
	_, err := usersig.NewVerifier(1400000000, []usersig.VerifyingKey{next, secret}, &usersig.VerifierOptions{
		Leeway: 10 * time.Second,
		MaxAge: 30 * 24 * time.Hour,
	})
	fmt.Println(err)
	_, err = usersig.NewVerifier(1400000000, nil, nil)
	fmt.Println(err)
	// Output:
	// <nil>
	// key cannot be used: no keys to verify with
}

func ExampleVerifier_Verify() {
	token := must(exampleSigner().Sign(usersig.Claims{UserID: "alice", TTL: time.Hour}))

	who, err := exampleVerifier(morning).Verify(context.Background(), token, "alice")
	fmt.Println(who.UserID(), who.ExpiresAt().Format(time.TimeOnly), err)

	who, err = exampleVerifier(morning).Verify(context.Background(), token, "bob")
	fmt.Println(who.IsValid(), err)

	_, err = exampleVerifier(evening).Verify(context.Background(), token, "alice")
	fmt.Println(usersig.Code(err), err)
	// Output:
	// alice 10:00:00 <nil>
	// false token is for another user: it was issued for "alice", wanted "bob"
	// 70001 token has expired: it was valid until 2026-11-23T10:00:00Z, 11h0m0s ago
}

// Authenticate learns from the token who the user is.
func ExampleVerifier_Authenticate() {
	token := must(exampleSigner().Sign(usersig.Claims{UserID: "alice", TTL: time.Hour}))
	who, err := exampleVerifier(morning).Authenticate(context.Background(), token)
	fmt.Println(who.UserID(), err)
	// Output: alice <nil>
}

func ExampleVerifier_VerifyPrivateMapKey() {
	room := usersig.Room{ID: 1001}
	token := must(exampleSigner().Sign(usersig.Claims{
		UserID: "alice", TTL: time.Hour,
		Grant: &usersig.Grant{Room: room, Allow: usersig.Audience},
	}))
	verifier := exampleVerifier(morning)

	who, err := verifier.VerifyPrivateMapKey(context.Background(), token, "alice", room)
	if err != nil {
		panic(err)
	}
	grant, err := who.Grant()
	fmt.Println(grant.Allow, err)

	// The room with the name "1001" is another room.
	_, err = verifier.VerifyPrivateMapKey(context.Background(), token, "alice", usersig.Room{Name: "1001"})
	fmt.Println(err)

	// And a PrivateMapKey is no proof of who somebody is.
	_, err = verifier.Verify(context.Background(), token, "alice")
	fmt.Println(err)
	// Output:
	// join,receive-audio,receive-video <nil>
	// PrivateMapKey is missing, wrong or expired: it is for room #1001, wanted room "1001"
	// token was made for another purpose: this is a PrivateMapKey, wanted a UserSig
}

func ExampleVerifier_VerifyUserBuf() {
	token := must(exampleSigner().Sign(usersig.Claims{UserID: "alice", TTL: time.Hour, UserBuf: []byte("order 42")}))
	who, err := exampleVerifier(morning).VerifyUserBuf(context.Background(), token, "alice")
	fmt.Printf("%s, %v\n", who.UserBuf(), err)
	// Output: order 42, <nil>
}

// A deny list is asked about tokens that passed every other check.
func ExampleVerifierOptions_revoked() {
	loggedOut := map[string]time.Time{"alice": morning().Add(time.Minute)}
	secret := must(usersig.ParseSecret([]byte(exampleSecret)))
	verifier := must(usersig.NewVerifier(1400000000, []usersig.VerifyingKey{secret}, &usersig.VerifierOptions{
		Clock: morning,
		Revoked: func(_ context.Context, who usersig.Verified) error {
			if !who.IssuedAt().After(loggedOut[who.UserID()]) {
				return usersig.ErrRevoked
			}
			return nil
		},
	}))
	for _, user := range []string{"alice", "bob"} {
		token := must(exampleSigner().Sign(usersig.Claims{UserID: user, TTL: time.Hour}))
		_, err := verifier.Verify(context.Background(), token, user)
		fmt.Println(user, err)
	}
	// Output:
	// alice token was revoked
	// bob <nil>
}

func ExampleVerified_Grant() {
	room := usersig.Room{Name: "lobby"}
	token := must(exampleSigner().Sign(usersig.Claims{
		UserID: "alice", TTL: time.Hour,
		Grant: &usersig.Grant{Room: room, Allow: usersig.Audience | usersig.SendAudio},
	}))
	who := must(exampleVerifier(morning).VerifyPrivateMapKey(context.Background(), token, "alice", room))
	grant, err := who.Grant()
	if err != nil {
		panic(err)
	}
	if grant.Permits(room, usersig.JoinRoom|usersig.SendAudio) {
		fmt.Println("may speak")
	}
	// Output: may speak
}

// Inspect says what a token says, and believes nothing.
func ExampleInspect() {
	token := must(exampleSigner().Sign(usersig.Claims{UserID: "alice", TTL: 24 * time.Hour}))
	said, err := usersig.Inspect(token)
	if err != nil {
		panic(err)
	}
	fmt.Println(said.Scheme, said.Purpose, said.AppID, said.UserID)
	fmt.Println(said.IssuedAt.Format(time.RFC3339), said.TTL)

	_, err = usersig.Inspect(token[:len(token)-8])
	fmt.Println(err)
	// Output:
	// hmac usersig 1400000000 alice
	// 2026-11-23T09:00:00Z 24h0m0s
	// token cannot be decoded: zlib: stream ends early
}

// A rotated key verifies until its tokens have run out.
func ExampleRetireAt() {
	oldKey := must(usersig.ParseSecret([]byte(exampleSecret)))
	newKey := must(usersig.GenerateSecret())
	cutover := morning().Add(6 * time.Hour)
	token := must(exampleSigner().Sign(usersig.Claims{UserID: "alice", TTL: 24 * time.Hour}))

	for _, clock := range []func() time.Time{morning, evening} {
		verifier := must(usersig.NewVerifier(1400000000, []usersig.VerifyingKey{
			newKey,
			usersig.RetireAt(oldKey, cutover),
		}, &usersig.VerifierOptions{Clock: clock}))
		_, err := verifier.Verify(context.Background(), token, "alice")
		fmt.Println(err)
	}
	// Output:
	// <nil>
	// no key matches the signature
}

// cloudKey stands for a key in a KMS: it signs, and does not say its value.
type cloudKey struct{ inside *ecdsa.PrivateKey }

func (k cloudKey) Public() crypto.PublicKey { return k.inside.Public() }

func (k cloudKey) Sign(random io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	return k.inside.Sign(random, digest, opts)
}

// A key that lives elsewhere signs through crypto.Signer.
func ExampleNewPrivateKey() {
	remote := cloudKey{must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))}
	key, err := usersig.NewPrivateKey(remote)
	if err != nil {
		panic(err)
	}
	signer := must(usersig.NewSigner(1400000000, key, nil))
	token := must(signer.Sign(usersig.Claims{UserID: "alice", TTL: time.Hour}))
	verifier := must(usersig.NewVerifier(1400000000, []usersig.VerifyingKey{key.Public()}, nil))
	_, err = verifier.Verify(context.Background(), token, "alice")
	fmt.Println(key.Curve(), err)
	// Output: P-256 <nil>
}

func ExampleNewPublicKey() {
	pair := must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader))
	key, err := usersig.NewPublicKey(&pair.PublicKey)
	fmt.Println(key.Curve(), err)
	// Output: P-384 <nil>
}

func ExampleGenerateKey() {
	key, err := usersig.GenerateKey(usersig.Secp256k1)
	if err != nil {
		panic(err)
	}
	private, err := key.EncodePEM()
	if err != nil {
		panic(err)
	}
	fmt.Printf("%.27s\n%.26s\n", private, key.Public().EncodePEM())
	// Output:
	// -----BEGIN PRIVATE KEY-----
	// -----BEGIN PUBLIC KEY-----
}

func ExampleParsePrivateKey() {
	pem := must(must(usersig.GenerateKey(usersig.P256)).EncodePEM())
	key, err := usersig.ParsePrivateKey(pem)
	fmt.Println(key.Curve(), err)
	// Output: P-256 <nil>
}

// The wrong kind of key is recognised and named.
func ExampleParsePublicKey() {
	private := must(must(usersig.GenerateKey(usersig.P256)).EncodePEM())
	_, err := usersig.ParsePublicKey(private)
	fmt.Println(err)
	if wrong, ok := errors.AsType[*usersig.KeyError](err); ok {
		fmt.Println(wrong.Hint)
	}
	// Output:
	// parse public key: this is a private key; only its public half belongs here
	// keep the private key to yourself and give the public half: usersig public --key FILE
}

func ExampleParseCurve() {
	curve, err := usersig.ParseCurve("secp256k1")
	fmt.Println(curve, err)
	// Output: secp256k1 <nil>
}

func ExampleGenerateSecret() {
	secret, err := usersig.GenerateSecret()
	if err != nil {
		panic(err)
	}
	fmt.Println(len(secret.Reveal()), secret.Strong())
	// Output: 64 true
}

func ExampleParseSecret() {
	secret, err := usersig.ParseSecret([]byte(exampleSecret + "\n"))
	fmt.Println(secret, err)
	_, err = usersig.ParseSecret([]byte("hunter2"))
	fmt.Println(err)
	// Output:
	// secret:102cfa8fe4dc1df6 <nil>
	// key cannot be used: secret is shorter than 8 bytes
}

// However a secret is printed, what comes out is its ID.
func ExampleSecret() {
	secret := must(usersig.ParseSecret([]byte(exampleSecret)))
	fmt.Printf("%v %#v %x\n", secret, secret, secret)
	text, _ := json.Marshal(map[string]any{"key": secret})
	fmt.Println(string(text))
	// Output:
	// secret:102cfa8fe4dc1df6 secret:102cfa8fe4dc1df6 secret:102cfa8fe4dc1df6
	// {"key":"secret:102cfa8fe4dc1df6"}
}

func ExampleGrant_Permits() {
	grant := usersig.Grant{Room: usersig.Room{ID: 1001}, Allow: usersig.Audience}
	fmt.Println(grant.Permits(usersig.Room{ID: 1001}, usersig.JoinRoom))
	fmt.Println(grant.Permits(usersig.Room{ID: 1001}, usersig.SendVideo))
	fmt.Println(grant.Permits(usersig.Room{ID: 1002}, usersig.JoinRoom))
	// Output:
	// true
	// false
	// false
}

// Require says which right is missing, with the code that TRTC's SDKs know.
func ExampleGrant_Require() {
	grant := usersig.Grant{Room: usersig.Room{ID: 1001}, Allow: usersig.Audience}
	fmt.Println(grant.Require(usersig.JoinRoom))
	err := grant.Require(usersig.SendScreen)
	fmt.Println(usersig.Code(err), err)
	// Output:
	// <nil>
	// -102015 no right to share a screen
}

func ExampleParsePrivilege() {
	allow, err := usersig.ParsePrivilege("audience,send-audio")
	fmt.Println(allow, err)
	// Output: join,send-audio,receive-audio,receive-video <nil>
}

func ExamplePortableUserID() {
	fmt.Println(usersig.PortableUserID("user_42"), usersig.PortableUserID("用户"))
	// Output: true false
}

// A refusal is one object wherever it appears.
func ExampleRefusal() {
	token := must(exampleSigner().Sign(usersig.Claims{UserID: "alice", TTL: time.Hour}))
	_, err := exampleVerifier(evening).Verify(context.Background(), token, "alice")
	text, _ := json.MarshalIndent(err, "", "  ")
	fmt.Println(string(text))
	// Output:
	// {
	//   "code": 70001,
	//   "trtc": -100018,
	//   "reason": "expired",
	//   "message": "token has expired: it was valid until 2026-11-23T10:00:00Z, 11h0m0s ago",
	//   "remedy": "issue a new token; if this one is new, compare the clocks of issuer and verifier and check that the lifetime is in seconds",
	//   "check": "time"
	// }
}

func ExampleRefusal_In() {
	_, err := usersig.Inspect("undefined")
	refusal, _ := usersig.RefusalOf(err)
	fmt.Println(refusal.In("zh-CN").Message)
	// Output: UserSig 无法解析：base64：长度不是 4 的倍数，可能被截断
}

func ExampleRefusalOf() {
	err := fmt.Errorf("admit alice: %w", usersig.ErrBlocked)
	refusal, ok := usersig.RefusalOf(err)
	fmt.Println(refusal.Code, refusal.Reason, ok)
	// Output: 70051 blocked true
}

func ExampleCode() {
	fmt.Println(usersig.Code(usersig.ErrSignature), usersig.Code(nil), usersig.Code(io.EOF))
	// Output: 70009 0 -1
}

// Errors serves to fill tables; an Error works in a switch.
func ExampleErrors() {
	for _, e := range usersig.Errors()[:3] {
		fmt.Println(e.Code(), e.Reason())
	}
	// Output:
	// 70002 empty
	// 70003 malformed
	// 70020 app_unknown
}
