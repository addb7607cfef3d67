package config

import "net/netip"

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
	MediaMTXAPI string `yaml:"mediamtx_api"`
}

func (h *Hooks) validate(p *problems) {
	p.add(h.MediaMTXAPI != "" && !isURL(h.MediaMTXAPI, "http", "https"), "hooks.mediamtx_api", "it is a URL that begins with http:// or https://")
}
