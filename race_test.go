//go:build race

package usersig

// raceEnabled says that the race detector is on. It allocates, and empties pools
// at random, so allocations cannot be counted under it.
const raceEnabled = true
