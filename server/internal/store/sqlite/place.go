package sqlite

import (
	"fmt"
	"os"

	"usersig/server/internal/issuer"
)

// inPlace fails if the database is not where it was opened. SQLite would go on with the
// file that was moved away, or under another's name, and the next start would find none of
// what was acknowledged meanwhile: no revocation, no killed key.
func (s *Store) inPlace() error {
	info, err := os.Stat(s.path)
	if err != nil {
		return outage(err)
	}
	if !os.SameFile(info, s.file) {
		return fmt.Errorf("%w: the database was replaced while it was open: put it back, or start again", issuer.ErrUnavailable)
	}
	return nil
}
