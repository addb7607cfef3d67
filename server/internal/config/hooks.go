package config

import (
	"fmt"
	"net/netip"
)

// Hooks answer other media servers, which ask who may publish and play: nginx-rtmp at
// /hooks/nginx-rtmp and MediaMTX at /hooks/mediamtx.
type Hooks struct {
	// Enabled switches them on.
	Enabled bool `yaml:"enabled"`

	// Networks are where media servers ask from. Empty is this machine. Whoever else could
	// ask would have an oracle for tokens.
	Networks []netip.Prefix `yaml:"networks"`

	// SecretFile is a file, of mode 0600, with a text that media servers add to their URLs
	// as ?secret=…. It is needed where others can send from the networks.
	SecretFile string `yaml:"secret_file"`

	// MediaMTXAPI is the URL of MediaMTX's API, such as http://127.0.0.1:9997, by which
	// users are removed who have to leave. Without it they stay until they connect again.
	// Streams there that nobody watches over, as after a restart, end too; nodes that share
	// a MediaMTX need media.redis to know of each other's.
	MediaMTXAPI string `yaml:"mediamtx_api"`
}

func (h *Hooks) validate(p *problems) {
	for i, n := range h.Networks {
		at := fmt.Sprintf("hooks.networks[%d]", i)
		p.network(n, at)
		p.add(n.Bits() < 8, at, "this is a large part of all addresses: anyone could ask about tokens")
	}
	p.add(h.MediaMTXAPI != "" && !isURL(h.MediaMTXAPI, "http", "https"), "hooks.mediamtx_api", "it is a URL that begins with http:// or https://")
}
