package httpapi

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"time"

	"usersig/keyszip"
	"usersig/server/internal/issuer"
)

type keyView struct {
	KeyID     string     `json:"key_id"`
	Scheme    string     `json:"scheme" enum:"ecdsa,hmac"`
	Curve     string     `json:"curve,omitempty"`
	State     string     `json:"state" enum:"next,signing,retired,dead" doc:"next: published to verifiers; signing; retired: verifies until retire_at; dead"`
	PublicKey string     `json:"public_key,omitempty" doc:"PEM; absent for a SECRETKEY"`
	Imported  bool       `json:"imported" doc:"Whether the pair was made elsewhere"`
	CreatedAt time.Time  `json:"created_at"`
	CreatedBy string     `json:"created_by"`
	RetireAt  *time.Time `json:"retire_at,omitempty" doc:"When it stops verifying"`
	EndedAt   *time.Time `json:"ended_at,omitempty" doc:"When it was retired or killed"`
	EndedBy   string     `json:"ended_by,omitempty"`
	Reason    string     `json:"reason,omitempty"`
}

func viewKey(k issuer.Key) keyView {
	return keyView{
		KeyID: k.ID, Scheme: k.Scheme, Curve: k.Curve, State: string(k.State), PublicKey: k.Public,
		Imported: k.Imported, CreatedAt: k.CreatedAt, CreatedBy: k.CreatedBy,
		RetireAt: k.RetireAt, EndedAt: k.EndedAt, EndedBy: k.EndedBy, Reason: k.Reason,
	}
}

// handOut turns new key material into what is delivered: keys.zip or a SECRETKEY.
func handOut(h issuer.Handout, k issuer.Key) (zip []byte, secret string, err error) {
	switch {
	case h.Secret != nil:
		return nil, h.Secret.Reveal(), nil
	case h.Private != nil:
		var buf bytes.Buffer
		if err := keyszip.Write(&buf, h.Private, k.CreatedAt); err != nil {
			return nil, "", err
		}
		return buf.Bytes(), "", nil
	}
	return nil, "", nil
}

type keyList struct {
	Keys []keyView `json:"keys"`
	Next string    `json:"next,omitempty" doc:"The cursor of the next page; absent at the end"`
}

type listKeysIn struct {
	OfApp
	PageQuery
}

func (s *server) listKeys(ctx context.Context, in *listKeysIn) (*body[keyList], error) {
	keys, err := s.svc.Keys(ctx, callOf(ctx).caller, in.App)
	if err != nil {
		return nil, err
	}
	keys, next, err := page(keys, "keys", &in.PageQuery, func(k issuer.Key) string { return inOrder(k.CreatedAt, k.ID) })
	if err != nil {
		return nil, err
	}
	return says(keyList{each(keys, viewKey), next})
}

// inOrder is a text that sorts by time, and by ID within an instant.
func inOrder(t time.Time, id string) string {
	return t.UTC().Format("2006-01-02T15:04:05.000000000Z") + " " + id
}

type newKey struct {
	PublicKey string `json:"public_key" minLength:"1" doc:"PEM, as in the file public_key"`
	Sign      bool   `json:"sign,omitempty" doc:"Whether it becomes the signing key. If no key signs, it does anyway."`
}

type importKeyIn struct {
	OfApp
	Body newKey
}

func (s *server) importKey(ctx context.Context, in *importKeyIn) (*body[keyView], error) {
	k, err := s.svc.ImportKey(ctx, callOf(ctx).caller, in.App, []byte(in.Body.PublicKey), in.Body.Sign)
	if err != nil {
		return nil, err
	}
	return says(viewKey(k))
}

type rotation struct {
	Overlap *int64 `json:"overlap,omitempty" minimum:"0" maximum:"1576800000" doc:"How long the old key goes on verifying, in seconds: as long as the longest token lives, unless said otherwise"`
	Prepare bool   `json:"prepare,omitempty" doc:"Only publish the new key to verifiers; the next rotation makes it sign"`
	Reason  string `json:"reason,omitempty" maxLength:"255"`
}

type rotateKeyIn struct {
	OfApp
	Body *rotation
}

type rotated struct {
	Key       keyView `json:"key"`
	KeysZip   []byte  `json:"keys_zip,omitempty" doc:"keys.zip with private_key and public_key, in base64, if the key is new and not kept here. It is in this reply and nowhere else."`
	SecretKey string  `json:"secret_key,omitempty" doc:"The new SECRETKEY, for scheme hmac"`
}

func (s *server) rotateKey(ctx context.Context, in *rotateKeyIn) (*body[rotated], error) {
	var wish issuer.Rotation
	if w := in.Body; w != nil {
		wish = issuer.Rotation{Prepare: w.Prepare, Reason: w.Reason}
		if w.Overlap != nil {
			wish.Overlap = new(seconds(*w.Overlap))
		}
	}
	made, err := s.svc.RotateKey(ctx, callOf(ctx).caller, in.App, wish)
	if err != nil {
		return nil, err
	}
	v, err := viewRotated(made)
	if err != nil {
		return nil, err
	}
	return says(v)
}

func viewRotated(made issuer.Rotated) (rotated, error) {
	zip, secret, err := handOut(made.Handout, made.Key)
	if err != nil {
		return rotated{}, err
	}
	return rotated{viewKey(made.Key), zip, secret}, nil
}

// seconds is a duration of n seconds. What the description lets through does not
// overflow it.
func seconds(n int64) time.Duration { return time.Duration(n) * time.Second }

type ofKey struct {
	OfApp
	Kid string `path:"kid" minLength:"1" maxLength:"64" doc:"The key_id"`
}

type killing struct {
	Reason  string `json:"reason" minLength:"1" maxLength:"255" doc:"For the history"`
	Replace bool   `json:"replace,omitempty" doc:"Whether another key signs from now on, if this one did"`
}

type killKeyIn struct {
	OfApp
	Kid  string `path:"kid" minLength:"1" maxLength:"64" doc:"The key_id"`
	Body killing
}

type killed struct {
	Killed      keyView  `json:"killed"`
	Replacement *rotated `json:"replacement,omitempty" doc:"The key that signs now"`
}

func (s *server) killKey(ctx context.Context, in *killKeyIn) (*body[killed], error) {
	dead, by, err := s.svc.KillKey(ctx, callOf(ctx).caller, in.App, in.Kid, in.Body.Reason, in.Body.Replace)
	if err != nil {
		return nil, err
	}
	out := killed{Killed: viewKey(dead)}
	if by != nil {
		v, err := viewRotated(*by)
		if err != nil {
			return nil, err
		}
		out.Replacement = &v
	}
	return says(out)
}

type pemOut struct {
	ContentType string `header:"Content-Type" hidden:"true"`
	Body        []byte
}

func (s *server) publicKey(ctx context.Context, in *ofKey) (*pemOut, error) {
	keys, err := s.svc.Keys(ctx, callOf(ctx).caller, in.App)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(keys, func(k issuer.Key) bool { return k.ID == in.Kid })
	switch {
	case i < 0:
		return nil, fmt.Errorf("key %.32q: %w", in.Kid, issuer.ErrNotFound)
	case keys[i].Public == "":
		return nil, fmt.Errorf("key %s is a SECRETKEY and has no public half: %w", in.Kid, issuer.ErrNotFound)
	}
	return &pemOut{"application/x-pem-file", []byte(keys[i].Public)}, nil
}
