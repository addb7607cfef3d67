package democonfig

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// maxFile bounds the work on a file that is something else.
const maxFile = 1 << 20

// Parse reads a demo configuration as the sample apps do: all four names must be
// there, spelled exactly, and names that they do not know are ignored. The tokens
// are not checked. The error quotes nothing of the file.
func Parse(data []byte) (Config, error) {
	if len(data) > maxFile {
		return Config{}, fmt.Errorf("demo config is larger than %d bytes", maxFile)
	}
	// encoding/json would take "SDKAppID" for a struct's sdkappid, which the
	// apps do not; as keys of a map, names are compared exactly.
	var file map[string]json.RawMessage
	d := json.NewDecoder(bytes.NewReader(data))
	if err := d.Decode(&file); err != nil || file == nil {
		return Config{}, errors.New("demo config is not a JSON object")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return Config{}, errors.New("demo config goes on after its JSON object")
	}
	var c Config
	if json.Unmarshal(file["sdkappid"], &c.AppID) != nil || c.AppID == 0 {
		return Config{}, errors.New("demo config: sdkappid is missing or not a whole number up to 4294967295")
	}
	var users []map[string]json.RawMessage
	if json.Unmarshal(file["users"], &users) != nil || len(users) == 0 {
		return Config{}, errors.New("demo config: users is missing, empty or not an array of objects")
	}
	for i, u := range users {
		var user User
		if json.Unmarshal(u["userId"], &user.UserID) != nil || user.UserID == "" ||
			json.Unmarshal(u["userToken"], &user.Token) != nil || user.Token == "" {
			return Config{}, fmt.Errorf("demo config: userId or userToken of user %d is missing, empty or not text", i+1)
		}
		c.Users = append(c.Users, user)
	}
	return c, nil
}
