package issuer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"usersig"
	"usersig/server/internal/access"
	"usersig/server/internal/audit"
)

// Custodies of private keys.
const (
	CustodyNone   = "none"
	CustodyHosted = "hosted"
)

// NewApp is a wish for an application.
type NewApp struct {
	Name     string
	Settings Settings
	// IdempotencyKey, if not empty, makes a repetition of the request within a day
	// return the application that the first one made, without a second one and
	// without its key, which was delivered then.
	IdempotencyKey string
}

// Created is a new application with its first key.
type Created struct {
	App      App
	Key      Key
	Handout  Handout // what is delivered once; empty if Replayed
	Replayed bool
}

// onceFor is how long an idempotency key is remembered.
const onceFor = 24 * time.Hour

// CreateApp makes an application and its first key.
func (s *Service) CreateApp(ctx context.Context, c access.Caller, n NewApp) (Created, error) {
	if err := n.Settings.complete(); err != nil {
		return Created{}, err
	}
	if err := checkName(n.Name); err != nil {
		return Created{}, err
	}
	e := s.entry(c, access.CreateApp, 0, n.Name)
	if !c.May(e.Action, 0, "") {
		return Created{}, s.deny(ctx, e)
	}
	made, err := generate(n.Settings)
	if err != nil {
		return Created{}, err
	}
	var out Created
	err = s.do(ctx, c, e, func(tx Tx) error {
		out = Created{}
		id, err := s.createApp(ctx, tx, c, n, made, &out)
		e.App = id
		return err
	})
	if err != nil {
		return Created{}, err
	}
	return out, nil
}

func (s *Service) createApp(ctx context.Context, tx Tx, c access.Caller, n NewApp, made material, out *Created) (uint32, error) {
	now := s.clock().UTC()
	id, err := tx.NextAppID()
	if err != nil {
		return 0, err
	}
	if n.IdempotencyKey != "" {
		before, err := tx.Once(onceKey(access.CreateApp, c, n.IdempotencyKey), fmt.Sprint(id, " ", n.digest()), now, now.Add(onceFor))
		if err != nil {
			return id, err
		}
		if before != "" {
			return id, n.replay(tx, before, out)
		}
	}
	key, err := s.newKey(ctx, id, c, n.Settings, made)
	if err != nil {
		return id, err
	}
	key.State = Signing
	r := &Record{App: App{ID: id, Name: n.Name, State: Running, Settings: n.Settings, CreatedAt: now, UpdatedAt: now}, Keys: []Key{key}}
	out.App, out.Key, out.Handout = r.App, key, made.handout(n.Settings)
	return id, tx.PutApp(r)
}

// onceKey makes a caller's idempotency key one that no other caller and no other
// action can mean, of a bounded length.
func onceKey(a access.Action, c access.Caller, key string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%s\x00%s", a, c.ID, key))
	return hex.EncodeToString(sum[:])
}

var errOtherRequest = fmt.Errorf("%w: another request came with this idempotency key", ErrConflict)

// digest tells one wish from another.
func (n *NewApp) digest() string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %s", n.Name, n.Settings.text()))
	return hex.EncodeToString(sum[:])
}

// replay answers with what an earlier request made, if it wished for the same.
func (n *NewApp) replay(tx Tx, before string, out *Created) error {
	var id uint32
	var digest string
	if _, err := fmt.Sscan(before, &id, &digest); err != nil {
		return fmt.Errorf("read idempotency record: %w", err)
	}
	if digest != n.digest() {
		return errOtherRequest
	}
	r, err := tx.App(id)
	if err != nil {
		return err
	}
	out.App, out.Key, out.Replayed = r.App, r.Keys[0], true
	return nil
}

// complete fills in defaults and refuses settings that contradict each other.
func (t *Settings) complete() error {
	orElse(&t.Scheme, usersig.SchemeECDSA.String())
	orElse(&t.UserIDs, "portable")
	if t.MaxTTL == 0 {
		t.MaxTTL = int64(usersig.DefaultMaxTTL / time.Second)
	}
	switch t.Scheme {
	case usersig.SchemeECDSA.String():
		orElse(&t.Curve, usersig.P256.String())
		orElse(&t.Custody, CustodyNone)
		if _, err := usersig.ParseCurve(t.Curve); err != nil {
			return invalid("%v", err)
		}
	case usersig.SchemeHMAC.String():
		orElse(&t.Custody, CustodyHosted)
		if t.Curve != "" || t.Custody != CustodyHosted {
			return invalid("scheme hmac has no curve, and its custody is hosted: a SECRETKEY verifies what it signs")
		}
	default:
		return invalid("scheme %.16q is neither ecdsa nor hmac", t.Scheme)
	}
	switch {
	case t.Custody != CustodyNone && t.Custody != CustodyHosted:
		return invalid("custody %.16q is neither none nor hosted", t.Custody)
	case t.UserIDs != "portable" && t.UserIDs != "any":
		return invalid("user_ids %.16q is neither portable nor any", t.UserIDs)
	case t.MaxTTL < 1 || t.MaxTTL > int64(usersig.LongestTTL/time.Second):
		return invalid("max_ttl is not between a second and 50 years")
	case len(t.Admins) > 5:
		return invalid("there can be 5 admins at most")
	}
	return t.OIDC.complete()
}

func (o *OIDC) complete() error {
	if o == nil {
		return nil
	}
	orElse(&o.Claim, "sub")
	if o.Audience == "" || !safeIssuer(o.Issuer) {
		return invalid("oidc needs an audience, and an issuer with https")
	}
	return nil
}

// safeIssuer reports whether keys fetched from an issuer are its own: over TLS, or
// from this machine.
func safeIssuer(issuer string) bool {
	u, err := url.Parse(issuer)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return false
	}
	host, _ := netip.ParseAddr(u.Hostname())
	return u.Scheme == "https" || u.Scheme == "http" && (host.IsLoopback() || u.Hostname() == "localhost")
}

func orElse(s *string, otherwise string) {
	if *s == "" {
		*s = otherwise
	}
}

func invalid(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrInvalid, fmt.Sprintf(format, args...))
}

func checkName(name string) error {
	n := utf8.RuneCountInString(name)
	if n == 0 || n > 64 || !utf8.ValidString(name) || strings.IndexFunc(name, unicode.IsControl) >= 0 {
		return invalid("a name has 1 to 64 characters, none of them a control character")
	}
	return nil
}

// App returns an application.
func (s *Service) App(ctx context.Context, c access.Caller, app uint32) (App, error) {
	if err := s.read(ctx, c, access.ReadApp, app); err != nil {
		return App{}, err
	}
	m, err := s.member(app)
	if err != nil {
		return App{}, err
	}
	return m.record.App, nil
}

// Apps returns up to limit applications with a number over after, in order.
func (s *Service) Apps(ctx context.Context, c access.Caller, after uint32, limit int) ([]App, error) {
	if err := s.read(ctx, c, access.ReadApp, 0); err != nil {
		return nil, err
	}
	var apps []App
	for id, m := range s.ring.Load().apps {
		if id > after && id != Platform && m.record.App.State != Deleted {
			apps = append(apps, m.record.App)
		}
	}
	slices.SortFunc(apps, func(a, b App) int { return int(int64(a.ID) - int64(b.ID)) })
	return apps[:min(len(apps), limit)], nil
}

// UpdateApp changes an application: its name, its settings, or whether it runs.
func (s *Service) UpdateApp(ctx context.Context, c access.Caller, app uint32, change func(*App) error) (App, error) {
	var out App
	e := s.entry(c, access.UpdateApp, app, "")
	err := s.do(ctx, c, e, func(tx Tx) error {
		return s.withApp(tx, app, func(r *Record) error {
			before := r.App
			if err := change(&r.App); err != nil {
				return err
			}
			if err := r.App.mayBecome(before); err != nil {
				return err
			}
			e.Detail = r.App.difference(before)
			out = r.App
			return nil
		})
	})
	return out, err
}

// mayBecome refuses a change that is not one of settings.
func (a *App) mayBecome(before App) error {
	if err := checkName(a.Name); err != nil {
		return err
	}
	if a.State != Running && a.State != Stopped {
		return invalid("state %.16q is neither running nor stopped", a.State)
	}
	if a.Settings.Custody != before.Settings.Custody || a.Settings.Scheme != before.Settings.Scheme {
		// They take effect with the next key, and only in agreement.
		if a.Settings.Scheme == usersig.SchemeHMAC.String() {
			a.Settings.Curve = ""
		}
	}
	return a.Settings.complete()
}

// text writes settings out, so that they can be compared. It cannot fail: they are
// plain values.
func (t Settings) text() string {
	text, _ := json.Marshal(t)
	return string(text)
}

func (a *App) difference(before App) string {
	var changed []string
	if a.Name != before.Name {
		changed = append(changed, "name")
	}
	if a.State != before.State {
		changed = append(changed, "state: "+string(a.State))
	}
	if a.Settings.text() != before.Settings.text() {
		changed = append(changed, "settings")
	}
	return strings.Join(changed, ", ")
}

// DeleteApp deletes an application that is stopped. Its number is never used again.
func (s *Service) DeleteApp(ctx context.Context, c access.Caller, app uint32) error {
	return s.do(ctx, c, s.entry(c, access.DeleteApp, app, ""), func(tx Tx) error {
		return s.withApp(tx, app, func(r *Record) error {
			if r.App.State != Stopped {
				return fmt.Errorf("%w: stop the application before deleting it", ErrConflict)
			}
			now := s.clock().UTC()
			for i := range r.Keys {
				if r.Keys[i].State != Dead {
					r.Keys[i].end(Dead, now, c.ID, "application deleted")
				}
			}
			r.App.State = Deleted
			return nil
		})
	})
}

// withApp changes the record of an application that is not deleted. The operators'
// record is none.
func (s *Service) withApp(tx Tx, app uint32, change func(*Record) error) error {
	if app == Platform {
		return ErrNotFound
	}
	return s.withRecord(tx, app, change)
}

func (s *Service) withRecord(tx Tx, app uint32, change func(*Record) error) error {
	r, err := tx.App(app)
	if err != nil {
		return err
	}
	if r.App.State == Deleted {
		return ErrNotFound
	}
	if err := change(r); err != nil {
		return err
	}
	r.App.UpdatedAt = s.clock().UTC()
	return tx.PutApp(r)
}

// Audit returns up to limit entries after a number, of one application or, with 0,
// of all.
func (s *Service) Audit(ctx context.Context, c access.Caller, app uint32, after int64, limit int) ([]audit.Entry, error) {
	if err := s.read(ctx, c, access.ReadAudit, app); err != nil {
		return nil, err
	}
	return s.store.Audit(ctx, app, after, limit)
}
