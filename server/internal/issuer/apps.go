package issuer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"usersig"
	"usersig/server/internal/access"
	"usersig/server/internal/audit"
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

// CreateApp makes an application and its first key.
func (s *Service) CreateApp(ctx context.Context, c access.Caller, n NewApp) (Created, error) {
	e := s.entry(c, access.CreateApp, 0, n.Name)
	if err := s.admit(ctx, c, e); err != nil {
		return Created{}, err
	}
	made, err := n.prepare()
	if err != nil {
		return Created{}, s.refuse(ctx, e, err)
	}
	var out Created
	err = s.commit(ctx, e, func(tx Tx) (err error) {
		if out, err = s.createApp(ctx, tx, c, n, made); err != nil {
			return err
		}
		e.App, e.Subject = out.App.ID, cut(out.App.Name)
		if out.Replayed {
			e.Detail = replayed
		}
		return nil
	})
	if err != nil {
		return Created{}, err
	}
	return out, nil
}

// prepare completes and checks the wish, and makes the key.
func (n *NewApp) prepare() (material, error) {
	if err := n.Settings.complete(); err != nil {
		return material{}, err
	}
	if err := checkName(n.Name); err != nil {
		return material{}, err
	}
	return generate(n.Settings)
}

func (s *Service) createApp(ctx context.Context, tx Tx, c access.Caller, n NewApp, made material) (Created, error) {
	once := s.once(tx, access.CreateApp, c, n.IdempotencyKey, fmt.Sprintf("%q %s", n.Name, n.Settings.text()))
	if before, err := once.before(); err != nil {
		return Created{}, err
	} else if before != "" {
		return s.createdBefore(tx, before)
	}
	id, err := tx.NextAppID()
	if err != nil {
		return Created{}, err
	}
	if err := once.makes(strconv.FormatUint(uint64(id), 10)); err != nil {
		return Created{}, err
	}
	key, err := s.newKey(ctx, id, c, made)
	if err != nil {
		return Created{}, err
	}
	key.State, key.MaxTTL = Signing, n.Settings.MaxTTL
	now := s.clock().UTC()
	r := &Record{App: App{ID: id, Name: n.Name, State: Running, Settings: n.Settings, CreatedAt: now, UpdatedAt: now}, Keys: []Key{key}}
	return Created{App: r.App, Key: key.public(now), Handout: made.handout()}, tx.PutApp(r)
}

// createdBefore answers with what an earlier request made.
func (s *Service) createdBefore(tx Tx, id string) (Created, error) {
	n, err := strconv.ParseUint(id, 10, 32)
	if err != nil {
		return Created{}, fmt.Errorf("read idempotency record: %w", err)
	}
	r, err := tx.App(uint32(n))
	if err != nil {
		return Created{}, err
	}
	return Created{App: r.App, Key: r.Keys[0].public(s.clock()), Replayed: true}, nil
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
			before, was := r.App, r.App.values()
			if err := change(&r.App); err != nil {
				return err
			}
			if err := r.App.mayBecome(before); err != nil {
				return err
			}
			if k := r.key(Signing); k != nil {
				k.signsFor(before.Settings.MaxTTL)
				k.signsFor(r.App.Settings.MaxTTL)
			}
			e.Detail = r.App.difference(was)
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
	if err := change(r); errors.Is(err, errSame) {
		return nil
	} else if err != nil {
		return err
	}
	now := s.clock().UTC()
	r.tidy(now)
	r.App.UpdatedAt = now
	return tx.PutApp(r)
}

// errSame is what a change returns that has nothing to change.
var errSame = errors.New("nothing changes")

// Audit returns up to limit entries after a number, of one application or, with 0,
// of all.
func (s *Service) Audit(ctx context.Context, c access.Caller, app uint32, after int64, limit int) ([]audit.Entry, error) {
	if err := s.read(ctx, c, access.ReadAudit, app); err != nil {
		return nil, err
	}
	return s.store.Audit(ctx, app, after, limit)
}
