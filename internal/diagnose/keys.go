package diagnose

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"

	"usersig"
	"usersig/internal/eckey"
	"usersig/internal/wire"
)

// keys recognise why no key fits.
var keys = []detector{publicKeyAsSecret, wrongScheme, variantSecret, variantLines, oldNode, requestedUser, anotherAppsKey, appButKeyFits}

func (s *subject) secrets() (all []*usersig.Secret) {
	for _, k := range s.Keys {
		if secret, ok := k.(*usersig.Secret); ok {
			all = append(all, secret)
		}
	}
	return all
}

func (s *subject) publics() (all []*usersig.PublicKey) {
	for _, k := range s.Keys {
		if public, ok := k.(*usersig.PublicKey); ok {
			all = append(all, public)
		}
	}
	return all
}

func wrongScheme(s *subject) *Finding {
	switch {
	case !errors.Is(s.Err, usersig.ErrNoKey):
		return nil
	case s.fields.Scheme == wire.V1 && len(s.secrets()) > 0:
		return found("v1-with-secret", "the token is version 1 (ECDSA) and the key given is a SECRETKEY: verify it with public_key, or issue it with the HMAC (v2) library",
			"该 UserSig 为 v1（ECDSA），而提供的是 SECRETKEY：请用 public_key 校验，或改用 HMAC（v2）库签发")
	case s.fields.Scheme == wire.V2 && len(s.publics()) > 0:
		return found("v2-with-public-key", "the token is version 2 (HMAC) and the key given is a public key: verify it with the SECRETKEY, or issue it with private_key and the ECDSA (v1) library",
			"该 UserSig 为 v2（HMAC），而提供的是公钥：请用 SECRETKEY 校验，或改用 private_key 与 ECDSA（v1）库签发")
	}
	return nil
}

func (s *subject) macIs(key, message []byte) bool {
	mac := hmac.New(sha256.New, key)
	mac.Write(message)
	return hmac.Equal(mac.Sum(nil), s.fields.Sig)
}

// publicKeyAsSecret recognises the forgery that works where the token chooses the
// algorithm: an HMAC keyed with the text of a public key.
func publicKeyAsSecret(s *subject) *Finding {
	if !errors.Is(s.Err, usersig.ErrNoKey) || s.fields.Scheme != wire.V2 {
		return nil
	}
	for _, k := range s.publics() {
		if s.macIs(k.EncodePEM(), s.fields.AppendSigned(nil)) {
			return found("public-key-as-secret", "the token is an HMAC keyed with the text of the public key: either a forgery, or a PEM key pasted into the HMAC (v2) library",
				"该 UserSig 以公钥文本作为 HMAC 密钥：要么是伪造，要么是把 PEM 密钥误填进了 HMAC（v2）库")
		}
	}
	return nil
}

// variantSecret tries the secret in the forms that it is spoilt into.
func variantSecret(s *subject) *Finding {
	if !errors.Is(s.Err, usersig.ErrSignature) || s.fields.Scheme != wire.V2 {
		return nil
	}
	signed := s.fields.AppendSigned(nil)
	for _, secret := range s.secrets() {
		text := secret.Reveal()
		if raw, err := hex.DecodeString(text); err == nil && s.macIs(raw, signed) {
			return found("hex-decoded-secret", "the issuer decodes the SECRETKEY from hexadecimal; its 64 characters are the key as they are",
				"签发端把 SECRETKEY 从十六进制解码了；应直接使用这 64 个字符本身作为密钥")
		}
		for _, v := range []string{text + "\n", text + "\r\n", " " + text, text + " ", `"` + text + `"`, strings.ToUpper(text), strings.ToLower(text)} {
			if v != text && s.macIs([]byte(v), signed) {
				return found("spoilt-secret", "the issuer's SECRETKEY differs from this one in white space, quotes or case only", "签发端的 SECRETKEY 与此处仅有空白、引号或大小写的差别")
			}
		}
	}
	return nil
}

// variantLines recognises the PHP library that signed a backslash and an "n" where
// a line feed belongs.
func variantLines(s *subject) *Finding {
	if !errors.Is(s.Err, usersig.ErrSignature) || s.fields.Scheme != wire.V2 {
		return nil
	}
	signed := strings.ReplaceAll(string(s.fields.AppendSigned(nil)), "\n", `\n`)
	for _, secret := range s.secrets() {
		if s.macIs([]byte(secret.Reveal()), []byte(signed)) {
			return found("php-newline", "the issuer signs \"\\n\" as two characters: PHP's HMAC library of August 2020 had that bug; update it",
				"签发端把 \"\\n\" 当作两个字符签名：2020 年 8 月的 PHP HMAC 库有此缺陷，请升级")
		}
	}
	return nil
}

func (s *subject) ecdsaIs(signed []byte) bool {
	digest := sha256.Sum256(signed)
	for _, k := range s.publics() {
		if key, err := eckey.ParsePublic(k.EncodePEM()); err == nil && key.Verify(digest[:], s.fields.Sig) {
			return true
		}
	}
	return false
}

// oldNode recognises npm tls-sig-api 1.0.0, which did not sign a line it wrote.
func oldNode(s *subject) *Finding {
	if !errors.Is(s.Err, usersig.ErrSignature) || s.fields.Scheme != wire.V1 || !s.ecdsaIs(s.fields.SignedWithoutThird()) {
		return nil
	}
	return found("node-1.0.0", "the issuer does not sign TLS.appid_at_3rd: npm tls-sig-api 1.0.0 had that bug; update it to 1.0.1 or later",
		"签发端没有对 TLS.appid_at_3rd 签名：npm tls-sig-api 1.0.0 有此缺陷，请升级到 1.0.1 或更高版本")
}

// requestedUser recognises issuers that sign one user ID and write another one.
func requestedUser(s *subject) *Finding {
	if !errors.Is(s.Err, usersig.ErrSignature) || s.UserID == "" || s.UserID == string(s.fields.UserID) {
		return nil
	}
	signed := s.fields.SignedFor(s.UserID)
	fits := s.fields.Scheme == wire.V1 && s.ecdsaIs(signed)
	for _, secret := range s.secrets() {
		fits = fits || s.fields.Scheme == wire.V2 && s.macIs([]byte(secret.Reveal()), signed)
	}
	if !fits {
		return nil
	}
	return found("user-rewritten", "the signature is for the user asked for, but the JSON names another: either somebody changed it, or the issuing library does not escape user IDs",
		"签名对应所请求的用户，而 JSON 中写的是另一个：要么被篡改，要么签发库没有正确转义 UserID")
}

func anotherAppsKey(s *subject) *Finding {
	if !errors.Is(s.Err, usersig.ErrSignature) {
		return nil
	}
	return found("another-key", "the token is intact but was signed with another key: compare the key ID where it is issued; a key of another application, of a demo, or one that was replaced is the usual cause",
		"UserSig 完整，但由另一把密钥签发：请核对签发端的密钥；常见原因是用了其他应用、示例工程或已更换的密钥")
}

// appButKeyFits tells a wrong SDKAppID here from a wrong one at the issuer.
func appButKeyFits(s *subject) *Finding {
	if !errors.Is(s.Err, usersig.ErrAppMismatch) || s.fields.AppID == 0 || len(s.Keys) == 0 {
		return nil
	}
	v, err := usersig.NewVerifier(s.fields.AppID, s.Keys, &usersig.VerifierOptions{Clock: s.clock()})
	if err != nil {
		return nil
	}
	_, err = v.Authenticate(context.Background(), s.Token)
	switch {
	case err == nil, errors.Is(err, usersig.ErrExpired), errors.Is(err, usersig.ErrNotYetValid), errors.Is(err, usersig.ErrPurpose):
		return found("app-elsewhere", "the key given does fit the token, so the SDKAppID asked for here (%[1]d) is probably the wrong one: the token says %[2]d",
			"所给密钥与该 UserSig 匹配，因此这里的 SDKAppID（%[1]d）可能填错了：UserSig 中为 %[2]d", s.AppID, s.fields.AppID)
	}
	return nil
}
