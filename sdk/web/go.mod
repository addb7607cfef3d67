// Keeps what npm installs here out of the Go module above.
module usersig/sdk/web

go 1.26
