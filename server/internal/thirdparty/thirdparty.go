// Package thirdparty has the licences of what usersigd is made of besides its own code:
// whoever passes the program on must pass them on too.
package thirdparty

import _ "embed"

//go:generate go test . -run ^TestLicences$ -count=1 -update

// Licences lists the modules that are linked into usersigd, and the texts of their
// licences and notices.
//
//go:embed licences.txt
var Licences string
