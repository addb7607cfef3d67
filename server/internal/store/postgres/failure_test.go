package postgres_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"usersig/server/internal/audit"
	"usersig/server/internal/issuer"
	"usersig/server/internal/issuer/storetest"
	"usersig/server/internal/store/pgtest"
	"usersig/server/internal/store/postgres"
)

// revoke commits one entry and puts one user.
func revoke(ctx context.Context, s issuer.Store, subject string) error {
	e := &audit.Entry{Action: "user.revoke", App: 1, Subject: subject, Outcome: audit.Done}
	return s.Commit(ctx, []*audit.Entry{e}, func(tx issuer.Tx) error {
		u, err := tx.User(1, subject)
		if err != nil {
			return err
		}
		u.RevokedTo++
		return tx.PutUser(1, subject, u)
	})
}

// revocations returns how often a user was revoked.
func revocations(t *testing.T, s issuer.Store, subject string) int64 {
	t.Helper()
	c, err := s.Changes(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range c.Users {
		if u.UserID == subject {
			return u.User.RevokedTo
		}
	}
	return 0
}

func shut(t *testing.T, s issuer.Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Errorf("Close = %v", err)
	}
}

// throughProxy returns a store behind a proxy, with its statements prepared.
func throughProxy(t *testing.T, timeout time.Duration) (*proxy, *postgres.Store) {
	t.Helper()
	p, url := newProxy(t, pgtest.URL(t))
	s, err := postgres.Open(t.Context(), url, &postgres.Options{Init: true, Timeout: timeout})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { shut(t, s) })
	if err := revoke(t.Context(), s, "first"); err != nil {
		t.Fatal(err)
	}
	return p, s
}

// The bytes of the answer to a commit that was done.
var commitAnswer = []byte("COMMIT\x00")

func TestAnswerToCommitIsLost(t *testing.T) {
	p, s := throughProxy(t, 0)
	lost := make(chan struct{})
	p.set(func() { p.loseAnswer, p.lost = commitAnswer, func() { close(lost) } })
	if err := revoke(t.Context(), s, "alice"); err != nil {
		t.Errorf("Commit whose answer was lost = %v, want nil: it is in effect", err)
	}
	<-lost
	if n := revocations(t, s, "alice"); n != 1 {
		t.Errorf("it was done %d times, want once", n)
	}
	storetest.Verify(t, s, 10)
}

func TestCommitIsLost(t *testing.T) {
	p, s := throughProxy(t, 0)
	lost := make(chan struct{})
	// What is written goes out with the commit.
	p.set(func() { p.loseQuery, p.lost = []byte(`"subject":"alice"`), func() { close(lost) } })
	e := &audit.Entry{Action: "usersig.issue", App: 1, Subject: "alice", Outcome: audit.Done}
	if err := s.Commit(t.Context(), []*audit.Entry{e}, nil); err != nil || e.Seq != 2 {
		t.Errorf("Commit that was lost on its way = %v with number %d, want it tried again", err, e.Seq)
	}
	<-lost
	if n := storetest.Verify(t, s, 10); n != 2 {
		t.Errorf("the log has %d entries, want 2", n)
	}
}

func TestOutcomeIsNotKnown(t *testing.T) {
	p, s := throughProxy(t, 2*time.Second)
	p.set(func() { p.loseAnswer, p.lost = commitAnswer, func() { p.down = true } })
	if err := revoke(t.Context(), s, "alice"); !errors.Is(err, issuer.ErrUnavailable) ||
		!strings.Contains(err.Error(), "outcome is not known") {
		t.Errorf("Commit whose answer was lost for good = %v, want that its outcome is not known", err)
	}
	p.cut(false)
	if n := revocations(t, s, "alice"); n != 1 {
		t.Errorf("it was done %d times, want once", n)
	}
}

func TestDatabaseGoesAndComesBack(t *testing.T) {
	p, s := throughProxy(t, 2*time.Second)
	p.cut(true)
	if err := revoke(t.Context(), s, "alice"); !errors.Is(err, issuer.ErrUnavailable) {
		t.Errorf("Commit = %v, want ErrUnavailable", err)
	}
	if _, err := s.Changes(t.Context(), 0); !errors.Is(err, issuer.ErrUnavailable) {
		t.Errorf("Changes = %v, want ErrUnavailable", err)
	}
	if _, err := s.Audit(t.Context(), 0, 0, 10); !errors.Is(err, issuer.ErrUnavailable) {
		t.Errorf("Audit = %v, want ErrUnavailable", err)
	}
	p.cut(false)
	if err := revoke(t.Context(), s, "alice"); err != nil {
		t.Errorf("Commit afterwards = %v", err)
	}
	p.cut(false) // connections die without anybody noticing
	if err := revoke(t.Context(), s, "alice"); err != nil {
		t.Errorf("Commit on a dead connection = %v, want another one taken", err)
	}
	if n := revocations(t, s, "alice"); n != 2 {
		t.Errorf("it was done %d times, want twice", n)
	}
}

// A node that stands still in the middle of a commit holds up the others until the
// database ends its session. They give up before that and say why.
func TestAnotherNodeStandsStill(t *testing.T) {
	url := pgtest.URL(t)
	still := open(t, url)
	defer shut(t, still)
	s, err := postgres.Open(t.Context(), url, &postgres.Options{Timeout: 300 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer shut(t, s)
	inside, leave, done := make(chan struct{}), make(chan struct{}), make(chan error)
	go func() {
		done <- still.Commit(context.Background(), []*audit.Entry{{Action: "x", Outcome: audit.Done}}, func(issuer.Tx) error {
			close(inside)
			<-leave
			return nil
		})
	}()
	<-inside
	if err := revoke(t.Context(), s, "alice"); !errors.Is(err, issuer.ErrUnavailable) || !strings.Contains(err.Error(), "no answer") {
		t.Errorf("Commit = %v, want ErrUnavailable", err)
	}
	if n := revocations(t, s, "alice"); n != 0 { // readers do not wait
		t.Errorf("it was done %d times, want never", n)
	}
	close(leave)
	if err := <-done; err != nil {
		t.Errorf("the other Commit = %v", err)
	}
	if err := revoke(t.Context(), s, "alice"); err != nil {
		t.Errorf("Commit afterwards = %v", err)
	}
}

func TestWatchSurvivesItsConnection(t *testing.T) {
	p, s := throughProxy(t, 0)
	fired := s.Watch(t.Context())
	patience := time.After(20 * time.Second)
	wait := func(what string) {
		select {
		case <-fired:
		case <-patience:
			t.Fatalf("%s: the watch does not fire", what)
		}
	}
	wait("at the beginning")
	for range 3 {
		p.cut(false)
		wait("when it listens again")
		if err := revoke(t.Context(), s, "alice"); err != nil {
			t.Fatal(err)
		}
		wait("after a commit")
	}
}

func TestRetries(t *testing.T) {
	url := pgtest.URL(t)
	s := open(t, url)
	defer shut(t, s)
	// Sequences are not rolled back, so the trigger remembers how often it has fired.
	pgtest.Exec(t, url, `CREATE SEQUENCE trouble;
		CREATE FUNCTION trouble() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
		  IF nextval('trouble') IN (1, 2, 3) THEN RAISE EXCEPTION 'trouble' USING ERRCODE = '40001'; END IF;
		  RETURN NEW;
		END $$;
		CREATE TRIGGER trouble BEFORE INSERT OR UPDATE ON usersig.users FOR EACH ROW EXECUTE FUNCTION trouble();`)
	if err := revoke(t.Context(), s, "alice"); err != nil {
		t.Errorf("Commit that fails three times = %v", err)
	}
	pgtest.Exec(t, url, `ALTER SEQUENCE trouble MINVALUE -100 RESTART WITH -100;
		CREATE OR REPLACE FUNCTION trouble() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
		  PERFORM nextval('trouble'); RAISE EXCEPTION 'trouble' USING ERRCODE = '40P01';
		END $$`)
	if err := revoke(t.Context(), s, "alice"); !errors.Is(err, issuer.ErrUnavailable) {
		t.Errorf("Commit that always fails = %v, want ErrUnavailable", err)
	}
	if n := revocations(t, s, "alice"); n != 1 {
		t.Errorf("it was done %d times, want once", n)
	}
	if n := storetest.Verify(t, s, 10); n != 1 {
		t.Errorf("the log has %d entries, want 1", n)
	}
}

func TestReadOnlyDatabase(t *testing.T) {
	url := pgtest.URL(t)
	s := open(t, url)
	shut(t, s)
	pgtest.Exec(t, url, "ALTER DATABASE "+url[strings.LastIndex(url, "/")+1:strings.Index(url, "?")]+
		" SET default_transaction_read_only = on")
	s, err := postgres.Open(t.Context(), url, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer shut(t, s)
	if err := revoke(t.Context(), s, "alice"); !errors.Is(err, issuer.ErrUnavailable) {
		t.Errorf("Commit = %v, want ErrUnavailable", err)
	}
}
