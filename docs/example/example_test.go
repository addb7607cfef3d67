// Package example holds the Go code of README.md and README.zh-CN.md. Each part between "region"
// and "endregion" is a code block there, letter for letter; a test at the root compares them.
package example

import (
	"context"
	"fmt"
	"log"
	"time"

	"usersig"
)

// region issue

// issue returns a UserSig for user that lasts a day. The key is the file private_key.
func issue(privateKey []byte, user string) (string, error) {
	key, err := usersig.ParsePrivateKey(privateKey)
	if err != nil {
		return "", err
	}
	signer, err := usersig.NewSigner(1400000000, key, nil) // keep it: it is safe for concurrent use
	if err != nil {
		return "", err
	}
	return signer.Sign(usersig.Claims{UserID: user, TTL: 24 * time.Hour})
}

// endregion

// region verify

// newVerifier accepts tokens of two keys: the new one, and the old one until it retires.
func newVerifier(publicKey, oldPublicKey []byte, retire time.Time) (*usersig.Verifier, error) {
	key, err := usersig.ParsePublicKey(publicKey)
	if err != nil {
		return nil, err
	}
	old, err := usersig.ParsePublicKey(oldPublicKey)
	if err != nil {
		return nil, err
	}
	keys := []usersig.VerifyingKey{key, usersig.RetireAt(old, retire)}
	return usersig.NewVerifier(1400000000, keys, nil)
}

// admit says whether a client that claims to be user may come in, and if not, why.
func admit(ctx context.Context, v *usersig.Verifier, token, user string) string {
	who, err := v.Verify(ctx, token, user)
	if refusal, ok := usersig.RefusalOf(err); ok {
		return fmt.Sprintf("%d %s", refusal.Code, refusal.In("en").Message)
	}
	if err != nil {
		return "try again later" // the revocation list could not be read
	}
	return "welcome, " + who.UserID()
}

// endregion

// region purposes

// threePurposes makes and checks one token of each kind. None passes for another.
func threePurposes(ctx context.Context, s *usersig.Signer, v *usersig.Verifier) error {
	// A UserSig: it is alice.
	token, err := s.Sign(usersig.Claims{UserID: "alice", TTL: 24 * time.Hour})
	if err != nil {
		return err
	}
	if _, err = v.Verify(ctx, token, "alice"); err != nil {
		return err
	}

	// A PrivateMapKey: in room 1001, alice may enter, listen and watch.
	room := usersig.Room{ID: 1001}
	grant := usersig.Grant{Room: room, Allow: usersig.Audience}
	token, err = s.Sign(usersig.Claims{UserID: "alice", TTL: time.Hour, Grant: &grant})
	if err != nil {
		return err
	}
	who, err := v.VerifyPrivateMapKey(ctx, token, "alice", room)
	if err != nil {
		return err
	}
	granted, err := who.Grant()
	if err != nil {
		return err
	}
	if err := granted.Require(usersig.JoinRoom | usersig.ReceiveAudio); err != nil {
		return err
	}

	// A token with a user buffer: bytes of your own.
	token, err = s.Sign(usersig.Claims{UserID: "alice", TTL: time.Hour, UserBuf: []byte("level 7")})
	if err != nil {
		return err
	}
	_, err = v.VerifyUserBuf(ctx, token, "alice")
	return err
}

// endregion

func Example() {
	ctx := context.Background()
	now, err := usersig.GenerateKey(usersig.P256)
	check(err)
	old, err := usersig.GenerateKey(usersig.Secp256k1)
	check(err)
	v, err := newVerifier(now.Public().EncodePEM(), old.Public().EncodePEM(), time.Now().Add(time.Hour))
	check(err)

	for _, key := range []*usersig.PrivateKey{now, old} {
		pem, err := key.EncodePEM()
		check(err)
		token, err := issue(pem, "alice")
		check(err)
		fmt.Println(admit(ctx, v, token, "alice"))
		fmt.Println(admit(ctx, v, token, "bob"))
	}
	signer, err := usersig.NewSigner(1400000000, now, nil)
	check(err)
	fmt.Println(threePurposes(ctx, signer, v))
	// Output:
	// welcome, alice
	// 70013 token is for another user: it was issued for "alice", wanted "bob"
	// welcome, alice
	// 70013 token is for another user: it was issued for "alice", wanted "bob"
	// <nil>
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
