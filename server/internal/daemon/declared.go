package daemon

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"usersig"
	"usersig/server/internal/audit"
	"usersig/server/internal/config"
	"usersig/server/internal/custody"
	"usersig/server/internal/issuer"
)

// declared is the store of a stateless signer: its applications are those of the
// configuration, and all that it writes is the audit log.
type declared struct {
	kek    *reopening
	ledger *ledger

	mu      sync.Mutex
	seq     int64 // counts configurations
	records map[uint32]*issuer.Record
	told    chan struct{}
}

// newDeclared reads what cfg declares. It has no ledger yet.
func newDeclared(ctx context.Context, cfg *config.Config) (*declared, error) {
	d := &declared{records: map[uint32]*issuer.Record{}, told: make(chan struct{}, 1)}
	d.kek = &reopening{open: func(context.Context) (custody.KEK, error) { return newPassing(), nil }}
	if err := d.kek.reopen(ctx); err != nil {
		return nil, err
	}
	// Once only: a second one would not open what the first sealed.
	kek := d.kek.now()
	d.kek.open = func(context.Context) (custody.KEK, error) { return kek, nil }
	return d, d.declare(ctx, cfg)
}

func openDeclared(ctx context.Context, cfg *config.Config, opts Options) (*declared, error) {
	d, err := newDeclared(ctx, cfg)
	if err == nil {
		d.ledger, err = openLedgerOf(ctx, cfg, opts)
	}
	return d, err
}

func openLedgerOf(ctx context.Context, cfg *config.Config, opts Options) (*ledger, error) {
	switch {
	case cfg.Audit == "-" || cfg.Audit == "" && cfg.Data == "":
		return beginLedger(ctx, opts.Stdout, opts.Clock())
	case cfg.Audit != "":
		return openLedger(cfg.Audit)
	}
	return openLedger(cfg.DataFile(ledgerFile))
}

// declare makes the applications of cfg the ones there are. If one of them is wrong, all
// stay as they were.
func (d *declared) declare(ctx context.Context, cfg *config.Config) error {
	records, err := d.read(ctx, cfg)
	if err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.seq++
	// One that is not listed any more must be forgotten by whoever knew it.
	for id, r := range d.records {
		if _, still := records[id]; !still {
			records[id] = &issuer.Record{App: issuer.App{ID: id, Name: r.App.Name, State: issuer.Deleted}}
		}
	}
	d.records = records
	select {
	case d.told <- struct{}{}:
	default:
	}
	return nil
}

func (d *declared) read(ctx context.Context, cfg *config.Config) (map[uint32]*issuer.Record, error) {
	var sealed custody.KEK
	if path := cfg.KEKPath(); path != "" {
		var err error
		if sealed, err = custody.OpenKEK(ctx, path, cfg.KEKOlder...); err != nil {
			return nil, err
		}
	}
	records, owners := map[uint32]*issuer.Record{}, map[string]string{}
	var all []error
	for i, a := range cfg.Apps {
		r, err := d.record(ctx, &a, sealed)
		if err == nil {
			err = unshared(r, i, owners)
		}
		if err != nil {
			all = append(all, fmt.Errorf("apps[%d]: %w", i, err))
			continue
		}
		records[a.SDKAppID] = r
	}
	if len(all) > 0 {
		return nil, errors.Join(all...)
	}
	return records, nil
}

// unshared refuses credentials that were declared before: the service finds an API key's
// application by its ID, and would let it into one of them only.
func unshared(r *issuer.Record, app int, owners map[string]string) error {
	for i, k := range r.APIKeys {
		at := fmt.Sprintf("apps[%d].api_keys[%d]", app, i)
		if before, twice := owners[k.ID]; twice {
			return fmt.Errorf("api_keys[%d]: it is the same credential as %s: each is for one application", i, before)
		}
		owners[k.ID] = at
	}
	return nil
}

// since is when what is declared was made. The same configuration makes the same
// records, but for how they are sealed.
var since = time.Unix(0, 0).UTC()

const declaredBy = "config"

func (d *declared) record(ctx context.Context, a *config.App, sealed custody.KEK) (*issuer.Record, error) {
	key, err := readKey(ctx, a, sealed)
	if err != nil {
		return nil, err
	}
	signing, curve, err := d.sealAgain(ctx, a.SDKAppID, key)
	if err != nil {
		return nil, err
	}
	settings := issuer.Settings{
		Scheme: signing.Scheme, Curve: curve, Custody: issuer.CustodyHosted, UserIDs: a.UserIDs,
		MaxTTL: int64(a.MaxTTL / time.Second), RequirePrivateMapKey: a.RequirePrivateMapKey,
	}
	if a.OIDC.Issuer != "" {
		settings.OIDC = &issuer.OIDC{Issuer: a.OIDC.Issuer, Audience: a.OIDC.Audience, Claim: a.OIDC.Claim}
	}
	if err := settings.Complete(); err != nil {
		return nil, err
	}
	r := &issuer.Record{App: issuer.App{
		ID: a.SDKAppID, Name: a.Name, State: issuer.Running, Settings: settings, CreatedAt: since, UpdatedAt: since,
	}, Keys: []issuer.Key{signing}}
	for _, path := range a.PublicKeyFiles {
		k, err := readPublicKey(path)
		if err != nil {
			return nil, err
		}
		r.Keys = append(r.Keys, k)
	}
	if len(r.Keys) > usersig.MaxKeys {
		return nil, fmt.Errorf("there are %d keys, and %d at most", len(r.Keys), usersig.MaxKeys)
	}
	for i, k := range a.APIKeys {
		stored, err := readAPIKey(&k)
		if err != nil {
			return nil, fmt.Errorf("api_keys[%d]: %w", i, err)
		}
		r.APIKeys = append(r.APIKeys, stored)
	}
	return r, nil
}

// sealAgain returns the record of a key that signs.
func (d *declared) sealAgain(ctx context.Context, app uint32, key usersig.SigningKey) (k issuer.Key, curve string, err error) {
	k = issuer.Key{ID: key.ID(), Scheme: usersig.SchemeHMAC.String(), State: issuer.Signing, CreatedAt: since, CreatedBy: declaredBy}
	if p, ok := key.(*usersig.PrivateKey); ok {
		curve = p.Curve().String()
		k.Scheme, k.Curve, k.Public = usersig.SchemeECDSA.String(), curve, string(p.Public().EncodePEM())
	}
	k.Sealed, err = custody.Seal(ctx, d.kek, app, key)
	return k, curve, err
}

// errDeclared is the answer to whoever wants to change what is declared.
var errDeclared = fmt.Errorf("%w: this server has no store; its applications are declared in its configuration file", issuer.ErrConflict)

// Commit implements [issuer.Store].
func (d *declared) Commit(ctx context.Context, entries []*audit.Entry, act func(issuer.Tx) error) error {
	if act != nil {
		return errDeclared
	}
	return d.ledger.append(ctx, entries)
}

// Changes implements [issuer.Store].
func (d *declared) Changes(_ context.Context, after int64) (issuer.Changes, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	changes := issuer.Changes{Seq: d.seq}
	if after < d.seq {
		for _, r := range d.records {
			changes.Apps = append(changes.Apps, r)
		}
	}
	return changes, nil
}

// Audit implements [issuer.Store]. Older entries are only where the log is written to.
func (d *declared) Audit(_ context.Context, app uint32, after int64, limit int) ([]audit.Entry, error) {
	return d.ledger.page(app, after, limit), nil
}

// Watch implements [issuer.Store], for one service.
func (d *declared) Watch(context.Context) <-chan struct{} { return d.told }

// Close implements [issuer.Store].
func (d *declared) Close() error { return d.ledger.close() }
