package postgres

import (
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"usersig/server/internal/audit"
	"usersig/server/internal/issuer"
)

// outage marks the errors that come from the database's state or from the way to it and
// may pass, rather than from what it was asked.
func outage(err error) error {
	if err == nil || errors.Is(err, issuer.ErrUnavailable) {
		return err
	}
	if answer, ok := errors.AsType[*pgconn.PgError](err); ok {
		if !passing(answer.Code) {
			return err
		}
	} else if errors.Is(err, issuer.ErrInvalid) || errors.Is(err, audit.ErrBroken) || ours(err) {
		return err
	}
	return fmt.Errorf("%w: %w", issuer.ErrUnavailable, err)
}

// ours reports whether an error has come from this package or from reading rows.
func ours(err error) bool {
	for _, known := range []error{errEnded, errAppIDs, errSchema, errNewer, errOlder, pgx.ErrNoRows} {
		if errors.Is(err, known) {
			return true
		}
	}
	return false
}

// passing reports whether a code of PostgreSQL's says that it cannot serve now: no
// connection (08), no resources, such as a full disk (53), an operator at work (57), a
// failing disk (58), a password that does not fit (28), no such database (3D), a lock
// not given in time (55P03), a standby (25006), a transaction that stood still (25P03),
// and one that was given up too often (40).
func passing(code string) bool {
	switch code {
	case "55P03", "25006", "25P03":
		return true
	}
	switch code[:min(2, len(code))] {
	case "08", "53", "57", "58", "28", "3D", "40":
		return true
	}
	return false
}
