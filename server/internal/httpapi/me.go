package httpapi

import "context"

type meView struct {
	ID     string   `json:"id" doc:"As it stands in the audit log"`
	AppID  uint32   `json:"sdkappid,omitempty" format:"int64" doc:"The only application it may act on; absent for all"`
	Scopes []string `json:"scopes"`
}

func (s *server) me(ctx context.Context, _ *struct{}) (*body[meView], error) {
	c := callOf(ctx).caller
	return says(meView{c.ID, c.App, scopeNames(c.Scopes)})
}

type healthView struct {
	Status string `json:"status" enum:"ok"`
}

func (s *server) health(context.Context, *struct{}) (*body[healthView], error) {
	return says(healthView{"ok"})
}

func (s *server) ready(context.Context, *struct{}) (*body[healthView], error) {
	if s.opts.Ending != nil && s.opts.Ending() {
		return nil, problemAs(kindUnavailable, "the server is ending")
	}
	if err := s.svc.Ready(); err != nil {
		// Not logged for each probe: the service logs how an outage begins and ends.
		return nil, problemAs(kindUnavailable, err.Error())
	}
	return says(healthView{"ok"})
}
