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
	KeyID        string     `json:"key_id"`
	Scheme       string     `json:"scheme" enum:"ecdsa,hmac"`
	Curve        string     `json:"curve,omitempty"`
	State        string     `json:"state" enum:"next,signing,retired,dead" doc:"next: published to verifiers; signing; retired: verifies until retire_at; dead"`
	PublicKey    string     `json:"public_key,omitempty" doc:"PEM; absent for a SECRETKEY"`
	Imported     bool       `json:"imported" doc:"Whether the pair was made elsewhere"`
	SignNext     bool       `json:"sign_next,omitempty" doc:"Of an imported key in state next: the next rotation makes it sign. Without it, it verifies only"`
	CreatedAt    time.Time  `json:"created_at"`
	CreatedBy    string     `json:"created_by"`
	RetireAt     *time.Time `json:"retire_at,omitempty" doc:"When it stops verifying"`
	EndedAt      *time.Time `json:"ended_at,omitempty" doc:"When it was retired or killed"`
	EndedBy      string     `json:"ended_by,omitempty"`
	Reason       string     `json:"reason,omitempty"`
	KeepSessions bool       `json:"keep_sessions,omitempty" doc:"Of a dead key: who came in with it may stay"`
}

func viewKey(k issuer.Key) keyView {
	return keyView{
		KeyID: k.ID, Scheme: k.Scheme, Curve: k.Curve, State: string(k.State), PublicKey: k.Public,
		Imported: k.Imported, CreatedAt: k.CreatedAt, CreatedBy: k.CreatedBy,
		RetireAt: k.RetireAt, EndedAt: k.EndedAt, EndedBy: k.EndedBy, Reason: k.Reason,
		SignNext: k.SignNext, KeepSessions: k.KeepSessions,
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
	Sign      bool   `json:"sign,omitempty" doc:"Whether it becomes the signing key at once. A key of a hosted application cannot"`
	SignNext  bool   `json:"sign_next,omitempty" doc:"Whether the next rotation makes it the signing key. With neither it verifies only, until it is imported again to sign"`
}

type importKeyIn struct {
	OfApp
	OnceOnly
	Body newKey
}

type importKeyOut struct {
	Replayed string `header:"Idempotency-Replayed" doc:"true if this repeats an earlier reply; the key is as it is now"`
	Body     keyView
}

func (s *server) importKey(ctx context.Context, in *importKeyIn) (*importKeyOut, error) {
	wish := issuer.OwnKey{PEM: []byte(in.Body.PublicKey), Sign: in.Body.Sign, SignNext: in.Body.SignNext, IdempotencyKey: in.Once}
	made, err := s.svc.ImportKey(ctx, callOf(ctx).caller, in.App, wish)
	if err != nil {
		return nil, err
	}
	return &importKeyOut{replay(made.Replayed), viewKey(made.Key)}, nil
}

// replay is the header that says whether a reply repeats an earlier one.
func replay(replayed bool) string {
	if replayed {
		return "true"
	}
	return ""
}

type rotation struct {
	Overlap *int64 `json:"overlap,omitempty" minimum:"0" maximum:"1576800000" doc:"How long the old key goes on verifying, in seconds: as long as the longest token can live that it has signed, unless said otherwise"`
	Prepare bool   `json:"prepare,omitempty" doc:"Only publish the new key to verifiers; the next rotation makes it sign"`
	Reason  string `json:"reason,omitempty" maxLength:"255"`
}

type rotateKeyIn struct {
	OfApp
	OnceOnly
	Body *rotation
}

type rotateKeyOut struct {
	Replayed string `header:"Idempotency-Replayed" doc:"true if this repeats an earlier reply; the key is as it is now, and key material is not repeated"`
	Body     rotated
}

type rotated struct {
	Key       keyView `json:"key"`
	KeysZip   []byte  `json:"keys_zip,omitempty" doc:"keys.zip with private_key and public_key, in base64, if the key is new and not kept here. It is in this reply and nowhere else."`
	SecretKey string  `json:"secret_key,omitempty" doc:"The new SECRETKEY, for scheme hmac"`
}

func (s *server) rotateKey(ctx context.Context, in *rotateKeyIn) (*rotateKeyOut, error) {
	wish := issuer.Rotation{IdempotencyKey: in.Once}
	if w := in.Body; w != nil {
		wish.Prepare, wish.Reason = w.Prepare, w.Reason
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
	return &rotateKeyOut{replay(made.Replayed), v}, nil
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
	Reason       string `json:"reason" minLength:"1" maxLength:"255" doc:"For the history"`
	Replace      bool   `json:"replace,omitempty" doc:"Whether another key signs from now on, if this one did"`
	KeepSessions bool   `json:"keep_sessions,omitempty" doc:"Whether those may stay who came in with it. Nobody comes in with it any more, either way. Killing it again without ends their sessions"`
}

type killKeyIn struct {
	OfApp
	OnceOnly
	Kid  string `path:"kid" minLength:"1" maxLength:"64" doc:"The key_id"`
	Body killing
}

type killKeyOut struct {
	Replayed string `header:"Idempotency-Replayed" doc:"true if the key was killed before for the same reason; key material is not repeated. That needs no Idempotency-Key"`
	Body     killed
}

type killed struct {
	Killed      keyView  `json:"killed"`
	Replacement *rotated `json:"replacement,omitempty" doc:"The key that signs now"`
}

func (s *server) killKey(ctx context.Context, in *killKeyIn) (*killKeyOut, error) {
	wish := issuer.Killing{KeyID: in.Kid, Reason: in.Body.Reason, Replace: in.Body.Replace, KeepSessions: in.Body.KeepSessions}
	dead, err := s.svc.KillKey(ctx, callOf(ctx).caller, in.App, wish)
	if err != nil {
		return nil, err
	}
	out := killed{Killed: viewKey(dead.Key)}
	if dead.By != nil {
		v, err := viewRotated(*dead.By)
		if err != nil {
			return nil, err
		}
		out.Replacement = &v
	}
	return &killKeyOut{replay(dead.Replayed), out}, nil
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
