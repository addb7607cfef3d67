package daemon

import (
	"net"
)

// notifier tells systemd how the server is doing, by the protocol of sd_notify: words in
// a datagram to the socket that NOTIFY_SOCKET names. Empty tells nobody.
type notifier string

func (n notifier) tell(state string) error {
	if n == "" {
		return nil
	}
	name := string(n)
	if name[0] == '@' {
		name = "\x00" + name[1:] // the abstract namespace
	}
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: name, Net: "unixgram"})
	if err != nil {
		return err
	}
	defer conn.Close()
	_, err = conn.Write([]byte(state))
	return err
}
