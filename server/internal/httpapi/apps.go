package httpapi

import (
	"context"
	"reflect"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"usersig/server/internal/issuer"
)

// What goes out is copied field by field. The domain's own types hold sealed keys and
// hashes, and a field that is added there must not appear here by itself.

// OfApp is the part of a path that names an application. The number 0 is not one: it
// keeps the operators' credentials.
type OfApp struct {
	App uint32 `path:"sdkappid" minimum:"1" maximum:"4294967295" doc:"The SDKAppID"`
}

type appView struct {
	AppID     uint32       `json:"sdkappid" format:"int64"`
	Name      string       `json:"name"`
	State     string       `json:"state" enum:"running,stopped,deleted"`
	Settings  settingsView `json:"settings"`
	CreatedAt time.Time    `json:"created_at"`
	UpdatedAt time.Time    `json:"updated_at"`
}

type settingsView struct {
	Scheme               string    `json:"scheme" enum:"ecdsa,hmac" doc:"Of new keys: ecdsa (v1) or hmac (v2)"`
	Curve                string    `json:"curve,omitempty" doc:"Of new ECDSA keys, such as P-256"`
	Custody              string    `json:"custody" enum:"none,hosted" doc:"Whether the server keeps private keys and can sign"`
	MaxTTL               int64     `json:"max_ttl" doc:"The longest life of a token that the server issues, in seconds"`
	UserIDs              string    `json:"user_ids" enum:"portable,any" doc:"portable: letters, digits, _ and -"`
	RequirePrivateMapKey bool      `json:"require_privatemapkey" doc:"Whether a room is entered with a PrivateMapKey only"`
	Admins               []string  `json:"admins,omitempty" doc:"The users whose UserSig may call the API in Tencent's shape"`
	OIDC                 *oidcView `json:"oidc,omitempty" doc:"The provider whose users may fetch a UserSig of their own"`
}

type oidcView struct {
	Issuer   string `json:"issuer" minLength:"1" maxLength:"512"`
	Audience string `json:"audience" minLength:"1" maxLength:"512"`
	Claim    string `json:"claim,omitempty" maxLength:"128" doc:"The claim that is the user ID: sub, unless said otherwise"`
}

func viewApp(a issuer.App) appView {
	return appView{a.ID, a.Name, string(a.State), viewSettings(a.Settings), a.CreatedAt, a.UpdatedAt}
}

func viewSettings(t issuer.Settings) settingsView {
	v := settingsView{
		Scheme: t.Scheme, Curve: t.Curve, Custody: t.Custody, MaxTTL: t.MaxTTL, UserIDs: t.UserIDs,
		RequirePrivateMapKey: t.RequirePrivateMapKey, Admins: t.Admins,
	}
	if t.OIDC != nil {
		v.OIDC = &oidcView{t.OIDC.Issuer, t.OIDC.Audience, t.OIDC.Claim}
	}
	return v
}

// settingsWish is what of the settings is asked for. What is left out stays as it is,
// or has its default.
type settingsWish struct {
	Scheme               *string    `json:"scheme,omitempty" enum:"ecdsa,hmac"`
	Curve                *string    `json:"curve,omitempty" enum:"P-256,P-384,P-521,secp256k1"`
	Custody              *string    `json:"custody,omitempty" enum:"none,hosted"`
	MaxTTL               *int64     `json:"max_ttl,omitempty" minimum:"1" maximum:"1576800000"`
	UserIDs              *string    `json:"user_ids,omitempty" enum:"portable,any"`
	RequirePrivateMapKey *bool      `json:"require_privatemapkey,omitempty"`
	Admins               *[]string  `json:"admins,omitempty" maxItems:"5"`
	OIDC                 oidcChange `json:"oidc,omitzero" doc:"null ends it"`
}

// oidcChange tells null, which ends the arrangement, from what was left out.
type oidcChange struct {
	given bool
	to    *issuer.OIDC
}

// Schema describes it to the library, which does not validate it: UnmarshalJSON does.
func (oidcChange) Schema(r huma.Registry) *huma.Schema {
	ref := r.Schema(reflect.TypeFor[oidcView](), true, "")
	return &huma.Schema{Extensions: map[string]any{"anyOf": []any{ref, &huma.Schema{Type: "null"}}}}
}

// UnmarshalJSON implements [json.Unmarshaler].
func (o *oidcChange) UnmarshalJSON(data []byte) error {
	var v *oidcView
	if err := exactly(data, &v); err != nil {
		return err
	}
	o.given = true
	if v != nil {
		o.to = &issuer.OIDC{Issuer: v.Issuer, Audience: v.Audience, Claim: v.Claim}
	}
	return nil
}

func (w *settingsWish) apply(t *issuer.Settings) {
	if w == nil {
		return
	}
	set(&t.Scheme, w.Scheme)
	set(&t.Curve, w.Curve)
	set(&t.Custody, w.Custody)
	set(&t.MaxTTL, w.MaxTTL)
	set(&t.UserIDs, w.UserIDs)
	set(&t.RequirePrivateMapKey, w.RequirePrivateMapKey)
	set(&t.Admins, w.Admins)
	if w.OIDC.given {
		t.OIDC = w.OIDC.to
	}
}

func set[T any](field *T, wish *T) {
	if wish != nil {
		*field = *wish
	}
}

type newApp struct {
	Name     string        `json:"name" minLength:"1" maxLength:"64"`
	Settings *settingsWish `json:"settings,omitempty"`
}

type createAppIn struct {
	OnceOnly
	Body newApp
}

type createdApp struct {
	App       appView `json:"app"`
	Key       keyView `json:"key"`
	KeysZip   []byte  `json:"keys_zip,omitempty" doc:"keys.zip with private_key and public_key, in base64, if the private key is not kept here. It is in this reply and nowhere else."`
	SecretKey string  `json:"secret_key,omitempty" doc:"The SECRETKEY of an application with scheme hmac"`
}

type createAppOut struct {
	Replayed string `header:"Idempotency-Replayed" doc:"true if this repeats an earlier reply; key material is not repeated"`
	Body     createdApp
}

func (s *server) createApp(ctx context.Context, in *createAppIn) (*createAppOut, error) {
	wish := issuer.NewApp{Name: in.Body.Name, IdempotencyKey: in.Once}
	in.Body.Settings.apply(&wish.Settings)
	made, err := s.svc.CreateApp(ctx, callOf(ctx).caller, wish)
	if err != nil {
		return nil, err
	}
	zip, secret, err := handOut(made.Handout, made.Key)
	if err != nil {
		return nil, err
	}
	return &createAppOut{replay(made.Replayed), createdApp{viewApp(made.App), viewKey(made.Key), zip, secret}}, nil
}

type appList struct {
	Apps []appView `json:"apps"`
	Next string    `json:"next,omitempty" doc:"The cursor of the next page; absent at the end"`
}

func (s *server) listApps(ctx context.Context, in *struct{ PageQuery }) (*body[appList], error) {
	after, err := in.afterNumber("apps", 32)
	if err != nil {
		return nil, err
	}
	apps, err := s.svc.Apps(ctx, callOf(ctx).caller, uint32(after), in.Limit+1) //nolint:gosec // G115: parsed with 32 bits
	if err != nil {
		return nil, err
	}
	apps, next := upTo(apps, in.Limit, "apps", func(a issuer.App) string { return strconv.FormatUint(uint64(a.ID), 10) })
	return says(appList{each(apps, viewApp), next})
}

func (s *server) getApp(ctx context.Context, in *struct{ OfApp }) (*body[appView], error) {
	a, err := s.svc.App(ctx, callOf(ctx).caller, in.App)
	if err != nil {
		return nil, err
	}
	return says(viewApp(a))
}

type appChange struct {
	Name     *string       `json:"name,omitempty" minLength:"1" maxLength:"64"`
	State    *string       `json:"state,omitempty" enum:"running,stopped"`
	Settings *settingsWish `json:"settings,omitempty"`
}

type updateAppIn struct {
	OfApp
	Body appChange
}

func (s *server) updateApp(ctx context.Context, in *updateAppIn) (*body[appView], error) {
	a, err := s.svc.UpdateApp(ctx, callOf(ctx).caller, in.App, func(a *issuer.App) error {
		set(&a.Name, in.Body.Name)
		if in.Body.State != nil {
			a.State = issuer.AppState(*in.Body.State)
		}
		in.Body.Settings.apply(&a.Settings)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return says(viewApp(a))
}

func (s *server) deleteApp(ctx context.Context, in *struct{ OfApp }) (*nothing, error) {
	return done(s.svc.DeleteApp(ctx, callOf(ctx).caller, in.App))
}
