package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"reflect"
	"strconv"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"usersig/server/internal/access"
)

// The library has no settings for these but global ones.
func init() {
	// Otherwise "SDKAPPID" would pass for "sdkappid", in the check and in the decoder.
	huma.ValidateStrictCasing = true
	huma.DefaultArrayNullable = false
}

// newAPI returns the part of the API that is described: it parses and validates
// requests, writes replies, and knows the OpenAPI document.
func newAPI(s *server, version string) huma.API {
	format := huma.Format{Marshal: marshal, Unmarshal: unmarshal}
	return humago.New(s, huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info:    &huma.Info{Title: "usersig", Version: version, Description: about},
			Components: &huma.Components{Schemas: huma.NewMapRegistry("#/components/schemas/", named), SecuritySchemes: map[string]*huma.SecurityScheme{
				"apikey": {Type: "http", Scheme: "bearer", Description: "An API key, usk_…"},
				"oidc":   {Type: "http", Scheme: "bearer", BearerFormat: "JWT", Description: "A token of the application's OpenID Connect provider, for its own user only"},
			}},
		},
		Formats:                      map[string]huma.Format{"application/json": format, "json": format},
		DefaultFormat:                "application/json",
		RejectUnknownQueryParameters: true,
		Transformers:                 []huma.Transformer{s.transform},
	})
}

// HandleFunc is how the library adds a route to the server. It goes through the door
// of every route.
func (s *server) HandleFunc(pattern string, handler func(http.ResponseWriter, *http.Request)) {
	s.mux.HandleFunc(pattern, s.enter(s.routes[pattern], handler))
}

func (s *server) add(rt *route) {
	s.routes[rt.pattern()] = rt
	rt.add(s, rt)
}

// does makes a route of a function from its request to its reply.
func does[I, O any](act func(context.Context, *I) (*O, error)) func(*server, *route) {
	return func(s *server, rt *route) { register(s, s.operation(rt), act) }
}

// makes is does for a route that answers 201: something is there that was not before.
func makes[I, O any](act func(context.Context, *I) (*O, error)) func(*server, *route) {
	return func(s *server, rt *route) {
		op := s.operation(rt)
		op.DefaultStatus = http.StatusCreated
		register(s, op, act)
	}
}

// serves makes a route of a handler that is not part of the described API.
func serves(h http.HandlerFunc) func(*server, *route) {
	return func(s *server, rt *route) { s.HandleFunc(rt.pattern(), h) }
}

func register[I, O any](s *server, op huma.Operation, act func(context.Context, *I) (*O, error)) {
	huma.Register(s.api, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := act(ctx, in)
		if err != nil {
			return nil, s.problemOf(ctx, err)
		}
		return out, nil
	})
}

// operation describes a route by its row.
func (s *server) operation(rt *route) huma.Operation {
	op := huma.Operation{
		OperationID: rt.id, Method: rt.method, Path: rt.path, Summary: rt.summary,
		Description: descriptions[rt.id], Tags: []string{rt.tag()}, Responses: make(map[string]*huma.Response),
		// The body was read, with its limits, before the library sees it.
		MaxBodyBytes: -1, BodyReadTimeout: -1,
	}
	switch rt.who {
	case keyHolder:
		op.Security = []map[string][]string{{"apikey": {}}}
	case user:
		op.Security = []map[string][]string{{"apikey": {}}, {"oidc": {}}}
	case prober, anybody, admin:
		op.Security = []map[string][]string{}
	}
	if rt.action != "" && rt.who != admin {
		op.Description = join(op.Description, rt.needs())
	}
	for _, k := range rt.problems() {
		op.Responses[strconv.Itoa(k.Status)] = s.problemResponse(k)
	}
	return op
}

// needs says which credential the route takes.
func (rt *route) needs() string {
	if scope := rt.scope(); scope != access.ScopeOperator {
		return "Needs an API key of the application with scope `" + string(scope) + "`, or an operator's."
	}
	return "Needs an operator's API key."
}

func join(a, b string) string {
	if a == "" {
		return b
	}
	return a + "\n\n" + b
}

func (s *server) schema(v any) *huma.Schema {
	return s.api.OpenAPI().Components.Schemas.Schema(reflect.TypeOf(v), true, "")
}

func marshal(w io.Writer, v any) error {
	// Encoded whole before anything is sent, so that a failure is not half a reply.
	var buf bytes.Buffer
	e := json.NewEncoder(&buf)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return err
	}
	_, err := w.Write(buf.Bytes())
	return err
}

// body is a reply that is nothing but its body.
type body[T any] struct{ Body T }

func says[T any](v T) (*body[T], error) { //nolint:unparam // the shape of what it ends
	return &body[T]{v}, nil
}

// nothing is the reply of a request that is done and has nothing to say.
type nothing struct{}

func done(err error) (*nothing, error) {
	if err != nil {
		return nil, err
	}
	return new(nothing), nil
}

// exactly decodes JSON into a struct and refuses names that it does not have.
func exactly(data []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	return d.Decode(v)
}
