package custody

import (
	"context"
	"crypto/rand"
	"fmt"
)

// CheckID is the ID under which a check is sealed, for application 0, which no key is
// of. [Rewrap] and [NeedsRewrap] take it as that of a key.
const CheckID = "kek-check"

// SealCheck seals random bytes that nobody needs: [OpenCheck] tells with them whether a
// KEK is the one that a store's keys are under, also of a store that has no key yet.
func SealCheck(ctx context.Context, kek KEK) ([]byte, error) {
	plain := make([]byte, 32)
	rand.Read(plain)
	sealed, err := seal(ctx, kek, binding(0, CheckID, kindCheck), kindCheck, plain)
	if err != nil {
		return nil, fmt.Errorf("seal a check of the KEK: %w", err)
	}
	return sealed, nil
}

// OpenCheck returns nil if kek opens what [SealCheck] returned, and fails as [Open] does.
func OpenCheck(ctx context.Context, kek KEK, sealed []byte) error {
	e, err := parse(sealed)
	if err == nil {
		_, err = e.open(ctx, kek, binding(0, CheckID, kindCheck))
	}
	if err != nil {
		return fmt.Errorf("check the KEK: %w", err)
	}
	return nil
}
