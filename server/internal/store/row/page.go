package row

import (
	"usersig/server/internal/audit"
)

// Blocks is where a store keeps its audit log.
type Blocks interface {
	// Start returns the first number of the last block that begins at seq or before,
	// 0 if there is none.
	Start(seq int64) (int64, error)
	// Blocks returns up to n blocks that begin at from or after, in order: those with
	// entries about app, or all if app is 0.
	Blocks(app uint32, from int64, n int) ([]Block, error)
}

// pageBlocks is how many blocks are read at once at most: a page may want one entry of
// each, or all it wants may be in the first.
const pageBlocks = 32

// Page does the work of [issuer.Store.Audit].
func Page(log Blocks, app uint32, after int64, limit int) ([]audit.Entry, error) {
	if limit <= 0 {
		return nil, nil
	}
	from, err := log.Start(max(after, 0) + 1)
	if err != nil {
		return nil, err
	}
	var page []audit.Entry
	for {
		want := min(limit-len(page), pageBlocks)
		blocks, err := log.Blocks(app, from, want)
		if err != nil {
			return nil, err
		}
		for i := range blocks {
			entries, err := blocks[i].Entries()
			if err != nil {
				return nil, err
			}
			for _, e := range entries {
				if e.Seq <= after || app != 0 && e.App != app {
					continue
				}
				if page = append(page, e); len(page) == limit {
					return page, nil
				}
			}
			// The row's own number, not that in the entry: a forged entry must not
			// keep the reader going in circles.
			from = blocks[i].First + 1
		}
		if len(blocks) < want {
			return page, nil
		}
	}
}
