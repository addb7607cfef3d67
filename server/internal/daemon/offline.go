package daemon

import (
	"context"
	"errors"
	"strings"

	"usersig/server/internal/audit"
	"usersig/server/internal/config"
	"usersig/server/internal/issuer"
	"usersig/server/internal/store/sqlite"
)

// stored is a store that has tables, which others could change.
type stored interface {
	issuer.Store
	CheckLog(ctx context.Context, f func(audit.Entry) error) error
}

// Entries calls f for each entry of the audit log, in order, until it fails. It needs no
// KEK, and works beside a server that is running.
func Entries(ctx context.Context, cfg *config.Config, f func(audit.Entry) error) error {
	return readLog(ctx, cfg, func(s stored) error {
		const page = 1000
		for after := int64(0); ; {
			entries, err := s.Audit(ctx, 0, after, page)
			if err != nil {
				return err
			}
			for _, e := range entries {
				if err := f(e); err != nil {
					return err
				}
				after = e.Seq
			}
			if len(entries) < page {
				return nil
			}
		}
	})
}

// CheckEntries is Entries, and compares the log with all else that the store says of it, at
// one moment: that its end is missing, or part of what an application is shown of it, cannot
// be seen in the entries. The error wraps [audit.ErrBroken] then. It needs all of f's time at
// once, and so is not for an f that may wait.
func CheckEntries(ctx context.Context, cfg *config.Config, f func(audit.Entry) error) error {
	return readLog(ctx, cfg, func(s stored) error { return s.CheckLog(ctx, f) })
}

// readLog opens the store for reading.
func readLog(ctx context.Context, cfg *config.Config, f func(stored) error) error {
	if cfg.Stateless() {
		return errors.New("without a store the audit log is a file: name it with --file")
	}
	reading := *cfg
	reading.Init = false
	store, err := openStore(ctx, &reading, true)
	if err != nil {
		return err
	}
	return errors.Join(f(store), store.Close())
}

// ErrUsePgDump is what Backup answers for PostgreSQL, which has better means.
var ErrUsePgDump = errors.New(strings.TrimSpace(`
the store is PostgreSQL, whose own tools back it up while it runs:
  pg_dump --format=custom --schema=usersig --file=usersig.dump DATABASE-URL
and restore into an empty database:
  pg_restore --exit-on-error --dbname=DATABASE-URL usersig.dump`))

// Backup copies the SQLite database to a new file, also beside a server that is running.
// The KEK is not in it, and must be kept elsewhere.
func Backup(ctx context.Context, cfg *config.Config, file string) error {
	if cfg.Stateless() {
		return errors.New("without a store there is nothing to back up but the configuration, the keys and the audit log")
	}
	if cfg.StoreURL != "" {
		return ErrUsePgDump
	}
	store, err := sqlite.Open(ctx, cfg.DataFile(databaseFile), &sqlite.Options{ReadOnly: true})
	if err != nil {
		return err
	}
	return errors.Join(store.Backup(ctx, file), store.Close())
}
