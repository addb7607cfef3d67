package usersig_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/asn1"
	"errors"
	"io"
	"math"
	"math/big"
	"strings"
	"testing"
	"time"

	"usersig"
)

func TestNewSignerRefuses(t *testing.T) {
	secret := secretOf(t, testSecret)
	for name, c := range map[string]struct {
		app  uint32
		key  usersig.SigningKey
		opts *usersig.SignerOptions
		want usersig.Error
		part string
	}{
		"application 0":         {0, secret, nil, usersig.ErrInvalidOptions, "SDKAppID is 0"},
		"no key":                {testApp, nil, nil, usersig.ErrInvalidKey, "no key to sign with"},
		"nil private key":       {testApp, (*usersig.PrivateKey)(nil), nil, usersig.ErrInvalidKey, "no key to sign with"},
		"nil secret":            {testApp, (*usersig.Secret)(nil), nil, usersig.ErrInvalidKey, "no key to sign with"},
		"MaxTTL below a second": {testApp, secret, &usersig.SignerOptions{MaxTTL: time.Second - 1}, usersig.ErrInvalidOptions, "MaxTTL is less than a second or more than 50 years"},
		"MaxTTL negative":       {testApp, secret, &usersig.SignerOptions{MaxTTL: -time.Hour}, usersig.ErrInvalidOptions, "MaxTTL"},
		"MaxTTL too long":       {testApp, secret, &usersig.SignerOptions{MaxTTL: usersig.LongestTTL + 1}, usersig.ErrInvalidOptions, "MaxTTL"},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := usersig.NewSigner(c.app, c.key, c.opts)
			if s != nil || !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.part) {
				t.Errorf("%v, %v, want %v: %s", s, err, c.want, c.part)
			}
		})
	}
}

func TestSignRefuses(t *testing.T) {
	grant := func(r usersig.Room, p usersig.Privilege) *usersig.Grant { return &usersig.Grant{Room: r, Allow: p} }
	ticket := ticketOf(testTicket)
	room := usersig.Room{ID: 1}
	for name, c := range map[string]struct {
		claims usersig.Claims
		part   string
	}{
		"no user":                  {usersig.Claims{TTL: time.Hour}, "user ID is empty"},
		"long user":                {usersig.Claims{UserID: strings.Repeat("a", 33), TTL: time.Hour}, "user ID is 33 bytes long, the most is 32"},
		"long Chinese user":        {usersig.Claims{UserID: strings.Repeat("用", 11), TTL: time.Hour}, "user ID is 33 bytes long, the most is 32"},
		"user not UTF-8":           {usersig.Claims{UserID: "a\xff", TTL: time.Hour}, "user ID has a control character or is not UTF-8"},
		"user with a line feed":    {usersig.Claims{UserID: "a\nb", TTL: time.Hour}, "user ID has a control character or is not UTF-8"},
		"no TTL":                   {usersig.Claims{UserID: "alice"}, "TTL is less than a second"},
		"negative TTL":             {usersig.Claims{UserID: "alice", TTL: -time.Hour}, "TTL is less than a second"},
		"TTL below a second":       {usersig.Claims{UserID: "alice", TTL: time.Second - 1}, "TTL is less than a second"},
		"TTL too long":             {usersig.Claims{UserID: "alice", TTL: 2*time.Hour + 1}, "TTL of 7200 s is longer than the 7200 s allowed"},
		"issued before 1970":       {usersig.Claims{UserID: "alice", TTL: time.Hour, IssuedAt: time.Unix(-1, 0)}, "time of issue is before 1970 or too late"},
		"issued too late":          {usersig.Claims{UserID: "alice", TTL: time.Hour, IssuedAt: time.Unix(253402300799-3599, 0)}, "time of issue is before 1970 or too late"},
		"grant and buffer":         {usersig.Claims{UserID: "alice", TTL: time.Hour, Grant: grant(room, 1), UserBuf: []byte{}}, "a grant and a user buffer exclude each other"},
		"long buffer":              {usersig.Claims{UserID: "alice", TTL: time.Hour, UserBuf: make([]byte, 1025)}, "user buffer is 1025 bytes long, the most is 1024"},
		"buffer is a ticket":       {usersig.Claims{UserID: "alice", TTL: time.Hour, UserBuf: ticket}, "user buffer begins like a PrivateMapKey, ask for a grant instead"},
		"no room":                  {usersig.Claims{UserID: "alice", TTL: time.Hour, Grant: grant(usersig.Room{}, 1)}, "grant names no room"},
		"two rooms":                {usersig.Claims{UserID: "alice", TTL: time.Hour, Grant: grant(usersig.Room{ID: 1, Name: "1"}, 1)}, "grant names a room by number and by name"},
		"largest room":             {usersig.Claims{UserID: "alice", TTL: time.Hour, Grant: grant(usersig.Room{ID: math.MaxUint32}, 1)}, "room number is over 4294967294"},
		"long room":                {usersig.Claims{UserID: "alice", TTL: time.Hour, Grant: grant(usersig.Room{Name: strings.Repeat("r", 65)}, 1)}, "room name is 65 bytes long, the most is 64"},
		"room with NUL":            {usersig.Claims{UserID: "alice", TTL: time.Hour, Grant: grant(usersig.Room{Name: "a\x00"}, 1)}, "room name has a control character or is not UTF-8"},
		"room not UTF-8":           {usersig.Claims{UserID: "alice", TTL: time.Hour, Grant: grant(usersig.Room{Name: "\xff"}, 1)}, "room name has a control character or is not UTF-8"},
		"privilege that is not":    {usersig.Claims{UserID: "alice", TTL: time.Hour, Grant: grant(room, 256)}, "grant has privileges that do not exist"},
		"ticket that ends in 2106": {usersig.Claims{UserID: "alice", TTL: time.Hour, IssuedAt: time.Unix(math.MaxUint32-3599, 0), Grant: grant(room, 1)}, "a PrivateMapKey cannot last beyond 2106-02-07"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, key := range []usersig.SigningKey{privateOf(t, keyP256), secretOf(t, testSecret)} {
				s, err := usersig.NewSigner(testApp, key, &usersig.SignerOptions{Clock: at(testTime), MaxTTL: 2 * time.Hour})
				if err != nil {
					t.Fatal(err)
				}
				token, err := s.Sign(c.claims)
				if token != "" || !errors.Is(err, usersig.ErrInvalidClaims) || !strings.Contains(err.Error(), c.part) {
					t.Errorf("%q, %v, want %s", token, err, c.part)
				}
				// A refusal leaves nothing behind that the next token could pick up.
				wantAlice(t, verifierOf(t, nil), signed(t, s, usersig.Claims{UserID: "alice", TTL: 90 * time.Minute}))
			}
		})
	}
}

// TestSignTakesTheLimits: each limit itself is still good.
func TestSignTakesTheLimits(t *testing.T) {
	for name, c := range map[string]usersig.Claims{
		"32 bytes":          {UserID: strings.Repeat("a", 32), TTL: time.Hour},
		"one second":        {UserID: "alice", TTL: time.Second},
		"50 years":          {UserID: "alice", TTL: usersig.LongestTTL},
		"1970":              {UserID: "alice", TTL: time.Hour, IssuedAt: time.Unix(0, 0)},
		"last second":       {UserID: "alice", TTL: time.Hour, IssuedAt: time.Unix(253402300799-3600, 0)},
		"1024 bytes":        {UserID: "alice", TTL: time.Hour, UserBuf: make([]byte, 1024)},
		"no bytes":          {UserID: "alice", TTL: time.Hour, UserBuf: []byte{}},
		"ticket of another": {UserID: "alicf", TTL: time.Hour, UserBuf: ticketOf(testTicket)},
		"64 bytes of room":  {UserID: "alice", TTL: time.Hour, Grant: &usersig.Grant{Room: usersig.Room{Name: strings.Repeat("r", 64)}}},
		"4294967294":        {UserID: "alice", TTL: time.Hour, Grant: &usersig.Grant{Room: usersig.Room{ID: math.MaxUint32 - 1}, Allow: usersig.AllPrivileges}},
		"last ticket":       {UserID: "alice", TTL: time.Hour, IssuedAt: time.Unix(math.MaxUint32-3600, 0), Grant: &usersig.Grant{Room: usersig.Room{ID: 1}}},
	} {
		t.Run(name, func(t *testing.T) {
			for _, key := range []usersig.SigningKey{privateOf(t, keyP256), secretOf(t, testSecret)} {
				s := signerOf(t, key, false)
				token := signed(t, s, c)
				if c.IssuedAt.IsZero() {
					c.IssuedAt = time.Unix(testTime, 0)
				}
				checkSigned(t, s, c, token, false)
			}
		})
	}
}

func TestSignerSaysWhatItIs(t *testing.T) {
	private, secret := privateOf(t, keyK256), secretOf(t, testSecret)
	s := signerOf(t, private, false)
	if s.AppID() != testApp || s.KeyID() != private.ID() || s.Scheme() != usersig.SchemeECDSA || private.Public().ID() != private.ID() {
		t.Errorf("%d, %s, %v", s.AppID(), s.KeyID(), s.Scheme())
	}
	s = signerOf(t, secret, false)
	if s.AppID() != testApp || s.KeyID() != secret.ID() || s.Scheme() != usersig.SchemeHMAC {
		t.Errorf("%d, %s, %v", s.AppID(), s.KeyID(), s.Scheme())
	}
}

// TestDefaultClocks: without a clock, both sides use the machine's.
func TestDefaultClocks(t *testing.T) {
	s, err := usersig.NewSigner(testApp, secretOf(t, testSecret), nil)
	if err != nil {
		t.Fatal(err)
	}
	v, err := usersig.NewVerifier(testApp, []usersig.VerifyingKey{secretOf(t, testSecret)}, nil)
	if err != nil || v.AppID() != testApp {
		t.Fatal(err)
	}
	before := time.Now().Unix()
	who, err := v.Verify(t.Context(), signed(t, s, usersig.Claims{UserID: "alice"}), "alice")
	if at := who.IssuedAt().Unix(); err != nil || at < before || at > time.Now().Unix() {
		t.Errorf("%v, %v", who.LogValue(), err)
	}
	if _, err := s.Sign(usersig.Claims{UserID: "alice", TTL: usersig.DefaultMaxTTL + 1}); !errors.Is(err, usersig.ErrInvalidClaims) {
		t.Errorf("longer than the default MaxTTL: %v", err)
	}
	if _, err := s.Sign(usersig.Claims{UserID: "alice", TTL: usersig.DefaultMaxTTL}); err != nil {
		t.Errorf("the default MaxTTL: %v", err)
	}
}

// kms is a key that is held elsewhere.
type kms struct {
	public crypto.PublicKey
	sign   func(digest []byte) ([]byte, error)
}

func (k kms) Public() crypto.PublicKey { return k.public }

func (k kms) Sign(_ io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	if opts.HashFunc() != crypto.SHA256 || len(digest) != 32 {
		return nil, errors.New("not a SHA-256 digest")
	}
	return k.sign(digest)
}

// foreignK256 is the public half of keyK256 on a curve that another library defines.
func foreignK256(t *testing.T) *ecdsa.PublicKey {
	t.Helper()
	hex := func(s string) *big.Int { return new(big.Int).SetBytes(unhex(t, s)) }
	point := keyK256.Public().(interface{ Bytes() []byte }).Bytes()
	return &ecdsa.PublicKey{
		Curve: &elliptic.CurveParams{
			P:       hex("fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f"),
			N:       hex("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141"),
			B:       big.NewInt(7),
			Gx:      hex("79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"),
			Gy:      hex("483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8"),
			BitSize: 256, Name: "another library's",
		},
		X: new(big.Int).SetBytes(point[1:33]), Y: new(big.Int).SetBytes(point[33:]),
	}
}

func TestExternalSigner(t *testing.T) {
	v := verifierOf(t, nil)
	local := func(key crypto.Signer) func([]byte) ([]byte, error) {
		return func(digest []byte) ([]byte, error) { return key.Sign(rand.Reader, digest, crypto.SHA256) }
	}
	for name, k := range map[string]kms{
		"P-256": {keyP256.Public(), local(keyP256)}, "secp256k1": {foreignK256(t), local(keyK256)},
	} {
		key := privateOf(t, k)
		wantAlice(t, v, signed(t, signerOf(t, key, false), usersig.Claims{UserID: "alice"}))
		if pem, err := key.EncodePEM(); pem != nil || !errors.Is(err, usersig.ErrInvalidKey) || !strings.Contains(err.Error(), "held elsewhere") {
			t.Errorf("%s: EncodePEM = %q, %v", name, pem, err)
		}
	}
	outage := errors.New("the HSM is away")
	p1363 := func(digest []byte) ([]byte, error) {
		sig, err := keyP256.Sign(rand.Reader, digest, crypto.SHA256)
		var v rs
		if _, err := asn1.Unmarshal(sig, &v); err != nil {
			t.Error(err)
		}
		return fixedSize(v), err
	}
	for name, c := range map[string]struct {
		sign func([]byte) ([]byte, error)
		want error
		part string
	}{
		"wrong key": {local(otherKey), usersig.ErrInvalidKey, "signs with another key than its public one, or not in ASN.1"},
		"P1363":     {p1363, usersig.ErrInvalidKey, "not in ASN.1"},
		"nothing":   {func([]byte) ([]byte, error) { return nil, nil }, usersig.ErrInvalidKey, "not in ASN.1"},
		"failure":   {func([]byte) ([]byte, error) { return []byte("x"), outage }, outage, "sign with key "},
	} {
		t.Run(name, func(t *testing.T) {
			s := signerOf(t, privateOf(t, kms{keyP256.Public(), c.sign}), false)
			token, err := s.Sign(usersig.Claims{UserID: "alice", TTL: time.Hour})
			if token != "" || !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.part) {
				t.Errorf("%q, %v, want %v", token, err, c.want)
			}
			dst, err := s.AppendSign([]byte("x"), usersig.Claims{UserID: "alice", TTL: time.Hour})
			if dst != nil || err == nil {
				t.Errorf("%q, %v", dst, err)
			}
		})
	}
}

func TestNewPrivateKeyRefuses(t *testing.T) {
	p224, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	mixed := *keyP256
	mixed.PublicKey = otherKey.PublicKey
	for name, s := range map[string]crypto.Signer{
		"nil": nil, "nil key": (*ecdsa.PrivateKey)(nil), "P-224": p224, "no public key": kms{}, "two keys in one": &mixed,
		"another type": kms{public: "hello"}, "P-224 elsewhere": kms{public: p224.Public()}, "private for public": kms{public: keyP256},
	} {
		if k, err := usersig.NewPrivateKey(s); k != nil || !errors.Is(err, usersig.ErrInvalidKey) {
			t.Errorf("%s: %v, %v", name, k, err)
		}
	}
	// A key in memory is one, whoever made it.
	k := privateOf(t, keyP256)
	if pem, err := k.EncodePEM(); err != nil || len(pem) == 0 {
		t.Errorf("EncodePEM: %v", err)
	}
}
