package httpapi

import (
	"net/http"
	"strings"
)

// kind is a sort of problem. There are no others.
type kind struct {
	Name    string
	Status  int
	tencent int // the code for those who ask as they would ask Tencent
	Title   string
	Advice  string
}

var (
	kindMalformed    = kind{"malformed_request", http.StatusBadRequest, 60003, "The request is malformed", "Send one JSON object, whole, in UTF-8, with no name twice."}
	kindUnauthorized = kind{"unauthorized", http.StatusUnauthorized, 60010, "The caller is not known", "Send an API key that exists, has not ended and may be used from where you are."}
	kindDenied       = kind{"denied", http.StatusForbidden, 70403, "The caller may not do this", "Use a credential of this application with the scope that the route needs."}
	kindNotFound     = kind{"not_found", http.StatusNotFound, 70402, "There is no such thing", "Check the path and the IDs in it."}
	kindMethod       = kind{"method_not_allowed", http.StatusMethodNotAllowed, 60009, "The path does not take this method", "Use a method that the Allow header names."}
	kindTimeout      = kind{"timeout", http.StatusRequestTimeout, 60008, "The request took too long to arrive", "Send it again."}
	kindConflict     = kind{"conflict", http.StatusConflict, 70402, "The state does not allow this", "Look at the state of the application or key; the detail says what is in the way."}
	kindNoSigner     = kind{"not_hosted", http.StatusConflict, 70402, "The private key is not here", "Sign with the private_key on your own server, or switch the application's custody to hosted and rotate."}
	kindTooLarge     = kind{"too_large", http.StatusRequestEntityTooLarge, 60008, "The body is too large", "Send less at once."}
	kindMediaType    = kind{"unsupported_media_type", http.StatusUnsupportedMediaType, 60008, "The body is of another type", "Send Content-Type: application/json."}
	kindInvalid      = kind{"invalid", http.StatusUnprocessableEntity, 70402, "The request is not valid", "Correct what errors and detail name."}
	kindLimited      = kind{"limited", http.StatusTooManyRequests, 60007, "Too many requests", "Wait as long as Retry-After says."}
	kindInternal     = kind{"internal", http.StatusInternalServerError, 70500, "Something went wrong here", "Tell the operator the request ID."}
	kindUnavailable  = kind{"unavailable", http.StatusServiceUnavailable, 70169, "The server cannot answer now", "Try again after as long as Retry-After says."}
)

var kinds = []kind{
	kindMalformed, kindUnauthorized, kindDenied, kindNotFound, kindMethod, kindTimeout, kindConflict, kindNoSigner,
	kindTooLarge, kindMediaType, kindInvalid, kindLimited, kindInternal, kindUnavailable,
}

// problems returns the kinds of problem that a route can have, one for each status.
func (rt *route) problems() []kind {
	if rt.who == admin {
		return nil // it answers 200 whatever happens
	}
	all := []kind{kindInvalid, kindInternal}
	if rt.who != prober {
		all = append(all, kindLimited)
	}
	if rt.who == keyHolder || rt.who == user {
		all = append(all, kindUnauthorized, kindUnavailable)
	} else if rt.path == "/readyz" {
		all = append(all, kindUnavailable)
	}
	if rt.action != "" {
		all = append(all, kindDenied)
	}
	if strings.Contains(rt.path, "{") {
		all = append(all, kindNotFound)
	}
	if rt.body > 0 {
		all = append(all, kindMalformed, kindTimeout, kindTooLarge, kindMediaType)
	}
	if rt.method != http.MethodGet && rt.id != "verify" {
		all = append(all, kindConflict)
	}
	return all
}
