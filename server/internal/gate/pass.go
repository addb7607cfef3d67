package gate

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"time"

	"usersig"
	"usersig/server/internal/issuer"
)

// A Join is a wish to enter a room, with the proof that the user may: what the server
// verified, not what the client said.
type Join struct {
	Room usersig.Room
	// Ticket is the user's PrivateMapKey. The zero value is none.
	Ticket usersig.Verified
}

// A Pass lets one user into one room. Only [Gate.Admit] makes one.
type Pass struct {
	app    uint32
	user   string
	room   usersig.Room
	rights Rights
	proofs []issuer.Proof // the UserSig, and the PrivateMapKey if there is one
	source netip.Addr     // of whom it was given to; the zero value if nobody said
}

// AppID returns the application's SDKAppID.
func (p Pass) AppID() uint32 { return p.app }

// UserID returns the user's ID.
func (p Pass) UserID() string { return p.user }

// Room returns the room.
func (p Pass) Room() usersig.Room { return p.room }

func (p *Pass) owner() userKey { return userKey{p.app, p.user} }

func (p *Pass) place() place { return place{p.owner(), p.room} }

// Rights returns what the user may do there.
func (p Pass) Rights() Rights { return p.rights }

// ExpiresAt returns when the first of the proofs ends.
func (p Pass) ExpiresAt() time.Time {
	var first time.Time
	for _, proof := range p.proofs {
		if first.IsZero() || proof.ExpiresAt.Before(first) {
			first = proof.ExpiresAt
		}
	}
	return first
}

// Newest returns the pass that stands on the later ones of the proofs of p and q, which
// are for the same user and room. The rights are those of whichever pass was entitled to
// them last: by its PrivateMapKey, or by its UserSig if it needs none. Of what was issued
// in the same second, the UserSig that ends later is taken, and the rights stay those of p.
func (p Pass) Newest(q Pass) Pass {
	sig, ticket := p.proofs[0], p.proofs[1:]
	if c := q.proofs[0].IssuedAt.Compare(sig.IssuedAt); c > 0 || c == 0 && q.proofs[0].ExpiresAt.After(sig.ExpiresAt) {
		sig = q.proofs[0]
	}
	if q.entitled().After(p.entitled()) {
		ticket, p.rights = q.proofs[1:], q.rights
	}
	p.proofs = append([]issuer.Proof{sig}, ticket...)
	return p
}

// entitled returns when the proof was issued that the rights come from.
func (p *Pass) entitled() time.Time { return p.proofs[len(p.proofs)-1].IssuedAt }

// Admit decides whether a user may enter a room. It takes what was verified: there is
// no way from a string to a pass but through the verifier.
//
// That the room exists, or may be made, is for the engine to ask when it opens: see
// [Rights.MayCreate].
func (g *Gate) Admit(ctx context.Context, who usersig.Verified, join Join) (Pass, error) {
	if !who.IsValid() || who.Purpose() != usersig.UserSig {
		return Pass{}, refusal(usersig.ErrPurpose)
	}
	p := Pass{app: who.AppID(), user: who.UserID(), room: join.Room, rights: Rights(usersig.AllPrivileges), proofs: []issuer.Proof{issuer.ProofOf(who)}}
	if join.Ticket.IsValid() {
		if err := p.limit(join.Ticket); err != nil {
			return Pass{}, err
		}
	}
	// Asked again, now that all is known: a revocation since the verification counts.
	if err := g.Recheck(ctx, &p); err != nil {
		return Pass{}, err
	}
	return p, nil
}

// limit narrows a pass to what a PrivateMapKey allows.
func (p *Pass) limit(ticket usersig.Verified) error {
	grant, err := ticket.Grant()
	if err != nil {
		return err
	}
	// Somebody else's ticket, or one for another room, opens nothing.
	if ticket.AppID() != p.app || ticket.UserID() != p.user || grant.Room != p.room {
		return refusal(usersig.ErrNoGrant)
	}
	if err := grant.Require(usersig.JoinRoom); err != nil {
		return err
	}
	p.rights = Rights(grant.Allow)
	p.proofs = append(p.proofs, issuer.ProofOf(ticket))
	return nil
}

// Recheck gives the verdict on a pass as of now.
func (g *Gate) Recheck(ctx context.Context, p *Pass) error {
	for i, proof := range p.proofs {
		if err := g.verdicts.Recheck(ctx, proof); err != nil {
			if i > 0 {
				return asTicket(err)
			}
			return err
		}
	}
	if len(p.proofs) == 1 {
		// The application may have begun to require a PrivateMapKey.
		settings, err := g.verdicts.Settings(p.app)
		if err == nil && settings.RequirePrivateMapKey {
			err = refusal(usersig.ErrNoGrant)
		}
		return err
	}
	return nil
}

// asTicket says of a refusal that it is the PrivateMapKey's.
func asTicket(err error) error {
	if r, ok := usersig.RefusalOf(err); ok && r.Check != "revoked" {
		return refusal(usersig.ErrNoGrant)
	}
	return err
}

// carried is a pass on its way from the node that admitted to the one that has the room.
type carried struct {
	App    uint32         `json:"app"`
	User   string         `json:"user"`
	Room   usersig.Room   `json:"room"`
	Rights uint32         `json:"rights"`
	Proofs []issuer.Proof `json:"proofs"`
	Source netip.Addr     `json:"source"`
}

// Carry writes a pass down for another node of this server. It holds no secret, and is
// proof of nothing: it must travel where clients cannot write.
func (p Pass) Carry() string {
	text, err := json.Marshal(carried{p.app, p.user, p.room, uint32(p.rights), p.proofs, p.source})
	if err != nil {
		panic(err) // plain values
	}
	return string(text)
}

// Carried reads what [Pass.Carry] wrote. It is not for anything that a client sent.
func Carried(text string) (Pass, error) {
	var c carried
	if err := json.Unmarshal([]byte(text), &c); err != nil || len(c.Proofs) == 0 {
		return Pass{}, fmt.Errorf("read a pass: not one")
	}
	return Pass{c.App, c.User, c.Room, Rights(c.Rights), c.Proofs, c.Source}, nil
}
