package usersig

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	"usersig/internal/length"
	"usersig/internal/wire"
)

// request is what a caller of a [Verifier] wants to be true of a token.
type request struct {
	purpose Purpose
	user    string
	anyUser bool // whoever the token says
	room    Room // for a PrivateMapKey
}

func (v *Verifier) verify(ctx context.Context, token string, req request) (Verified, error) {
	if len(v.keys) == 0 {
		return Verified{}, refuse(ErrNoKey, text{"the Verifier was not made by NewVerifier", "Verifier 不是由 NewVerifier 创建的"}).to(req.purpose)
	}
	d := v.decoders.Get().(*decoder)
	who, err := v.check(d, token, req)
	v.decoders.Put(d)
	if err != nil {
		return Verified{}, err.to(req.purpose)
	}
	if v.revoked != nil {
		if err := v.revoked(ctx, who); err != nil {
			return Verified{}, deny(err, req.purpose)
		}
	}
	return who, nil
}

// deny turns what a deny list answered into a refusal. An answer that is not one
// of its two reasons is a failure of the list, and refuses too.
func deny(err error, asked Purpose) error {
	switch {
	case errors.Is(err, ErrRevoked):
		return refuse(ErrRevoked).to(asked)
	case errors.Is(err, ErrBlocked):
		return refuse(ErrBlocked).to(asked)
	}
	return fmt.Errorf("cannot tell whether the token is revoked: %w", err)
}

// to sets the code that TRTC's SDK reports to who asked for a purpose: it has one
// for whatever is wrong with a PrivateMapKey.
func (r *Refusal) to(asked Purpose) *Refusal {
	if asked == PrivateMapKey {
		r.TRTC = trtcTicket
	}
	return r
}

// check makes every test but the last, in the one order there is.
func (v *Verifier) check(d *decoder, token string, req request) (Verified, *Refusal) {
	if token == "" {
		return Verified{}, refuse(ErrEmpty)
	}
	f, err := d.Decode(token)
	if err != nil {
		return Verified{}, malformed(err)
	}
	if f.AppID != v.app {
		return Verified{}, refuseApp(f.AppID, v.app)
	}
	now := v.clock()
	d.signed = f.AppendSigned(d.signed[:0])
	keyID, refusal := v.findKey(f, d.signed, now)
	if refusal != nil {
		return Verified{}, refusal
	}
	if refusal := checkPurpose(f, req.purpose); refusal != nil {
		return Verified{}, refusal
	}
	if !req.anyUser && string(f.UserID) != req.user {
		return Verified{}, refuseUser(string(f.UserID), req.user)
	}
	if refusal := v.checkTime(f, now.Unix()); refusal != nil {
		return Verified{}, refusal
	}
	who := Verified{app: f.AppID, user: req.user, issued: f.Time, expires: f.ExpiresAt(), key: keyID, scheme: Scheme(f.Scheme), purpose: req.purpose}
	if req.anyUser {
		who.user = string(f.UserID)
	}
	if f.HasUserBuf {
		who.userBuf = append([]byte{}, f.UserBuf...)
	}
	if req.purpose == PrivateMapKey {
		ticket, whole := wire.ParseTicket(f.UserBuf)
		if !whole {
			return Verified{}, refuse(ErrNoGrant, text{"its content is malformed", "其内容格式错误"})
		}
		if refusal := v.checkTicket(&ticket, req.room, now.Unix()); refusal != nil {
			return Verified{}, refusal
		}
		who.grant = grantOf(&ticket)
		who.expires = min(who.expires, int64(ticket.ExpiresAt))
	}
	return who, nil
}

// findKey returns the ID of the key that signed the token. The token's scheme only
// selects among keys that were given for that scheme: a public key is never used
// as an HMAC secret, which would let anybody who has it forge tokens.
func (v *Verifier) findKey(f *wire.Fields, signed []byte, now time.Time) (string, *Refusal) {
	var digest [sha256.Size]byte
	if f.Scheme == wire.V1 {
		digest = sha256.Sum256(signed)
	}
	usable, retired := false, false
	for i := range v.keys {
		k := &v.keys[i]
		if (k.public != nil) != (f.Scheme == wire.V1) {
			continue
		}
		if k.retires && !now.Before(k.retireAt) {
			retired = true
			continue
		}
		usable = true
		if k.public != nil && k.public.verify(digest[:], f.Sig) || k.secret != nil && k.secret.verify(signed, f.Sig) {
			return k.id, nil
		}
	}
	if usable {
		return "", refuse(ErrSignature)
	}
	return "", refuseKey(Scheme(f.Scheme), retired)
}

// checkPurpose refuses a token that was made for something else. The holder of a
// ticket could otherwise use it to log in, and the holder of a UserSig could enter
// any room.
func checkPurpose(f *wire.Fields, want Purpose) *Refusal {
	got := purposeOf(f)
	switch {
	case got == want:
		return nil
	case want == PrivateMapKey && got == UserBuf:
		return refuse(ErrNoGrant, text{"its user buffer is not a PrivateMapKey for this user and application", "userbuf 不是该用户在该应用下的 PrivateMapKey"}).at("purpose")
	case want == PrivateMapKey:
		return refuse(ErrNoGrant, text{"this is a UserSig", "这是 UserSig"}).at("purpose")
	}
	return refuse(ErrPurpose, text{
		fmt.Sprintf("this is a %s, wanted a %s", got.in(false), want.in(false)),
		fmt.Sprintf("这是 %s，需要 %s", got.in(true), want.in(true)),
	})
}

// at sets the name of the check that failed.
func (r *Refusal) at(check string) *Refusal {
	r.checkName = check
	return r.fill(false)
}

// checkTime refuses a token that is not in date. The last second counts as valid,
// as with every original verifier.
func (v *Verifier) checkTime(f *wire.Fields, now int64) *Refusal {
	switch {
	case f.Time-v.leeway > now:
		// Not f.Time-now, which wraps where a clock stands before 1970.
		return refuse(ErrNotYetValid, span("%s ahead of this clock", "比当前时间晚 %s", f.Time-max(now, 0)))
	case f.Expire == 0:
		return refuse(ErrExpired, text{"it was made with a lifetime of 0 seconds", "签发时有效期为 0 秒"})
	case now-v.leeway > f.ExpiresAt():
		return refuse(ErrExpired, ended(f.ExpiresAt(), now))
	case now-v.leeway-f.Time > v.maxAge:
		return refuse(ErrExpired, text{"it is older than this server allows", "签发时间过早，超过服务器允许的最长时间"})
	}
	return nil
}

// checkTicket checks what is inside a PrivateMapKey, beyond the user and the
// application, which are part of its being one.
func (v *Verifier) checkTicket(t *wire.Ticket, room Room, now int64) *Refusal {
	got := grantOf(t).Room
	switch {
	case got != room:
		return refuse(ErrNoGrant, text{
			fmt.Sprintf("it is for room %s, wanted room %s", cut(got.String()), cut(room.String())),
			fmt.Sprintf("其房间为 %s，需要 %s", cut(got.String()), cut(room.String())),
		})
	case now-v.leeway > int64(t.ExpiresAt):
		return refuse(ErrNoGrant, ended(int64(t.ExpiresAt), now))
	}
	return nil
}

func refuseApp(got, want uint32) *Refusal {
	return refuse(ErrAppMismatch, text{
		fmt.Sprintf("it says %d, wanted %d", got, want),
		fmt.Sprintf("UserSig 中为 %d，需要 %d", got, want),
	})
}

func refuseUser(got, want string) *Refusal {
	got, want = cut(strconv.Quote(got)), cut(strconv.Quote(want))
	return refuse(ErrUserMismatch, text{
		fmt.Sprintf("it was issued for %s, wanted %s", got, want),
		fmt.Sprintf("UserSig 属于 %s，需要 %s", got, want),
	})
}

func refuseKey(s Scheme, retired bool) *Refusal {
	kind := text{"a public_key for an ECDSA token (v1)", "校验 ECDSA 签名（v1）所需的 public_key"}
	if s == SchemeHMAC {
		kind = text{"a SECRETKEY for an HMAC token (v2)", "校验 HMAC 签名（v2）所需的 SECRETKEY"}
	}
	if retired {
		return refuse(ErrNoKey, text{kind.en + " is known, but it is retired", kind.zh + "已停用"})
	}
	return refuse(ErrNoKey, text{kind.en + " is needed and none was given", "未提供" + kind.zh})
}

// cut shortens text that came from outside.
func cut(s string) string {
	const most = 80
	if len(s) <= most {
		return s
	}
	runes := []rune(s)
	return string(runes[:min(len(runes), most/4)]) + "…"
}

// ended says that something was valid until a past second.
func ended(at, now int64) text {
	until := instant(at).Format(time.RFC3339)
	return span("it was valid until "+until+", %s ago", "有效期至 "+until+"，已过 %s", now-at)
}

// instant turns Unix time into a time, no later than the last that RFC 3339 can
// write: a token may claim to last for billions of years.
func instant(sec int64) time.Time { return time.Unix(min(sec, maxUnix), 0).UTC() }

// span puts a length of n seconds into two sentences.
func span(en, zh string, n int64) text {
	lengthEN, lengthZH := length.Of(n)
	return text{fmt.Sprintf(en, lengthEN), fmt.Sprintf(zh, lengthZH)}
}

// seconds turns whole seconds into a duration, no longer than there can be.
func seconds(n int64) time.Duration {
	if n > math.MaxInt64/int64(time.Second) {
		return math.MaxInt64 / time.Second * time.Second
	}
	return time.Duration(n) * time.Second
}
