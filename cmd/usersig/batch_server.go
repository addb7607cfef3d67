package main

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"usersig"
	"usersig/internal/batch"
	"usersig/internal/remote"
)

// requestsAtOnce keeps a server busy and leaves it time for others.
const requestsAtOnce = 4

func (c *batchCmd) jobOnServer(cmd *cobra.Command) (batch.Job, error) {
	ttl, err := wholeSeconds(cmd, c.ttl)
	if err != nil {
		return batch.Job{}, err
	}
	client, err := c.dial(&c.server)
	if err != nil {
		return batch.Job{}, err
	}
	if c.jobs == 0 {
		c.jobs = requestsAtOnce
	}
	return batch.Job{Issuer: &serverIssuer{client, c.app, ttl}, AppID: c.app, TTL: ttl}, nil
}

// serverIssuer lets a server make the tokens of a batch.
type serverIssuer struct {
	client *remote.Client
	app    uint32
	ttl    time.Duration
}

// Issue implements [batch.Issuer]. The server signs for all users or for none, and names
// the first that it does not sign for.
func (s *serverIssuer) Issue(ctx context.Context, users []string) ([]batch.Issued, error) {
	out := make([]batch.Issued, len(users))
	left := make([]int, len(users)) // the users that are asked about
	for i := range users {
		left[i] = i
	}
	for len(left) > 0 {
		asked := make([]string, len(left))
		for i, n := range left {
			asked[i] = users[n]
		}
		made, err := s.client.IssueBatch(ctx, s.app, asked, s.ttl)
		if err == nil {
			for i, n := range left {
				out[n] = batch.Issued{Token: made[i].UserSig, ExpiresAt: made[i].ExpiresAt}
			}
			return out, nil
		}
		refused, why := refusedUsers(err, asked)
		if len(refused) == 0 {
			return nil, err
		}
		for _, i := range slices.Backward(refused) {
			out[left[i]].Err = why
			left = slices.Delete(left, i, i+1)
		}
	}
	return out, nil
}

// refusedUsers returns which of the users the server does not sign for, as far as it
// said, and why.
func refusedUsers(err error, users []string) (refused []int, why error) {
	p, ok := errors.AsType[*remote.Problem](err)
	if !ok {
		return nil, nil
	}
	first, text, ok := p.User()
	if !ok || first >= len(users) {
		return nil, nil
	}
	refused = []int{first}
	if strings.Contains(text, onlyPortable) {
		// The others that have such characters need not be found out one by one.
		for i := first + 1; i < len(users); i++ {
			if !usersig.PortableUserID(users[i]) {
				refused = append(refused, i)
			}
		}
	}
	return refused, errors.New(text)
}

// onlyPortable is what a server says where an application takes portable user IDs only.
const onlyPortable = "this application allows letters, digits, '_' and '-' in user IDs"
