package remote_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"usersig"
	"usersig/internal/remote"
)

func TestLists(t *testing.T) {
	pages := map[string]string{
		"":   `{"keys":[{"key_id":"a","extra":1}],"next":"p2"}`,
		"p2": `{"keys":[],"next":"p3"}`,
		"p3": `{"keys":[{"key_id":"b"}]}`,
	}
	c, got, _ := serve(t, func(w http.ResponseWriter, r asked, _ int) {
		reply(w, 200, "application/json", pages[r.URL.Query().Get("cursor")])
	})
	keys, err := c.Keys(t.Context(), app)
	if err != nil || len(keys.Value) != 2 || keys.Value[1].KeyID != "b" || string(keys.JSON) != `{"keys":[{"key_id":"a","extra":1},{"key_id":"b"}]}` {
		t.Errorf("Keys = %+v %s, %v", keys.Value, keys.JSON, err)
	}
	if len(got()) != 3 {
		t.Errorf("%d requests", len(got()))
	}
	for _, bad := range []string{`{}`, `{"apikeys":{}}`, `{"apikeys":[1]}`, `{"apikeys":[],"next":1}`, `null`} {
		c, _, _ := serve(t, says(bad))
		_, err := c.APIKeys(t.Context(), app)
		fault(t, err, remote.NotOurs)
	}
	endless, got, _ := serve(t, says(`{"apps":[],"next":"again"}`))
	_, err = endless.Apps(t.Context())
	if fault(t, err, remote.NotOurs); len(got()) != 2 {
		t.Errorf("%d requests of a list without end", len(got()))
	}
	empty, _, _ := serve(t, says(`{"apps":[]}`))
	if apps, err := empty.Apps(t.Context()); err != nil || string(apps.JSON) != `{"apps":[]}` || apps.Value == nil {
		t.Errorf("%s, %v", apps.JSON, err)
	}
}

// TestRoutes holds what each method sends, and that it reads the answer.
func TestRoutes(t *testing.T) {
	until := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	ctx := t.Context()
	for want, c := range map[string]struct {
		answer string
		do     func(c *remote.Client) (any, error)
		value  string
	}{
		`POST /v1/apps {"name":"a","settings":{"custody":"hosted"}}`: {`{"app":{"sdkappid":7},"keys_zip":"AAAA"}`, func(c *remote.Client) (any, error) {
			r, err := c.CreateApp(ctx, remote.NewApp{Name: "a", Settings: remote.Wishes{Custody: "hosted"}})
			return [2]any{r.Value.App.AppID, len(r.Value.KeysZip)}, err
		}, "[7 3]"},
		`GET /v1/apps/7 `: {`{"sdkappid":7,"state":"running"}`, func(c *remote.Client) (any, error) { r, err := c.App(ctx, 7); return r.Value.State, err }, "running"},
		`PATCH /v1/apps/7 {"state":"stopped"}`: {`{"state":"stopped"}`, func(c *remote.Client) (any, error) {
			r, err := c.ChangeApp(ctx, 7, remote.AppChange{State: "stopped"})
			return r.Value.State, err
		}, "stopped"},
		`PATCH /v1/apps/7 {"name":"b","settings":{"max_ttl":60,"require_privatemapkey":false,"admins":[],"oidc":{"issuer":"i","audience":"a"}}}`: {
			`{"settings":{"oidc":{"issuer":"i","audience":"a","claim":"sub"}}}`, func(c *remote.Client) (any, error) {
				r, err := c.ChangeApp(ctx, 7, remote.AppChange{Name: "b", Settings: remote.Wishes{
					MaxTTL: 60, RequirePrivateMapKey: new(bool), Admins: []string{}, OIDC: remote.OIDCChange{To: &remote.OIDC{Issuer: "i", Audience: "a"}},
				}})
				if err != nil {
					return nil, err
				}
				return r.Value.Settings.OIDC.Claim, err
			}, "sub",
		},
		`PATCH /v1/apps/7 {"settings":{"oidc":null}}`: {`{}`, func(c *remote.Client) (any, error) {
			r, err := c.ChangeApp(ctx, 7, remote.AppChange{Settings: remote.Wishes{OIDC: remote.OIDCChange{End: true}}})
			return r.Value.Settings.OIDC == nil, err
		}, "true"},
		`DELETE /v1/apps/7 `: {"", func(c *remote.Client) (any, error) { return "", c.DeleteApp(ctx, 7) }, ""},
		`POST /v1/apps/7/keys/rotate {"overlap":0,"prepare":true,"reason":"r"}`: {`{"key":{"key_id":"k"},"secret_key":"s"}`, func(c *remote.Client) (any, error) {
			r, err := c.RotateKey(ctx, 7, remote.Rotation{Overlap: new(int64), Prepare: true, Reason: "r"})
			return r.Value.Key.KeyID + r.Value.SecretKey, err
		}, "ks"},
		`POST /v1/apps/7/keys/a%2F..%2Fb/kill {"reason":"leaked","replace":true,"keep_sessions":true}`: {`{"killed":{"state":"dead"},"replacement":{"key":{"key_id":"n"}}}`, func(c *remote.Client) (any, error) {
			r, err := c.KillKey(ctx, 7, "a/../b", remote.Killing{Reason: "leaked", Replace: true, KeepSessions: true})
			if err != nil {
				return nil, err
			}
			return r.Value.Killed.State + r.Value.Replacement.Key.KeyID, nil
		}, "deadn"},
		`POST /v1/apps/7/keys {"public_key":"PEM","sign_next":true}`: {`{"key_id":"k","sign_next":true}`, func(c *remote.Client) (any, error) {
			r, err := c.ImportKey(ctx, 7, remote.OwnKey{PublicKey: "PEM", SignNext: true})
			return r.Value.SignNext, err
		}, "true"},
		`POST /v1/apps/7/keys {"public_key":"PEM","sign":true}`: {`{"key_id":"k"}`, func(c *remote.Client) (any, error) {
			r, err := c.ImportKey(ctx, 7, remote.OwnKey{PublicKey: "PEM", Sign: true})
			return r.Value.KeyID, err
		}, "k"},
		`POST /v1/apps/7/users/%2E%2E/revoke `: {`{"userid":"..","revoked_to":"2030-01-01T00:00:00Z"}`, func(c *remote.Client) (any, error) {
			r, err := c.Revoke(ctx, 7, "..")
			return r.Value.RevokedTo.Equal(until), err
		}, "true"},
		`PUT /v1/apps/7/users/a%20%E4%BD%A0%3F/block {"until":"2030-01-01T00:00:00Z"}`: {`{"blocked_until":"2030-01-01T00:00:00Z"}`, func(c *remote.Client) (any, error) {
			r, err := c.Block(ctx, 7, "a 你?", until)
			return r.Value.BlockedUntil.Equal(until), err
		}, "true"},
		`DELETE /v1/apps/7/users/a/block `: {"", func(c *remote.Client) (any, error) { return "", c.Unblock(ctx, 7, "a") }, ""},
		`POST /v1/apps/7/apikeys {"name":"b","scopes":["read"]}`: {`{"apikey":{"id":"i"},"secret":"s"}`, func(c *remote.Client) (any, error) {
			r, err := c.CreateAPIKey(ctx, 7, remote.NewAPIKey{Name: "b", Scopes: []string{"read"}})
			return r.Value.APIKey.ID + r.Value.Secret, err
		}, "is"},
		`POST /v1/operators {"name":"Li Na"}`: {`{"apikey":{"id":"i"},"secret":"s"}`, func(c *remote.Client) (any, error) {
			r, err := c.CreateOperator(ctx, remote.NewAPIKey{Name: "Li Na"})
			return r.Value.APIKey.ID + r.Value.Secret, err
		}, "is"},
		`GET /v1/operators?limit=200 `: {`{"apikeys":[{"id":"i"}]}`, func(c *remote.Client) (any, error) {
			r, err := c.Operators(ctx)
			return len(r.Value), err
		}, "1"},
		`GET /v1/apps/7/rooms?limit=200 `: {`{"rooms":[{"path":"n12","room":{"id":12},"users":2}]}`, func(c *remote.Client) (any, error) {
			r, err := c.Rooms(ctx, 7)
			if err != nil {
				return nil, err
			}
			return fmt.Sprint(r.Value[0].Room, r.Value[0].Users), nil
		}, "#12 2"},
		`GET /v1/apps/7/rooms/sMTI/users?limit=200 `: {`{"users":[{"userid":"a","sends":["audio","screen"]}]}`, func(c *remote.Client) (any, error) {
			r, err := c.RoomUsers(ctx, 7, usersig.Room{Name: "12"})
			if err != nil {
				return nil, err
			}
			return r.Value[0].UserID + fmt.Sprint(r.Value[0].Sends), nil
		}, "a[audio screen]"},
		`DELETE /v1/apps/7/rooms/n12/users/%2E%2E `: {"", func(c *remote.Client) (any, error) {
			return "", c.RemoveUser(ctx, 7, usersig.Room{ID: 12}, "..")
		}, ""},
		`DELETE /v1/apps/7/rooms/s5aSn5Y6FIDE `: {"", func(c *remote.Client) (any, error) {
			return "", c.DissolveRoom(ctx, 7, usersig.Room{Name: "大厅 1"})
		}, ""},
		`DELETE /v1/operators/a%2Fb `:  {"", func(c *remote.Client) (any, error) { return "", c.DeleteOperator(ctx, "a/b") }, ""},
		`DELETE /v1/apps/7/apikeys/i `: {"", func(c *remote.Client) (any, error) { return "", c.DeleteAPIKey(ctx, 7, "i") }, ""},
	} {
		client, got, _ := serve(t, func(w http.ResponseWriter, _ asked, _ int) {
			if c.answer == "" {
				w.WriteHeader(http.StatusNoContent)
				return
			}
			reply(w, 200, "application/json", c.answer)
		})
		value, err := c.do(client)
		if err != nil || fmt.Sprint(value) != c.value {
			t.Errorf("%s: %v, %v, want %s", want, value, err, c.value)
		}
		if r := got()[0]; r.Method+" "+r.RequestURI+" "+r.body != want {
			t.Errorf("sent %s %s %s\nwant %s", r.Method, r.RequestURI, r.body, want)
		}
		bad, _, _ := serve(t, func(w http.ResponseWriter, _ asked, _ int) { problem(w, 404, `{"reason":"not_found"}`) })
		if _, err := c.do(bad); err == nil {
			t.Errorf("%s: no error", want)
		}
	}
}
