package main

import (
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"usersig"
	"usersig/internal/remote"
)

// settings are the flags that say what an application shall be like.
type settings struct {
	wish    remote.Wishes
	flags   *pflag.FlagSet
	maxTTL  time.Duration
	curve   usersig.Curve
	require bool
	oidc    remote.OIDC
	// What ends what there was. A new application has nothing to end.
	noAdmins, noOIDC bool
}

func (s *settings) define(cmd *cobra.Command) {
	f := cmd.Flags()
	s.flags = f
	addFlag(f, &s.wish.Custody, "custody", "WHO", "who keeps the private key: none (you), or hosted (the server, which then signs)", oneOf("none", "hosted"))
	addFlag(f, &s.wish.Scheme, "scheme", "SCHEME", "ecdsa (v1), or hmac (v2, with a SECRETKEY)", oneOf("ecdsa", "hmac"))
	addFlag(f, &s.curve, "curve", "CURVE", "of ECDSA keys: P-256, secp256k1, P-384 or P-521", parseCurve)
	addFlag(f, &s.maxTTL, "max-ttl", "D", "longest life of a token that the server signs", parseMaxTTL)
	addFlag(f, &s.wish.UserIDs, "user-ids", "FORM", "portable (A-Z a-z 0-9 _ -) or any", oneOf("portable", "any"))
	f.BoolVar(&s.require, "require-privatemapkey", false, "let nobody into a room without a PrivateMapKey")
	addFlag(f, &s.wish.Admins, "admin", "ID", "user whose UserSig may call the API in Tencent's shape; up to 5 times", func(id string) ([]string, error) {
		return append(s.wish.Admins, id), nil
	}).many = true
	addFlag(f, &s.oidc.Issuer, "oidc-issuer", "URL", "OpenID Connect provider whose users may fetch a UserSig of their own", asIs)
	addFlag(f, &s.oidc.Audience, "oidc-audience", "ID", "what the provider's tokens must be for: the app's client ID", asIs)
	addFlag(f, &s.oidc.Claim, "oidc-claim", "NAME", "claim that is the user ID (default sub)", asIs)
	values(cmd, "custody", "none", "hosted")
	values(cmd, "scheme", "ecdsa", "hmac")
	values(cmd, "curve", "P-256", "secp256k1", "P-384", "P-521")
	values(cmd, "user-ids", "portable", "any")
}

// defineEnds adds the flags that take away what was there.
func (s *settings) defineEnds(f *pflag.FlagSet) {
	f.BoolVar(&s.noAdmins, "no-admins", false, "no user's UserSig may call the API any more")
	f.BoolVar(&s.noOIDC, "no-oidc", false, "no provider's users may fetch a UserSig any more")
}

// wishes returns what the flags ask for.
func (s *settings) wishes() (remote.Wishes, error) {
	given := s.flags.Changed
	w := s.wish
	w.MaxTTL = int64(s.maxTTL / time.Second)
	if s.curve != 0 {
		w.Curve = s.curve.String()
	}
	if given("require-privatemapkey") {
		w.RequirePrivateMapKey = &s.require
	}
	oidc := given("oidc-issuer") || given("oidc-audience") || given("oidc-claim")
	switch {
	case oidc && (s.oidc.Issuer == "" || s.oidc.Audience == ""):
		return w, misuse("a provider needs both --oidc-issuer and --oidc-audience").
			hint("the first is its URL, the second what its tokens must be for: the app's client ID there")
	case oidc && s.noOIDC, len(w.Admins) > 0 && s.noAdmins:
		return w, misuse("the same setting cannot be given and taken away").hint("leave out --no-admins or --no-oidc")
	case oidc:
		w.OIDC.To = &s.oidc
	}
	w.OIDC.End = s.noOIDC
	if s.noAdmins {
		w.Admins = []string{}
	}
	return w, nil
}

func parseMaxTTL(text string) (time.Duration, error) {
	d, err := parseTTL(text)
	if err == nil && d < time.Second {
		// Left out of the request it would be the server's choice.
		return 0, misuse("a token lives for a second at least").hint("give a lifetime such as 24h")
	}
	return d, err
}

// oneOf returns a parser of words.
func oneOf(words ...string) func(string) (string, error) {
	return func(text string) (string, error) {
		for _, w := range words {
			if w == text {
				return w, nil
			}
		}
		return "", misuse("must be %s", strings.Join(words, " / "))
	}
}

// showApp shows an application with all its settings.
func (u *ui) showApp(got remote.Reply[remote.App]) error {
	if u.json {
		return u.printRaw(got.JSON)
	}
	a, s := got.Value, got.Value.Settings
	rows := [][2]string{
		{"SDKAppID", strconv.FormatUint(uint64(a.AppID), 10)},
		{u.say("name", "名称"), show(a.Name)},
		{u.say("state", "状态"), show(a.State)},
		{u.say("new keys", "新密钥"), schemeOf(s)},
		{u.say("custody", "托管"), show(s.Custody)},
		{u.say("max TTL", "最长有效期"), ttlOf(s)},
		{u.say("user IDs", "UserID"), show(s.UserIDs)},
		{"PrivateMapKey", u.say(map[bool]string{true: "required", false: "not required"}[s.RequirePrivateMapKey], map[bool]string{true: "必需", false: "非必需"}[s.RequirePrivateMapKey])},
	}
	for _, id := range s.Admins {
		rows = append(rows, [2]string{u.say("admin", "管理员"), show(id)})
	}
	if s.OIDC != nil {
		rows = append(rows, [2]string{"OIDC", show(s.OIDC.Issuer) + "  " + show(s.OIDC.Audience) + "  " + show(s.OIDC.Claim)})
	}
	u.tell(table(append(rows, [2]string{u.say("created", "创建时间"), instant(a.CreatedAt)})))
	return nil
}

func schemeOf(s remote.Settings) string {
	if s.Curve != "" {
		return s.Scheme + " " + s.Curve
	}
	return s.Scheme
}

func ttlOf(s remote.Settings) string {
	return formatTTL(time.Duration(min(s.MaxTTL, 1<<33)) * time.Second)
}
