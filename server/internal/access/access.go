// Package access says who asks and what they may do. It knows nothing about how a
// caller proved who they are, and decides by data alone.
package access

import (
	"net/netip"
	"slices"
)

// Action is something a caller can ask for. Its name is what the audit log shows.
type Action string

// The actions. Each belongs to one scope.
const (
	CreateApp    Action = "app.create"
	ReadApp      Action = "app.read"
	UpdateApp    Action = "app.update"
	DeleteApp    Action = "app.delete"
	RotateKey    Action = "key.rotate"
	KillKey      Action = "key.kill"
	ImportKey    Action = "key.import"
	IssueUserSig Action = "usersig.issue"
	IssueTicket  Action = "privatemapkey.issue"
	IssueDemo    Action = "democonfig.issue"
	Verify       Action = "token.verify"
	RevokeUser   Action = "user.revoke"
	BlockUser    Action = "user.block"
	UnblockUser  Action = "user.unblock"
	CreateAPIKey Action = "apikey.create"
	ReadAPIKey   Action = "apikey.read"
	DeleteAPIKey Action = "apikey.delete"
	ReadAudit    Action = "audit.read"
	ReadRoom     Action = "room.read"
	RemoveUser   Action = "room.remove"
	DissolveRoom Action = "room.dissolve"
)

// Scope is a group of actions that a credential allows.
type Scope string

// The scopes. Operator is all of them, for every application.
const (
	ScopeIssue    Scope = "issue"
	ScopeVerify   Scope = "verify"
	ScopeRevoke   Scope = "revoke"
	ScopeRead     Scope = "read"
	ScopeOperator Scope = "operator"
)

// Scopes returns the scopes that an application's own credentials can have.
func Scopes() []Scope { return []Scope{ScopeIssue, ScopeVerify, ScopeRevoke, ScopeRead} }

// needs says which scope allows an action. An action that is not listed needs the
// operator.
var needs = map[Action]Scope{
	IssueUserSig: ScopeIssue,
	IssueTicket:  ScopeIssue,
	IssueDemo:    ScopeIssue,
	Verify:       ScopeVerify,
	RevokeUser:   ScopeRevoke,
	BlockUser:    ScopeRevoke,
	UnblockUser:  ScopeRevoke,
	ReadApp:      ScopeRead,
	ReadAPIKey:   ScopeRead,
	ReadAudit:    ScopeRead,
	ReadRoom:     ScopeRead,
	RemoveUser:   ScopeRevoke,
	DissolveRoom: ScopeRevoke,
}

// A Caller is somebody who has proved who they are. The zero Caller is nobody and
// may do nothing.
type Caller struct {
	ID     string  // stable and not secret, such as "apikey:3f9a…" or "user:alice"
	App    uint32  // the only application they may act on; 0 for every one
	Scopes []Scope // what they may do there
	UserID string  // if not empty, the only user they may act for: themselves
	Source netip.Addr
	// Request names the request in logs and in the audit log.
	Request string
}

// Known reports whether c can be anybody at all: an operator, or somebody of one
// application.
func (c *Caller) Known() bool {
	return c.ID != "" && (c.App != 0 || slices.Contains(c.Scopes, ScopeOperator))
}

// May reports whether c may do a to subject, a user ID or empty, of app.
//
// A caller who is one of an application's users may be issued a UserSig for
// themselves, and nothing else: their token proves them to the customer's identity
// provider, not to the operator.
func (c *Caller) May(a Action, app uint32, subject string) bool {
	switch {
	case c.ID == "":
		return false
	case c.UserID != "":
		return a == IssueUserSig && app == c.App && app != 0 && subject == c.UserID
	case slices.Contains(c.Scopes, ScopeOperator):
		return c.App == 0
	case c.App == 0 || app != c.App:
		return false
	}
	scope, listed := needs[a]
	return listed && slices.Contains(c.Scopes, scope)
}
