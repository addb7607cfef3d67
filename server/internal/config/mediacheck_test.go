package config

import (
	"strings"
	"testing"
)

// TestMediaRefused: what would start and then serve nobody, or fail at the first call.
func TestMediaRefused(t *testing.T) {
	const turn = "media: {turn: [{secret_file: f, urls: ["
	for text, want := range map[string]string{
		"media: {address: 0.0.0.0}":                                             "media.address: it is the IP address",
		`media: {address: "::"}`:                                                "media.address: it is the IP address",
		`media: {address: "::1"}`:                                               "write 127.0.0.1",
		`media: {address: "::ffff:203.0.113.7"}`:                                "media.address: ",
		"media: {address: 203.0.113.7, bind: [0.0.0.0]}":                        "media.bind[0]: it is one IP address of this machine",
		`media: {address: 203.0.113.7, bind: [10.0.0.7, "::"]}`:                 "media.bind[1]: ",
		`media: {address: 203.0.113.7, bind: [10.0.0.7, 10.0.0.7]}`:             "media.bind[1]: it is there twice",
		"media: {udp_port: 7000, udp_port_end: 6000}":                           "media.udp_port_end: ",
		"media: {relay: {udp_port: 30500}}":                                     "media.relay.udp_port: it is one of first_port to last_port",
		"media: {relay: {udp_port: 7882}}":                                      "media.relay.udp_port: it is one of udp_port",
		"media: {udp_port: 7000, udp_port_end: 8000, relay: {udp_port: 7500}}":  "media.relay.udp_port: it is one of udp_port",
		"media: {udp_port: 30500, relay: {udp_port: 3478}}":                     "media.relay: first_port to last_port has ports of",
		"media: {udp_port: 7000, udp_port_end: 40000, relay: {udp_port: 3478}}": "media.relay: first_port to last_port has ports of",
		"media: {relay: {udp_port: 3478, first_port: 31000}}":                   "media.relay: first_port and last_port are a range",
		"media: {redis: {address: nonsense}}":                                   "media.redis.address: it is a host and a port",
		`media: {redis: {address: ":6379"}}`:                                    "media.redis.address: it is a host and a port",
		"media: {redis: {address: localhost:6379, root_file: f}}":               "media.redis.root_file: it is for tls: true",
		`media: {stun: ["stun:stun.example.org:3478"]}`:                         "media.stun[0]: it is a host and a port",
		"media: {stun: [stun.example.org]}":                                     "media.stun[0]: ",
		`media: {stun: ["stun.example.org:3478", "stun.example.org:0"]}`:        "media.stun[1]: ",
		turn + `"turn:"]}]}`:                                                    "media.turn[0].urls: ",
		turn + `"turn:?transport=udp"]}]}`:                                      "media.turn[0].urls: ",
		turn + `"turn:turn.example.org:3478", "stun:turn.example.org:3478"]}]}`: "media.turn[0].urls: ",
		turn + `"turn://turn.example.org"]}]}`:                                  "media.turn[0].urls: ",
		turn + `"turn:turn.example.org:99999"]}]}`:                              "media.turn[0].urls: ",
		turn + `"turn:turn.example.org?transport=quic"]}]}`:                     "media.turn[0].urls: ",
		turn + `"turn:2001:db8::7"]}]}`:                                         "media.turn[0].urls: ",
		`media: {enabled: off, turn: [{urls: ["turn:"], secret_file: f}]}`:      "media.turn[0].urls: ", // POST /turn is there all the same
		"hooks: {networks: [0.0.0.0/0]}":                                        "hooks.networks[0]: this is a large part",
		`hooks: {networks: [10.0.0.9/32, "::/0"]}`:                              "hooks.networks[1]: this is a large part",
		"hooks: {networks: [10.0.0.9/16]}":                                      "hooks.networks[0]: it goes on after its length",
		`hooks: {networks: ["::ffff:10.0.0.0/112"]}`:                            "hooks.networks[0]: write it as an IPv4 network",
	} {
		if _, err := load(t, text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

func TestMediaTaken(t *testing.T) {
	for _, text := range []string{
		`media: {address: 203.0.113.7, bind: [10.0.0.7, "2001:db8::7"], udp_port: 7000, udp_port_end: 7009, tcp_port: 7000, relay: {udp_port: 3478}}`,
		`media: {address: "2001:db8::7", stun: ["stun.example.org:3478", "192.0.2.1:3478", "[2001:db8::1]:3478"]}`,
		`media: {turn: [{secret_file: f, urls: ["turn:turn.example.org", "turns:turn.example.org:5349?transport=tcp", "turn:192.0.2.1:3478?transport=udp", "turn:[2001:db8::1]", "turn:[2001:db8::1]:3478"]}]}`,
		"media: {redis: {address: localhost:6379}}",
		`hooks: {enabled: true, networks: [10.0.0.9/32, 10.1.0.0/16, "2001:db8::/32"]}`,
	} {
		if _, err := load(t, text); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// TestMediaOff: the short form is that of the environment too. It was an error there.
func TestMediaOff(t *testing.T) {
	for name, c := range map[string]struct{ text, variable string }{
		"the file":               {"media: off", "HOME=/root"},
		"the variable":           {"", "USERSIGD_MEDIA=off"},
		"the variable over it":   {"media: {enabled: on, udp_port: 7000}", "USERSIGD_MEDIA=off"},
		"the variable in full":   {"media: on", "USERSIGD_MEDIA_ENABLED=off"},
		"the variable, as false": {"", "USERSIGD_MEDIA=false"},
	} {
		cfg, err := load(t, c.text, c.variable)
		if err != nil || cfg.ServesMedia() {
			t.Errorf("by %s: %v", name, err)
		}
	}
	if cfg, err := load(t, "media: off", "USERSIGD_MEDIA=on"); err != nil || !cfg.ServesMedia() {
		t.Errorf("the variable does not win: %v", err)
	}
	if _, err := load(t, "", "USERSIGD_MEDIA=perhaps"); err == nil || !strings.Contains(err.Error(), "media.enabled: ") {
		t.Errorf("a variable that is neither: %v", err)
	}
}
