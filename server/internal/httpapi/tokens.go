package httpapi

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"usersig"
	"usersig/democonfig"
	"usersig/server/internal/issuer"
)

type issuedUserSig struct {
	UserSig   string    `json:"usersig"`
	AppID     uint32    `json:"sdkappid" format:"int64"`
	UserID    string    `json:"userid"`
	IssuedAt  time.Time `json:"issued_at"`
	ExpiresAt time.Time `json:"expires_at"`
	KeyID     string    `json:"key_id"`
}

type issuedTicket struct {
	PrivateMapKey string    `json:"privatemapkey"`
	AppID         uint32    `json:"sdkappid" format:"int64"`
	UserID        string    `json:"userid"`
	IssuedAt      time.Time `json:"issued_at"`
	ExpiresAt     time.Time `json:"expires_at"`
	KeyID         string    `json:"key_id"`
	Grant         grantView `json:"grant"`
}

type grantView struct {
	Room  roomView `json:"room"`
	Allow uint32   `json:"allow" format:"int64" doc:"The sum of the rights: create 1, join 2, send-audio 4, receive-audio 8, send-video 16, receive-video 32, send-screen 64, receive-screen 128"`
}

// roomView names a room by number or by name: 123 and "123" are different rooms.
type roomView struct {
	ID   uint32 `json:"id,omitempty" minimum:"1" maximum:"4294967294" format:"int64"`
	Name string `json:"name,omitempty" minLength:"1" maxLength:"64"`
}

func viewGrant(g usersig.Grant) grantView {
	return grantView{roomView{g.Room.ID, g.Room.Name}, uint32(g.Allow)}
}

func (r *roomView) room() usersig.Room { return usersig.Room{ID: r.ID, Name: r.Name} }

// rights are what a PrivateMapKey allows, as the words of [usersig.ParsePrivilege] or
// as a number.
type rights struct{ usersig.Privilege }

// Schema describes it to the library.
func (rights) Schema(huma.Registry) *huma.Schema {
	none, all := 0.0, float64(usersig.AllPrivileges)
	return &huma.Schema{OneOf: []*huma.Schema{
		{Type: huma.TypeString, Examples: []any{"join,receive-audio,receive-video"}},
		{Type: huma.TypeInteger, Minimum: &none, Maximum: &all, Examples: []any{int(usersig.Audience)}},
	}}
}

// UnmarshalJSON implements [json.Unmarshaler].
func (a *rights) UnmarshalJSON(data []byte) (err error) {
	var words string
	if json.Unmarshal(data, &words) != nil {
		words = string(data)
	}
	a.Privilege, err = usersig.ParsePrivilege(words)
	return err
}

type userSigWish struct {
	UserID string `json:"userid,omitempty" minLength:"1" maxLength:"32" doc:"A signed-in user may leave it out: it is theirs"`
	TTL    int64  `json:"ttl,omitempty" minimum:"1" maximum:"1576800000" doc:"In seconds: as long as the application allows, unless said otherwise"`
}

type issueUserSigIn struct {
	OfApp
	Body userSigWish
}

func (s *server) issueUserSig(ctx context.Context, in *issueUserSigIn) (*body[issuedUserSig], error) {
	caller := callOf(ctx).caller
	if in.Body.UserID == "" {
		in.Body.UserID = caller.UserID
	}
	t, err := s.svc.Issue(ctx, caller, in.App, issuer.Wish{UserID: in.Body.UserID, TTL: seconds(in.Body.TTL)})
	if err != nil {
		return nil, err
	}
	return says(issuedUserSig{t.Token, in.App, t.UserID, t.IssuedAt, t.ExpiresAt, t.KeyID})
}

type ticketWish struct {
	UserID string   `json:"userid" minLength:"1" maxLength:"32"`
	TTL    int64    `json:"ttl,omitempty" minimum:"1" maximum:"1576800000" doc:"In seconds: a day, unless said otherwise"`
	Room   roomView `json:"room" doc:"By id or by name"`
	Allow  *rights  `json:"allow,omitempty" doc:"Everything, unless said otherwise. Words: all, audience, none, create, join, send-audio, receive-audio, send-video, receive-video, send-screen, receive-screen, or several with commas between; or the sum as a number"`
}

type issueTicketIn struct {
	OfApp
	Body ticketWish
}

func (s *server) issueTicket(ctx context.Context, in *issueTicketIn) (*body[issuedTicket], error) {
	t, err := s.svc.Issue(ctx, callOf(ctx).caller, in.App, issuer.Wish{
		UserID: in.Body.UserID, TTL: seconds(in.Body.TTL), Grant: grant(&in.Body.Room, in.Body.Allow),
	})
	if err != nil {
		return nil, err
	}
	return says(issuedTicket{t.Token, in.App, t.UserID, t.IssuedAt, t.ExpiresAt, t.KeyID, viewGrant(*t.Grant)})
}

func grant(room *roomView, allow *rights) *usersig.Grant {
	if room == nil {
		return nil
	}
	g := &usersig.Grant{Room: room.room(), Allow: usersig.AllPrivileges}
	if allow != nil {
		g.Allow = allow.Privilege
	}
	return g
}

type batchItem struct {
	UserID string    `json:"userid" minLength:"1" maxLength:"32"`
	TTL    int64     `json:"ttl,omitempty" minimum:"1" maximum:"1576800000"`
	Room   *roomView `json:"room,omitempty" doc:"Makes it a PrivateMapKey for this room"`
	Allow  *rights   `json:"allow,omitempty" doc:"What the PrivateMapKey allows"`
}

type batchWish struct {
	TTL   int64       `json:"ttl,omitempty" minimum:"1" maximum:"1576800000" doc:"Of the items that do not say their own, in seconds"`
	Items []batchItem `json:"items" minItems:"1" maxItems:"1000"`
}

type batchIn struct {
	OfApp
	Body batchWish
}

type issued struct {
	UserSig       string     `json:"usersig,omitempty"`
	PrivateMapKey string     `json:"privatemapkey,omitempty"`
	AppID         uint32     `json:"sdkappid" format:"int64"`
	UserID        string     `json:"userid"`
	IssuedAt      time.Time  `json:"issued_at"`
	ExpiresAt     time.Time  `json:"expires_at"`
	KeyID         string     `json:"key_id"`
	Grant         *grantView `json:"grant,omitempty"`
}

type batch struct {
	Items []issued `json:"items" doc:"In the order of the request"`
}

func (s *server) issueBatch(ctx context.Context, in *batchIn) (*body[batch], error) {
	wishes := make([]issuer.Wish, len(in.Body.Items))
	for i, item := range in.Body.Items {
		if item.Room == nil && item.Allow != nil {
			p := invalid(fmt.Sprintf("items[%d] allows something, but in no room", i))
			p.Index = &i
			return nil, p
		}
		if item.TTL == 0 {
			item.TTL = in.Body.TTL
		}
		wishes[i] = issuer.Wish{UserID: item.UserID, TTL: seconds(item.TTL), Grant: grant(item.Room, item.Allow)}
	}
	tokens, err := s.svc.IssueBatch(ctx, callOf(ctx).caller, in.App, wishes)
	if err != nil {
		return nil, err
	}
	return says(batch{each(tokens, func(t issuer.Issued) issued { return viewIssued(in.App, t) })})
}

func viewIssued(app uint32, t issuer.Issued) issued {
	v := issued{AppID: app, UserID: t.UserID, IssuedAt: t.IssuedAt, ExpiresAt: t.ExpiresAt, KeyID: t.KeyID}
	if t.Grant == nil {
		v.UserSig = t.Token
		return v
	}
	v.PrivateMapKey, v.Grant = t.Token, new(viewGrant(*t.Grant))
	return v
}

type demoWish struct {
	Platform string `json:"platform,omitempty" enum:"Android,iOS,Mac,Web,Win" default:"Web"`
	Users    int    `json:"users,omitempty" minimum:"1" maximum:"99" default:"4"`
	TTL      int64  `json:"ttl,omitempty" minimum:"1" maximum:"1576800000" doc:"In seconds: 180 days, unless said otherwise, or as long as the application allows"`
}

type demoConfigIn struct {
	OfApp
	Body *demoWish
}

type demoConfigOut struct {
	ContentType string `header:"Content-Type" hidden:"true"`
	Body        []byte
}

// demoConfig answers with the file itself, byte for byte as the console wrote it.
func (s *server) demoConfig(ctx context.Context, in *demoConfigIn) (*demoConfigOut, error) {
	wish := demoWish{Platform: democonfig.DefaultPlatform, Users: democonfig.DefaultUsers}
	if w := in.Body; w != nil {
		wish.TTL = w.TTL
		orElse(&wish.Platform, w.Platform)
		orElse(&wish.Users, w.Users)
	}
	config, err := s.svc.DemoConfig(ctx, callOf(ctx).caller, in.App, wish.Platform, wish.Users, seconds(wish.TTL))
	if err != nil {
		return nil, err
	}
	text, err := config.Marshal()
	return &demoConfigOut{"application/json", text}, err
}

// orElse replaces a default by what was asked for, if anything was.
func orElse[T comparable](field *T, wish T) {
	if wish != *new(T) {
		*field = wish
	}
}
