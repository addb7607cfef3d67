package issuer

import (
	"errors"
	"fmt"
)

// The reasons for which a request is not done, beside the refusals of tokens.
var (
	ErrDenied      = errors.New("the caller may not do this")
	ErrNotFound    = errors.New("there is no such thing")
	ErrConflict    = errors.New("the state does not allow this")
	ErrInvalid     = errors.New("the request is not valid")
	ErrNoSigner    = errors.New("the private key is not hosted here")
	ErrStale       = errors.New("the store has been out of reach for too long")
	ErrUnavailable = errors.New("the store is out of reach")
	ErrClock       = errors.New("the clock of this server is behind a revocation")
)

// errBroken is ErrUnavailable for one application, whose keys cannot be opened. The
// store is there, so that it can be recorded.
var errBroken = fmt.Errorf("%w: keys cannot be opened", ErrUnavailable)
