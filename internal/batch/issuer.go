package batch

import (
	"context"
	"errors"
	"fmt"
	"time"

	"usersig"
)

// linesIssuer is how many lines an [Issuer] is given at once: so many that what a
// request costs besides the tokens is shared by all of them.
const linesIssuer = 1000

// An Issuer makes UserSigs elsewhere, such as on a server. It is called by several
// goroutines at once, with 1,000 users at most.
type Issuer interface {
	// Issue returns a token, or why there is none, for each of the users, in their
	// order. An error is about none of them in particular and ends the work.
	Issue(ctx context.Context, users []string) ([]Issued, error)
}

// Issued is the token of one user, or with Err the reason why there is none.
type Issued struct {
	Token     string
	ExpiresAt time.Time
	Err       error
}

// appID returns the application that the tokens are for.
func (j *Job) appID() uint32 {
	if j.Issuer != nil {
		return j.AppID
	}
	return j.Signer.AppID()
}

var errAnswers = errors.New("the issuer answered for another number of users")

// issue is make for a job whose tokens an [Issuer] makes. It is asked about users only
// that the library would sign for: one that is not UTF-8 could become another on the way.
func (c *chunk) issue(ctx context.Context, r *rows) {
	users, numbers := c.users(r)
	if len(users) == 0 {
		return
	}
	made, err := r.job.Issuer.Issue(ctx, users)
	if err == nil && len(made) != len(users) {
		err = errAnswers
	}
	if err != nil {
		c.err, c.rejected = err, nil
		return
	}
	local, rejected := c.rejected, []rejection(nil)
	for i, m := range made {
		for len(local) > 0 && local[0].line < numbers[i] {
			rejected, local = append(rejected, local[0]), local[1:]
		}
		if m.Err != nil {
			rejected = append(rejected, rejection{numbers[i], m.Err})
			continue
		}
		c.out = r.appendIssued(c.out, users[i], m)
		c.count++
	}
	c.rejected = append(rejected, local...)
}

// users returns the user IDs of a chunk and their lines, and rejects what is none.
func (c *chunk) users(r *rows) (users []string, numbers []int64) {
	text, start := string(c.text), 0
	for i, end := range c.ends {
		user := text[start:end]
		start = end
		number := c.first + int64(i)
		switch {
		case user == "":
		case signable([]byte(user)):
			users, numbers = append(users, user), append(numbers, number)
		default:
			c.rejected = append(c.rejected, rejection{number, r.fault(user)})
		}
	}
	return users, numbers
}

func (r *rows) appendIssued(dst []byte, user string, m Issued) []byte {
	dst = append(r.job.Format.appendOpening(dst, user), m.Token...)
	if r.job.Format == CSV {
		return append(dst, '\n')
	}
	return append(dst, r.ending(m.ExpiresAt.Unix())...)
}

// fault says why a line is not signed for. Where there is no Signer that would say it,
// the words are the library's.
func (r *rows) fault(user string) error {
	switch {
	case r.job.Issuer == nil:
		_, err := r.append(nil, user)
		return err
	case len(user) > maxLine:
		return fmt.Errorf("%w: line is longer than %d bytes", usersig.ErrInvalidClaims, maxLine)
	case len(user) > usersig.MaxUserID:
		return fmt.Errorf("%w: user ID is %d bytes long, the most is %d", usersig.ErrInvalidClaims, len(user), usersig.MaxUserID)
	}
	return fmt.Errorf("%w: user ID has a control character or is not UTF-8", usersig.ErrInvalidClaims)
}
