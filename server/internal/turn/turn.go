// Package turn makes credentials for TURN servers, such as coturn with use-auth-secret.
//
// A UserSig cannot be a TURN password: the server would have to know it, and the user
// name travels in clear. So credentials are minted for those whose UserSig was verified,
// in the form of "A REST API For Access To TURN Services" (draft-uberti-behave-turn-rest-00).
package turn

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // what TURN servers compute
	"encoding/base64"
	"strconv"
	"time"
)

// Credentials open a TURN server until they expire.
type Credentials struct {
	Username string `json:"username"` // the Unix time of the end, ":" and a name
	Password string `json:"password"`
}

// Mint makes credentials that are good until expires, under a secret that the TURN
// server knows. The name is for its log; it travels in clear.
func Mint(secret []byte, name string, expires time.Time) Credentials {
	user := strconv.FormatInt(expires.Unix(), 10) + ":" + name
	mac := hmac.New(sha1.New, secret)
	mac.Write([]byte(user))
	return Credentials{user, base64.StdEncoding.EncodeToString(mac.Sum(nil))}
}
