package media

import (
	"net/netip"
	"strings"
	"testing"
)

func ip(text string) netip.Addr { return netip.MustParseAddr(text) }

// TestCheckAddresses: where no media could ever arrive, no server starts.
func TestCheckAddresses(t *testing.T) {
	for _, test := range []struct {
		address string
		bind    []netip.Addr
		want    string // empty if it is good
	}{
		{"127.0.0.1", nil, ""},
		{"203.0.113.7", []netip.Addr{ip("127.0.0.1")}, ""},
		{"203.0.113.7", nil, "address: 203.0.113.7 is no address of this machine"},
		{"203.0.113.7", nil, "127.0.0.1"}, // what it has is said
		{"203.0.113.7", nil, "as in media.bind: ["},
		{"203.0.113.7", []netip.Addr{ip("127.0.0.1"), ip("198.51.100.9")}, "bind: 198.51.100.9 is no"},
		{"127.0.0.1", []netip.Addr{ip("0.0.0.0")}, "bind: 0.0.0.0 is no"},
		{"127.0.0.5", nil, "127.0.0.5 is no address of this machine"}, // LiveKit would not listen there
		{"::1", nil, "write 127.0.0.1"},
		{"2001:db8::7", []netip.Addr{ip("127.0.0.1")}, "the same kind"},
	} {
		c := Config{Address: ip(test.address), Bind: test.bind, UDPPort: 7882}
		err := c.Check()
		if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%v at %v: %v, want %q", test.address, test.bind, err, test.want)
		}
	}
}

// TestOpenFails: and Open says so.
func TestOpenFails(t *testing.T) {
	if _, err := Open(Config{Address: ip("203.0.113.7"), UDPPort: 7882}, Options{}); err == nil || !strings.Contains(err.Error(), "media.bind") {
		t.Errorf("Open = %v", err)
	}
}
