package sqlite

import (
	"database/sql"
	"errors"
	"fmt"
	"io/fs"

	"modernc.org/sqlite"
	codes "modernc.org/sqlite/lib"

	"usersig/server/internal/issuer"
)

// outage marks the errors that come from the machine and may pass: a full disk, one that
// cannot be written or read, a lock that another process holds.
func outage(err error) error {
	if err == nil || errors.Is(err, issuer.ErrUnavailable) {
		return err
	}
	if _, ours := errors.AsType[*fs.PathError](err); ours || errors.Is(err, sql.ErrConnDone) {
		return fmt.Errorf("%w: %w", issuer.ErrUnavailable, err)
	}
	answer, theirs := errors.AsType[*sqlite.Error](err)
	if !theirs {
		return err
	}
	switch answer.Code() & 0xff { // the rest says where, not what
	case codes.SQLITE_FULL, codes.SQLITE_IOERR, codes.SQLITE_READONLY, codes.SQLITE_CANTOPEN, codes.SQLITE_PERM,
		codes.SQLITE_BUSY, codes.SQLITE_LOCKED, codes.SQLITE_NOMEM, codes.SQLITE_PROTOCOL:
		return fmt.Errorf("%w: %w", issuer.ErrUnavailable, err)
	}
	return err
}
