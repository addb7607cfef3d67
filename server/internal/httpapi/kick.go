package httpapi

import (
	"context"
	"net/http"
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

// tencent is a problem with a code of Tencent's that no kind has.
func tencent(code int, info string) *problem {
	k := kindInvalid
	k.tencent = code
	return problemAs(k, info)
}

// kickIn describes the query. It was read before: what is wrong with it is answered in
// Tencent's way.
type kickIn struct {
	AppID       string `query:"sdkappid" required:"true" doc:"The SDKAppID"`
	Identifier  string `query:"identifier" required:"true" doc:"The user ID of one of the application's administrators"`
	UserSig     string `query:"usersig" doc:"The administrator's UserSig. Better put it into the Authorization header: query strings end up in logs"`
	Random      string `query:"random" doc:"Not used"`
	ContentType string `query:"contenttype" doc:"json"`
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

// identifyAdmin checks the UserSig in the query or the header. Nothing of the body is read
// before: strangers could send it as slowly as they like.
func (s *server) identifyAdmin(ctx context.Context, r *http.Request, c *call) *problem {
	q := r.URL.Query()
	app, p := kickedOf(q.Get("sdkappid"))
	if p != nil {
		return p
	}
	identifier, token := q.Get("identifier"), q.Get("usersig")
	if token == "" {
		token, _ = bearer(r)
	}
	if identifier == "" || token == "" {
		return tencent(tencentNoIdentity, "identifier or usersig is missing")
	}
	err := s.admitAdmin(ctx, c, app, issuer.Question{Token: token, UserID: identifier, Purpose: usersig.UserSig, Source: c.source})
	if err == nil {
		s.slots.prove(&c.slot)
		return nil
	}
	if refusal, is := usersig.RefusalOf(err); is {
		s.svc.Turned(ctx, c.nobody(), access.RevokeUser, app, identifier, refusal.Reason)
	}
	return s.tencentProblem(ctx, err)
}

// admitAdmin makes somebody the caller if a token proves that they are an administrator.
func (s *server) admitAdmin(ctx context.Context, c *call, app uint32, q issuer.Question) error {
	who, err := s.svc.Verdict(ctx, app, q)
	if err != nil {
		return err
	}
	settings, err := s.settings(ctx, app)
	if err != nil {
		return err
	}
	if !slices.Contains(settings.Admins, who.UserID()) {
		// Every user of the application has a UserSig, and can do this as often as they like.
		asked := c.nobody()
		asked.ID = "user:" + who.UserID()
		s.svc.Turned(ctx, asked, access.RevokeUser, app, who.UserID(), "not an administrator")
		return issuer.ErrDenied
	}
	c.caller = access.Caller{ID: "admin:" + who.UserID(), App: app, Scopes: []access.Scope{access.ScopeRevoke}}
	return nil
}

// kickOut is a reply of Tencent's with a header that tells clients of ours when to ask again.
type kickOut struct {
	RetryAfter string `header:"Retry-After" doc:"Seconds to wait, if that helps"`
	Body       tencentReply
}

func (s *server) kick(ctx context.Context, _ *kickIn) (*kickOut, error) {
	c := callOf(ctx)
	user, err := kicked(c.body)
	if err == nil {
		_, err = s.svc.Revoke(ctx, c.caller, c.caller.App, user)
	}
	if err == nil {
		return &kickOut{Body: tencentReply{ActionStatus: "OK"}}, nil
	}
	p := s.tencentProblem(ctx, err)
	c.outcome = strconv.Itoa(p.kind.tencent)
	return &kickOut{p.wait(), failed(p.kind.tencent, p.text())}, nil
}

// tencentProblem finds the code for an error, in the same place as all others are found.
func (s *server) tencentProblem(ctx context.Context, err error) *problem {
	if r, ok := usersig.RefusalOf(err); ok {
		return tencent(r.Code, callOf(ctx).inLanguage(r).Message)
	}
	return s.problemOf(ctx, err)
}

func kickedOf(text string) (uint32, *problem) {
	if text == "" {
		return 0, tencent(tencentNoApp, "sdkappid is missing")
	}
	app, err := strconv.ParseUint(text, 10, 32)
	if err != nil || app == 0 {
		return 0, tencent(tencentBadApp, "sdkappid is not a number that an application has")
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
