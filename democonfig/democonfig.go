// Package democonfig makes and reads the demo configuration: the one line of JSON
// with which TRTC's sample apps log in before there is a server to issue UserSigs.
//
// It owns the form of that file, byte for byte as Tencent's console wrote it. The
// tokens in it are real; whoever has the file is its users until they expire.
package democonfig

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"usersig"
)

// What the console's own files held.
const (
	DefaultPlatform = "Web"
	DefaultUsers    = 4
	DefaultTTL      = 180 * 24 * time.Hour

	// MaxUsers is the most users that two digits can number.
	MaxUsers = 99
)

// Config is a demo configuration.
type Config struct {
	AppID uint32 `json:"sdkappid"`
	Users []User `json:"users"`
}

// User is somebody the sample app can log in as.
type User struct {
	UserID string `json:"userId"`
	Token  string `json:"userToken"` // a UserSig
}

// New signs a token for each of the users "<platform>_trtc_01" and on, issued at
// the time at, or now if that is zero. The console's tokens are compressed; whether
// these are is up to the signer.
func New(signer *usersig.Signer, platform string, users int, ttl time.Duration, at time.Time) (Config, error) {
	switch {
	case !known(platform):
		return Config{}, fmt.Errorf("%.32q is not a platform (they are: %s)", platform, strings.Join(Platforms(), ", "))
	case users < 1 || users > MaxUsers:
		return Config{}, fmt.Errorf("number of users is not from 1 to %d", MaxUsers)
	}
	c := Config{AppID: signer.AppID(), Users: make([]User, users)}
	for i := range c.Users {
		id := fmt.Sprintf("%s_trtc_%02d", platform, i+1)
		token, err := signer.Sign(usersig.Claims{UserID: id, TTL: ttl, IssuedAt: at})
		if err != nil {
			return Config{}, err
		}
		c.Users[i] = User{id, token}
	}
	return c, nil
}

// Marshal returns the file: one line without spaces and without a line feed.
func (c Config) Marshal() ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false) // the console wrote user IDs as they are
	if err := enc.Encode(c); err != nil {
		return nil, fmt.Errorf("write demo config: %w", err)
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n")), nil
}
