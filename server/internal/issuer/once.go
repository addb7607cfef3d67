package issuer

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"usersig/server/internal/access"
)

// onceFor is how long an idempotency key is remembered.
const onceFor = 24 * time.Hour

// replayed is the detail of an entry whose request repeated an earlier one.
const replayed = "replayed"

var errOtherRequest = fmt.Errorf("%w: another request came with this idempotency key", ErrConflict)

// once is an idempotency key at work in a transaction. The zero value has none: every
// request is the first.
type once struct {
	tx        Tx
	key, wish string
	now       time.Time
}

// once takes a caller's idempotency key, which may be empty, and the wish that it came
// with. Both become hashes: the key one that no other caller and no other action can
// mean, and both of a bounded length.
func (s *Service) once(tx Tx, a access.Action, c access.Caller, key, wish string) once {
	if key == "" {
		return once{}
	}
	digest := func(text string) string {
		sum := sha256.Sum256([]byte(text))
		return hex.EncodeToString(sum[:])
	}
	return once{tx, digest(fmt.Sprintf("%s\x00%s\x00%s", a, c.ID, key)), digest(wish), s.clock().UTC()}
}

// before returns what an earlier request for the same has made. It is empty for the
// first, which has to say what it makes.
func (o once) before() (string, error) {
	if o.key == "" {
		return "", nil
	}
	wish, err := o.remember(o.key, o.wish)
	switch {
	case err != nil || wish == "":
		return "", err
	case wish != o.wish:
		return "", errOtherRequest
	}
	return o.remember(o.made(), "nothing")
}

// makes remembers the ID of what this request makes. It comes apart from the wish, and
// later: whoever repeats a request must not use up an ID by asking.
func (o once) makes(id string) error {
	if o.key == "" {
		return nil
	}
	_, err := o.remember(o.made(), id)
	return err
}

func (o once) made() string { return o.key + " made" }

func (o once) remember(key, value string) (string, error) {
	return o.tx.Once(key, value, o.now, o.now.Add(onceFor))
}
