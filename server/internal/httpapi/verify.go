package httpapi

import (
	"context"
	"net/netip"
	"strconv"
	"time"

	"usersig"
	"usersig/server/internal/issuer"
)

type question struct {
	Token   string    `json:"token" doc:"The token, exactly as it was issued"`
	UserID  string    `json:"userid" maxLength:"255" doc:"The user it must be for"`
	Purpose string    `json:"purpose,omitempty" enum:"usersig,privatemapkey,userbuf" doc:"usersig, or privatemapkey beside a room, unless said otherwise"`
	Room    *roomView `json:"room,omitempty" doc:"The room that a PrivateMapKey must be for"`
	Source  string    `json:"source,omitempty" maxLength:"64" doc:"The address that the user's request came from. Failed checks in the user's name are counted by it: ten in a minute, and it is locked for a minute (70050). Without it nothing is counted"`
}

// mostUserID is how many bytes a user ID has at most.
const mostUserID = 255

type verifyIn struct {
	OfApp
	Body question
}

// verdict is the answer to whether a token is good. Its members are those of the
// command usersig verify --json.
type verdict struct {
	OK          bool             `json:"ok"`
	AppID       uint32           `json:"sdkappid,omitempty" format:"int64"`
	UserID      string           `json:"userid,omitempty"`
	IssuedAt    *time.Time       `json:"issued_at,omitempty"`
	ExpiresAt   *time.Time       `json:"expires_at,omitempty"`
	Scheme      string           `json:"scheme,omitempty" enum:"ecdsa,hmac"`
	KeyID       string           `json:"key_id,omitempty"`
	Purpose     string           `json:"purpose,omitempty" enum:"usersig,privatemapkey,userbuf"`
	Grant       *grantView       `json:"grant,omitempty"`
	RoomChecked *bool            `json:"room_checked,omitempty" doc:"Whether the grant is for the room that was asked about. If none was, look at the grant"`
	UserBuf     *[]byte          `json:"userbuf,omitempty"`
	Refusal     *usersig.Refusal `json:"refusal,omitempty" doc:"Why the token is not good"`
}

// verify answers 200 whichever the verdict is: the question was answered.
func (s *server) verify(ctx context.Context, in *verifyIn) (*body[verdict], error) {
	c := callOf(ctx)
	q, anyRoom, err := in.Body.ask()
	if err != nil {
		return nil, err
	}
	who, err := s.svc.Check(ctx, c.caller, in.App, q)
	if refusal, refused := usersig.RefusalOf(err); refused {
		c.outcome = strconv.Itoa(refusal.Code)
		return says(verdict{Refusal: c.inLanguage(refusal)})
	}
	if err != nil {
		return nil, err
	}
	return says(viewVerdict(who, !anyRoom))
}

func (b *question) ask() (q issuer.Question, anyRoom bool, err error) {
	if len(b.UserID) > mostUserID { // the description counts characters
		return issuer.Question{}, false, invalid("userid is longer than 255 bytes")
	}
	q = issuer.Question{Token: b.Token, UserID: b.UserID, Purpose: usersig.UserSig}
	if b.Source != "" {
		if q.Source, err = netip.ParseAddr(b.Source); err != nil {
			return issuer.Question{}, false, invalid("source is not an IP address")
		}
		q.Source = plain(q.Source)
	}
	switch {
	case b.Room != nil && b.Purpose != "" && b.Purpose != usersig.PrivateMapKey.String():
		return issuer.Question{}, false, invalid("a room goes with purpose privatemapkey only")
	case b.Room != nil:
		q.Purpose, q.Room = usersig.PrivateMapKey, b.Room.room()
	case b.Purpose == usersig.PrivateMapKey.String():
		q.Purpose, anyRoom = usersig.PrivateMapKey, true
		// An unchecked value, but it only says what to compare the token's room with,
		// and the answer says that the room was not checked.
		if i, err := usersig.Inspect(b.Token); err == nil && i.Grant != nil {
			q.Room = i.Grant.Room
		}
	case b.Purpose == usersig.UserBuf.String():
		q.Purpose = usersig.UserBuf
	}
	return q, anyRoom, nil
}

func viewVerdict(who usersig.Verified, roomChecked bool) verdict {
	v := verdict{
		OK: true, AppID: who.AppID(), UserID: who.UserID(),
		IssuedAt: new(who.IssuedAt()), ExpiresAt: new(who.ExpiresAt()),
		Scheme: who.Scheme().String(), KeyID: who.KeyID(), Purpose: who.Purpose().String(),
	}
	if grant, err := who.Grant(); err == nil {
		v.Grant, v.RoomChecked = new(viewGrant(grant)), &roomChecked
	} else if buf := who.UserBuf(); buf != nil {
		v.UserBuf = &buf
	}
	return v
}
