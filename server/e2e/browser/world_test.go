package browser_test

import (
	"testing"

	"usersig/server/e2e/internal/node"
	"usersig/server/internal/config"
)

type (
	// world is a usersigd that serves media, in this process.
	world struct{ *node.Node }

	object = node.Object
)

// open starts a usersigd with media, and with change made to its configuration.
func open(t *testing.T, change func(*config.Config)) *world {
	t.Helper()
	return &world{node.Open(t, change)}
}

// in is the same world for another test.
func (w *world) in(t *testing.T) *world { return &world{w.In(t)} }
