//go:build !unix

package daemon

import "os"

// lock does nothing: that nobody else writes to the file is for the operator to see to.
func lock(*os.File) error { return nil }
