package httpapi

import (
	"context"
	"errors"
	"slices"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"usersig"
	"usersig/server/internal/access"
	"usersig/server/internal/issuer"
)

// tencentReply is the reply of Tencent's REST API. Its HTTP status is 200 whatever
// happens.
type tencentReply struct {
	ActionStatus string `json:"ActionStatus" enum:"OK,FAIL"`
	ErrorInfo    string `json:"ErrorInfo"`
	ErrorCode    int    `json:"ErrorCode"`
}

func failed(code int, info string) tencentReply { return tencentReply{"FAIL", info, code} }

// Codes of Tencent's that no kind of problem has.
const (
	tencentBadApp     = 60006 // SDKAppID is not one
	tencentNoApp      = 60012 // SDKAppID is missing
	tencentNoIdentity = 60004 // identifier or usersig is missing
)

// refusedKick is why a kick was not done.
type refusedKick struct {
	code int
	info string
}

func (e *refusedKick) Error() string { return e.info }

// kickIn is all text: what is wrong with it is answered in Tencent's way.
type kickIn struct {
	AppID       string `query:"sdkappid" required:"true" doc:"The SDKAppID"`
	Identifier  string `query:"identifier" required:"true" doc:"The user ID of one of the application's administrators"`
	UserSig     string `query:"usersig" doc:"The administrator's UserSig. Better put it into the Authorization header: query strings end up in logs"`
	Random      string `query:"random" doc:"Not used"`
	ContentType string `query:"contenttype" doc:"json"`
	Auth        string `header:"Authorization" hidden:"true"`
}

// kickWish is the body.
type kickWish struct {
	Identifier string `json:"Identifier,omitempty" doc:"The user whose tokens are void from now on"`
	UserID     string `json:"UserID,omitempty" doc:"The same, by its newer name"`
}

// addKick adds the route. Neither query nor body is validated by the library, whose
// errors have another shape.
func (s *server) addKick(rt *route) {
	op := s.operation(rt)
	op.SkipValidateParams, op.SkipValidateBody = true, true
	op.RequestBody = &huma.RequestBody{Content: map[string]*huma.MediaType{"application/json": {Schema: s.schema(kickWish{})}}}
	register(s, op, s.kick)
}

func (s *server) kick(ctx context.Context, in *kickIn) (*body[tencentReply], error) {
	err := s.tryKick(ctx, in)
	if err == nil {
		return says(tencentReply{ActionStatus: "OK"})
	}
	code, info := s.tencentError(ctx, err)
	callOf(ctx).outcome = strconv.Itoa(code)
	return says(failed(code, info))
}

// tencentError finds the code for an error, in the same place as all others are found.
func (s *server) tencentError(ctx context.Context, err error) (int, string) {
	if e, ok := errors.AsType[*refusedKick](err); ok {
		return e.code, e.info
	}
	if r, ok := usersig.RefusalOf(err); ok {
		return r.Code, callOf(ctx).inLanguage(r).Message
	}
	p := s.problemOf(ctx, err)
	return p.kind.tencent, p.text()
}

func (s *server) tryKick(ctx context.Context, in *kickIn) error {
	c := callOf(ctx)
	app, err := in.app()
	if err != nil {
		return err
	}
	token := in.UserSig
	if token == "" {
		token = afterBearer(in.Auth)
	}
	if in.Identifier == "" || token == "" {
		return &refusedKick{tencentNoIdentity, "identifier or usersig is missing"}
	}
	user, err := kicked(c.body)
	if err != nil {
		return err
	}
	who, err := s.svc.Verdict(ctx, app, issuer.Question{Token: token, UserID: in.Identifier, Purpose: usersig.UserSig, Source: c.source})
	if err != nil {
		return err
	}
	settings, err := s.settings(ctx, app)
	if err != nil {
		return err
	}
	c.caller.ID, c.caller.App = "admin:"+who.UserID(), app
	if slices.Contains(settings.Admins, who.UserID()) {
		c.caller.Scopes = []access.Scope{access.ScopeRevoke}
	} // else the service says no, and records that they asked
	_, err = s.svc.Revoke(ctx, c.caller, app, user)
	return err
}

func (in *kickIn) app() (uint32, error) {
	if in.AppID == "" {
		return 0, &refusedKick{tencentNoApp, "sdkappid is missing"}
	}
	app, err := strconv.ParseUint(in.AppID, 10, 32)
	if err != nil || app == 0 {
		return 0, &refusedKick{tencentBadApp, "sdkappid is not a number that an application has"}
	}
	return uint32(app), nil
}

// kicked reads whom a body names. Members that it does not know are ignored, as Tencent
// does.
func kicked(data []byte) (string, error) {
	v, err := parse(data)
	members, ok := v.(map[string]any)
	if err != nil || !ok {
		return "", problemAs(kindMalformed, "the body is not a JSON object")
	}
	old, hasOld := members["Identifier"].(string)
	user, hasNew := members["UserID"].(string)
	switch {
	case hasOld && hasNew && old != user:
		return "", problemAs(kindInvalid, "Identifier and UserID name different users")
	case hasOld:
		return old, nil
	case hasNew:
		return user, nil
	}
	return "", problemAs(kindInvalid, "Identifier is missing")
}
