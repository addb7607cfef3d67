//go:build nomedia

package daemon

import (
	"errors"

	"usersig/server/internal/config"
)

// openMedia is that of a program without LiveKit: half the size, for those who only issue
// tokens.
func (d *Daemon) openMedia(cfg *config.Config) (engine, error) {
	if err := checkMedia(&cfg.Media); err != nil {
		return nil, err
	}
	d.log.Info("this program was built without the audio/video server")
	return nil, nil //nolint:nilnil // there is none
}

// checkMedia returns what a start would stop at.
func checkMedia(m *config.Media) error {
	if m.Enabled != config.Auto {
		return errors.New("this program was built without the audio/video server (tag nomedia)")
	}
	_, err := relays(m.TURN)
	return err
}
