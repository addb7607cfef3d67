package sqlite

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"usersig/server/internal/issuer"
	"usersig/server/internal/store/row"
)

// migrations are applied in the order of their names, each once and for ever: a file
// that was released is never changed.
//
//go:embed migrations/*.sql
var migrations embed.FS

// application is what the file says it is for ("usig"), so that the database of another
// program is not taken for ours.
const application = 0x75736967

// scripts returns the text of each migration. The version of a database is how many of
// them it has seen.
func scripts() ([]string, error) {
	names, err := fs.Glob(migrations, "migrations/*.sql") // sorted
	if err != nil {
		return nil, err
	}
	var texts []string
	for _, name := range names {
		text, err := migrations.ReadFile(name)
		if err != nil {
			return nil, err
		}
		texts = append(texts, string(text))
	}
	return texts, nil
}

// identify returns the version of a database that is ours. An empty file becomes one
// only if init is true.
func (w *writer) identify(ctx context.Context, init bool) (int, error) {
	var owner, version, tables int
	err := errors.Join(
		w.conn.QueryRowContext(ctx, "PRAGMA application_id").Scan(&owner),
		w.conn.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version),
		w.conn.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema").Scan(&tables),
	)
	switch {
	case err != nil:
		return 0, err
	case owner == application:
		return version, nil
	case owner != 0 || version != 0 || tables != 0:
		return 0, errForeign
	case !init:
		return 0, errors.New("it is empty: check the path, or use --init once to begin with an empty state")
	}
	return 0, nil
}

// migrate brings a database of some version to this program's.
func (w *writer) migrate(ctx context.Context, version int) error {
	texts, err := scripts()
	if err != nil {
		return err
	}
	if version > len(texts) {
		return newer(version, len(texts))
	}
	for ; version < len(texts); version++ {
		if err := w.apply(ctx, texts[version], version+1); err != nil {
			return fmt.Errorf("migrate to version %d: %w", version+1, err)
		}
	}
	return nil
}

func newer(version, known int) error {
	return fmt.Errorf("it has version %d and this program knows %d: use a newer program, a database is never turned back",
		version, known)
}

var (
	errForeign = errors.New("it is the database of another program")
	errInUse   = fmt.Errorf("%w: another process has it open; only one may write", issuer.ErrUnavailable)
)

// apply runs one migration, whole or not at all.
func (w *writer) apply(ctx context.Context, text string, version int) error {
	script := text
	if version == 1 {
		script += fmt.Sprintf("PRAGMA application_id = %d; INSERT INTO head VALUES (1, 0, '%s', %d);",
			application, row.Start.Hash, issuer.FirstAppID)
	}
	script += fmt.Sprintf("PRAGMA user_version = %d;", version)
	if _, err := w.conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	if _, err := w.conn.ExecContext(ctx, script); err != nil {
		_, undone := w.conn.ExecContext(ctx, "ROLLBACK")
		return errors.Join(err, undone)
	}
	_, err := w.conn.ExecContext(ctx, "COMMIT")
	return err
}

// checkVersion is for readers, which cannot migrate.
func (s *Store) checkVersion(ctx context.Context) error {
	texts, err := scripts()
	if err != nil {
		return err
	}
	var owner, version int
	err = errors.Join(
		s.readers.QueryRowContext(ctx, "PRAGMA application_id").Scan(&owner),
		s.readers.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version),
	)
	switch {
	case err != nil:
		return outage(err)
	case owner != application:
		return errForeign
	case version > len(texts):
		return newer(version, len(texts))
	case version < len(texts):
		return fmt.Errorf("it has version %d of %d: open it for writing once", version, len(texts))
	}
	return nil
}
