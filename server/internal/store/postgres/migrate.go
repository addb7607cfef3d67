package postgres

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5"

	"usersig/server/internal/issuer"
	"usersig/server/internal/store/row"
)

// migrations are applied in the order of their names, each once and for ever: a file
// that was released is never changed.
//
//go:embed migrations/*.sql
var migrations embed.FS

var (
	errSchema = errors.New("the database has no schema usersig: check the URL, or use --init once to begin with an empty state")
	errNewer  = errors.New("use a newer program, a database is never turned back")
)

// migrationLock is held while the schema changes ("usig"). Nodes that start at once wait
// for the first.
const migrationLock = 0x75736967

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

// migrate brings the schema to this program's version. It takes no lock if there is
// nothing to do.
func (s *Store) migrate(ctx context.Context, init bool) error {
	texts, err := scripts()
	if err != nil {
		return err
	}
	version, err := s.version(ctx, len(texts), init)
	if err != nil || version == len(texts) {
		return err
	}
	// A connection of its own, which waits for as long as it takes.
	conn, err := pgx.ConnectConfig(ctx, s.pool.Config().ConnConfig)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }() // which ends what is not committed
	// Of the session, and before the transaction begins: one that began earlier may not
	// see what the node before has made.
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock($1)", migrationLock); err != nil {
		return err
	}
	return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		version, err := identify(ctx, tx, len(texts), init)
		if err != nil {
			return err
		}
		for ; version < len(texts); version++ {
			if err := apply(ctx, tx, texts[version], version+1); err != nil {
				return fmt.Errorf("migrate to version %d: %w", version+1, err)
			}
		}
		return nil
	})
}

// querier is a transaction, or a pool.
type querier interface {
	QueryRow(ctx context.Context, query string, args ...any) pgx.Row
}

// version is identify, which a way that has gone silent does not hold up.
func (s *Store) version(ctx context.Context, known int, init bool) (int, error) {
	limited, reason, cancel := s.limit(ctx)
	defer cancel()
	version, err := identify(limited, s.pool, known, init)
	return version, reason(err)
}

// identify returns the version of the schema, 0 if there is none and init allows that.
func identify(ctx context.Context, db querier, known int, init bool) (int, error) {
	var there bool
	if err := db.QueryRow(ctx, "SELECT to_regclass('usersig.migrations') IS NOT NULL").Scan(&there); err != nil {
		return 0, err
	}
	if !there {
		if !init {
			return 0, errSchema
		}
		return 0, nil
	}
	var version int
	err := db.QueryRow(ctx, "SELECT coalesce(max(version), 0) FROM usersig.migrations").Scan(&version)
	if err == nil && version > known {
		return 0, fmt.Errorf("the schema has version %d and this program knows %d: %w", version, known, errNewer)
	}
	return version, err
}

// apply runs one migration.
func apply(ctx context.Context, tx pgx.Tx, text string, version int) error {
	script := text
	if version == 1 {
		script = `CREATE SCHEMA IF NOT EXISTS usersig;
			CREATE TABLE usersig.migrations (version int PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now());` +
			text + fmt.Sprintf("INSERT INTO usersig.head VALUES (true, 0, '%s', %d);", row.Start.Hash, issuer.FirstAppID)
	}
	script += fmt.Sprintf("INSERT INTO usersig.migrations (version) VALUES (%d);", version)
	// A script has many statements, which only the simple protocol takes.
	_, err := tx.Conn().PgConn().Exec(ctx, script).ReadAll()
	return err
}
