package httpapi

import "net/http"

// allowOrigin lets pages of the origins that were named read the reply of the one
// route that is for users: API keys have no business in a browser.
func (s *server) allowOrigin(w http.ResponseWriter, r *http.Request, rt *route) bool {
	if rt == nil || rt.who != user || len(s.origins) == 0 {
		return false
	}
	h := w.Header()
	h.Add("Vary", "Origin")
	origin := r.Header.Get("Origin")
	if !s.origins[origin] {
		return false
	}
	h.Set("Access-Control-Allow-Origin", origin)
	h.Set("Access-Control-Expose-Headers", "X-Request-Id, Retry-After")
	return true
}

// preflight answers a browser that asks whether a page may send a request.
func (s *server) preflight(w *reply, r *http.Request) bool {
	method := r.Header.Get("Access-Control-Request-Method")
	if method == "" {
		return false
	}
	_, pattern := s.mux.Handler(&http.Request{Method: method, URL: r.URL, Host: r.Host})
	if !s.allowOrigin(w, r, s.routes[pattern]) {
		return false
	}
	h := w.Header()
	h.Set("Access-Control-Allow-Methods", method)
	h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, X-Request-Id")
	h.Set("Access-Control-Max-Age", "600")
	w.found = true
	w.WriteHeader(http.StatusNoContent)
	return true
}
