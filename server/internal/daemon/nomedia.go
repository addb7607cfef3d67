//go:build nomedia

package daemon

import (
	"errors"

	"usersig/server/internal/config"
)

// openMedia is that of a program without LiveKit: half the size, for those who only issue
// tokens.
func (d *Daemon) openMedia(cfg *config.Config) (engine, error) {
	if cfg.Media.Enabled != config.Auto {
		return nil, errors.New("this program was built without the audio/video server (tag nomedia)")
	}
	d.log.Info("this program was built without the audio/video server")
	return nil, nil //nolint:nilnil // there is none
}
