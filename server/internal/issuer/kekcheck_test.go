package issuer_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"

	"usersig/server/internal/access"
	"usersig/server/internal/audit"
	"usersig/server/internal/custody"
	"usersig/server/internal/issuer"
	"usersig/server/internal/store/memory"
)

// A node with a KEK of its own does not start, though no key has been sealed yet: what it
// sealed would open nowhere else.
func TestAnotherKEK(t *testing.T) {
	kek, other := newKEK(t), newKEK(t)
	synctest.Test(t, func(t *testing.T) {
		store := memory.New(nil)
		start := func(kek custody.KEK) (*issuer.Service, error) {
			return issuer.New(t.Context(), store, kek, issuer.Options{})
		}
		svc, err := start(kek)
		if err != nil {
			t.Fatal(err)
		}
		late, err := start(other) // before there is a check
		if err != nil {
			t.Fatal(err)
		}
		if err := svc.Init(t.Context(), operator); err != nil {
			t.Fatal(err)
		}
		if err := late.Init(t.Context(), operator); !errors.Is(err, custody.ErrKEK) {
			t.Errorf("Init with another KEK = %v, want %v", err, custody.ErrKEK)
		}
		svc.Close()
		late.Close()
		if _, err := start(other); !errors.Is(err, custody.ErrKEK) || !strings.Contains(err.Error(), "kek:file is not the KEK of this store") {
			t.Errorf("with another KEK: %v", err)
		}
		again, err := start(kek)
		if err != nil {
			t.Fatal(err)
		}
		again.Close()
	})
}

// A store of before checks were sealed gets one at the next start.
func TestCheckIsAdded(t *testing.T) {
	runOutages(t, func(w *outages) {
		w.want(w.Init(w.t.Context(), operator), nil)
		err := w.store.Commit(w.t.Context(), []*audit.Entry{{Action: access.UpdateApp}}, func(tx issuer.Tx) error {
			r, err := tx.App(issuer.Platform)
			if err != nil || r.KEKCheck == nil {
				t.Errorf("the record is %+v, %v", r, err)
			}
			r.KEKCheck = nil
			return tx.PutApp(r)
		})
		w.want(err, nil)
		w.restart()
		if e := w.last(); e.Action != "kek.check" || e.Caller != "server" {
			t.Errorf("recorded %+v", e)
		}
		n := len(w.checkAudit())
		w.restart()
		if m := len(w.checkAudit()); m != n {
			t.Errorf("the second start has recorded %d entries", m-n)
		}
		// Whether a KMS that is away is the right one cannot be known.
		w.kms.down.Store(true)
		w.restart()
		w.want(w.Ready(), nil)
	})
}
