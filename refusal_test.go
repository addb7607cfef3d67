package usersig_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"testing"

	"usersig"
)

// codes is the table of reasons as the design has it, written out once more.
var codes = map[usersig.Error]struct {
	reason     string
	code, trtc int
	check      string
}{
	usersig.ErrExpired:             {"expired", 70001, -100018, "time"},
	usersig.ErrEmpty:               {"empty", 70002, -100018, "decode"},
	usersig.ErrMalformed:           {"malformed", 70003, -100018, "decode"},
	usersig.ErrSignature:           {"signature", 70009, -100018, "signature"},
	usersig.ErrPurpose:             {"wrong_purpose", 70009, -100018, "purpose"},
	usersig.ErrNotYetValid:         {"not_yet_valid", 70010, -100018, "time"},
	usersig.ErrUserMismatch:        {"user_mismatch", 70013, -100018, "user"},
	usersig.ErrAppMismatch:         {"app_mismatch", 70014, -100018, "app"},
	usersig.ErrNoKey:               {"no_key", 70016, -100018, "key"},
	usersig.ErrAppUnknown:          {"app_unknown", 70020, -100018, "app"},
	usersig.ErrTooManyFailures:     {"too_many_failures", 70050, -100018, "limit"},
	usersig.ErrBlocked:             {"blocked", 70051, -100018, "revoked"},
	usersig.ErrRevoked:             {"revoked", 70052, -100018, "revoked"},
	usersig.ErrNoGrant:             {"no_grant", -100006, -100006, "grant"},
	usersig.ErrNoRightCreate:       {"no_right_create", -102010, -102010, "grant"},
	usersig.ErrNoRightEnter:        {"no_right_enter", -102011, -102011, "grant"},
	usersig.ErrNoRightSendVideo:    {"no_right_send_video", -102013, -102013, "grant"},
	usersig.ErrNoRightSendScreen:   {"no_right_send_screen", -102015, -102015, "grant"},
	usersig.ErrNoRightReceiveVideo: {"no_right_receive_video", -102019, -102019, "grant"},
	usersig.ErrInvalidClaims:       {"invalid_claims", 0, 0, ""},
	usersig.ErrInvalidKey:          {"invalid_key", 0, 0, ""},
	usersig.ErrInvalidOptions:      {"invalid_options", 0, 0, ""},
}

func isChinese(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r >= 0x4e00 && r <= 0x9fff })
}

// TestReasons: every reason has its code and speaks both languages.
func TestReasons(t *testing.T) {
	names, used := map[string]bool{}, map[int]usersig.Error{}
	for _, e := range usersig.Errors() {
		want, ok := codes[e]
		r, is := usersig.RefusalOf(fmt.Errorf("wrapped: %w", e))
		if !ok || !is || r.Code != want.code || r.TRTC != want.trtc || r.Reason != want.reason || r.Check != want.check || e.Code() != want.code || e.Reason() != want.reason {
			t.Errorf("%v: %+v, want %+v", e, r, want)
		}
		if names[e.Reason()] {
			t.Errorf("two reasons are called %s", e.Reason())
		}
		names[e.Reason()] = true
		if first, taken := used[e.Code()]; taken && e.Code() != 0 && e != usersig.ErrPurpose {
			t.Errorf("%v and %v have the code %d", first, e, e.Code())
		}
		if _, taken := used[e.Code()]; !taken {
			used[e.Code()] = e
		}
		zh := r.In("zh-CN")
		if r.Message != e.Error() || r.Remedy == "" || isChinese(r.Message+r.Remedy) || !isChinese(zh.Message) || !isChinese(zh.Remedy) {
			t.Errorf("%v: %q, %q; %q, %q", e, r.Message, r.Remedy, zh.Message, zh.Remedy)
		}
		for _, s := range []string{r.Message, r.Remedy} {
			if strings.HasSuffix(s, ".") || strings.HasSuffix(s, " ") {
				t.Errorf("%v: %q ends in a full stop", e, s)
			}
		}
		for _, s := range []string{zh.Message, zh.Remedy} {
			if strings.HasSuffix(s, "。") {
				t.Errorf("%v: %q ends in a full stop", e, s)
			}
		}
	}
	if len(usersig.Errors()) != len(codes) {
		t.Errorf("%d reasons, want %d", len(usersig.Errors()), len(codes))
	}
	for _, e := range []usersig.Error{0, 200} {
		if e.Error() != "unknown error" || e.Code() != 0 || e.Reason() != "unknown" {
			t.Errorf("%d: %q, %d, %q", uint8(e), e.Error(), e.Code(), e.Reason())
		}
	}
}

func TestCode(t *testing.T) {
	_, refusal := usersig.Inspect("")
	for name, c := range map[string]struct {
		err  error
		want int
	}{
		"nil": {nil, 0}, "reason": {usersig.ErrExpired, 70001}, "wrapped": {fmt.Errorf("a: %w", usersig.ErrExpired), 70001},
		"joined": {errors.Join(errors.New("x"), usersig.ErrRevoked), 70052}, "refusal": {refusal, 70002},
		"another": {errors.New("x"), -1}, "claims": {usersig.ErrInvalidClaims, -1}, "key": {&usersig.KeyError{}, -1}, "read from JSON": {&usersig.Refusal{Code: 70001, Reason: "expired"}, 70001},
	} {
		if got := usersig.Code(c.err); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}

func TestRefusalJSON(t *testing.T) {
	_, err := verifierOf(t, nil).Verify(t.Context(), forge2(testSecret).user("bob").token(), "alice")
	text, jerr := json.Marshal(err)
	var object map[string]any
	if jerr != nil || json.Unmarshal(text, &object) != nil {
		t.Fatal(string(text), jerr)
	}
	if got := slices.Sorted(maps.Keys(object)); strings.Join(got, " ") != "check code message reason remedy trtc" {
		t.Errorf("the keys are %v", got)
	}
	const want = `{"code":70013,"trtc":-100018,"reason":"user_mismatch","message":"token is for another user: it was issued for \"bob\", wanted \"alice\"",` +
		`"remedy":"log in with the user ID the token was issued for, letter for letter","check":"user"}`
	if string(text) != want {
		t.Errorf("%s\nwant %s", text, want)
	}
	// What was read from JSON has one language: the one it was written in.
	var read usersig.Refusal
	if err := json.Unmarshal(text, &read); err != nil {
		t.Fatal(err)
	}
	if zh := read.In("zh-CN"); zh != read || read.Message != err.Error() {
		t.Errorf("%+v", zh)
	}
	// It is still a reason to whoever asks, unless a later version made it.
	if !errors.Is(&read, usersig.ErrUserMismatch) {
		t.Error("the reason is lost")
	}
	for _, e := range usersig.Errors() {
		if errors.Is(&usersig.Refusal{Reason: "from_the_future"}, e) || errors.Is(&usersig.Refusal{}, e) {
			t.Errorf("an unknown reason is %v", e)
		}
	}
}

func TestRefusalLanguages(t *testing.T) {
	_, err := verifierOf(t, nil).Verify(t.Context(), forge2(testSecret).user("bob").token(), "alice")
	r, ok := usersig.RefusalOf(fmt.Errorf("login: %w", err))
	if !ok {
		t.Fatal(err)
	}
	const zh = `UserID 与 UserSig 中的不一致：UserSig 属于 "bob"，需要 "alice"`
	for tag, want := range map[string]string{
		"zh": zh, "zh-CN": zh, "ZH_cn.UTF-8": zh, "zh-Hant-TW": zh, "en": r.Message, "": r.Message, "de": r.Message, "C": r.Message,
	} {
		if got := r.In(tag); got.Message != want || got.Code != 70013 || got.Check != "user" {
			t.Errorf("In(%q) = %+v, want %s", tag, got, want)
		}
	}
	if back := r.In("zh").In("en"); back.Message != r.Message || back.Remedy != r.Remedy {
		t.Errorf("back to English: %+v", back)
	}
	// The SDK's code and the check of the call stay.
	_, err = verifierOf(t, nil).VerifyPrivateMapKey(t.Context(), forge2(testSecret).token(), "alice", usersig.Room{ID: 1})
	r, _ = usersig.RefusalOf(err)
	if got := r.In("zh"); got.TRTC != -100006 || got.Check != "purpose" || !strings.Contains(got.Message, "这是 UserSig") {
		t.Errorf("%+v", got)
	}
}

func TestRefusalOf(t *testing.T) {
	if r, ok := usersig.RefusalOf(nil); ok || r.Code != 0 {
		t.Errorf("nil: %+v", r)
	}
	if r, ok := usersig.RefusalOf(errors.New("x")); ok || r.Message != "" {
		t.Errorf("another error: %+v", r)
	}
	_, err := usersig.Inspect("!!!!")
	r, ok := usersig.RefusalOf(errors.Join(errors.New("x"), err))
	if !ok || r.Message != "token cannot be decoded: alphabet: a character that no UserSig contains" || !errors.Is(&r, usersig.ErrMalformed) {
		t.Errorf("%+v, %t", r, ok)
	}
	var b strings.Builder
	slog.New(slog.NewJSONHandler(&b, nil)).Info("refused", "err", err)
	if !strings.Contains(b.String(), `"err":{"code":70003,"reason":"malformed","message":"token cannot be decoded: alphabet`) {
		t.Errorf("log: %s", b.String())
	}
}

// TestRefusalsEchoNothing: a long or odd value from outside is quoted and cut short.
func TestRefusalsEchoNothing(t *testing.T) {
	v := verifierOf(t, nil)
	long := strings.Repeat("用", 85)
	for _, c := range []struct{ user, asked string }{
		{long, "alice"}, {"alice", strings.Repeat("x", 1<<20)}, {"alice", "\x1b[31m\n\u202e"}, {"alice", "\xff\xfe"},
	} {
		_, err := v.Verify(t.Context(), forge1(keyP256).user(c.user).token(), c.asked)
		r, _ := usersig.RefusalOf(err)
		for _, text := range []string{r.Message, r.In("zh").Message} {
			if len(text) > 400 || strings.ContainsAny(text, "\x1b\n\u202e") || strings.Contains(text, long) {
				t.Errorf("message of %d bytes: %.200q", len(text), text)
			}
		}
	}
	secret := "sEcReT-StUfF"
	for _, token := range []string{secret, outer([]byte(secret)), wrapped([]byte(secret)), wrapped([]byte(`{"` + secret + `":1,"` + secret + `":2}`)),
		forge1(keyP256).set("TLS.time", quote(secret)).token(), forge2(testSecret).set("TLS.ver", quote(secret)).token()} {
		_, err := v.Verify(t.Context(), token, "alice")
		text, _ := json.Marshal(err)
		if strings.Contains(string(text), secret) || strings.Contains(string(text), token) {
			t.Errorf("%s", text)
		}
	}
}

// TestLongSpans: a token may claim to be billions of years off, and the sentence
// about it must still be one.
func TestLongSpans(t *testing.T) {
	_, err := verifierOf(t, nil).Verify(t.Context(), forge1(keyP256).times(1<<62, 1).token(), "alice")
	if want := "token was issued in the future: 146235604281 years ahead of this clock"; err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
	said, err := usersig.Inspect(forge1(keyP256).times(1<<61, 1<<62).token())
	if err != nil || said.IssuedAt.Year() != 9999 || said.ExpiresAt.Year() != 9999 || said.TTL <= 0 {
		t.Errorf("%+v, %v", said, err)
	}
	if _, err := json.Marshal(said); err != nil {
		t.Error(err)
	}
}
