package interop

import (
	"bytes"
	"context"
	"encoding/json"
	"os/exec"
	"testing"
)

// A request asks a driver to call one function of one official package. The driver's own source
// lists the functions and which fields each uses.
type request struct {
	API        string `json:"api"`
	App        uint32 `json:"app"`
	User       string `json:"user"`
	Expire     int64  `json:"expire"`
	PrivateKey string `json:"private_key,omitempty"`
	PublicKey  string `json:"public_key,omitempty"`
	Secret     string `json:"secret,omitempty"`
	UserBuf    []byte `json:"userbuf"`
	Room       uint32 `json:"room"`
	RoomName   string `json:"room_name"`
	Privileges uint32 `json:"privileges"`
	Token      string `json:"token,omitempty"`
}

// A reply is a token, or the verdict of an official verifier.
type reply struct {
	Token string `json:"token"`
	OK    bool   `json:"ok"`
	Text  string `json:"text"` // the userbuf, as the verifier hands it out
	Error string `json:"error"`
}

// ask has a driver answer all requests in one run, and fails the test if it cannot answer one.
func ask(t *testing.T, l language, requests []request) []reply {
	t.Helper()
	if err := l.install(); err != nil {
		t.Fatalf("the official %s packages are not here and cannot be installed: %v", l.name, err)
	}
	var in, stderr bytes.Buffer
	lines := json.NewEncoder(&in)
	for _, r := range requests {
		if err := lines.Encode(r); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), installTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, l.command[0], l.command[1:]...)
	cmd.Stdin, cmd.Stderr = &in, &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s driver: %v\n%s", l.name, err, &stderr)
	}
	replies := make([]reply, len(requests))
	answers := json.NewDecoder(bytes.NewReader(out))
	for i, r := range requests {
		if err := answers.Decode(&replies[i]); err != nil {
			t.Fatalf("%s driver: answer %d of %d: %v\n%s", l.name, i+1, len(requests), err, &stderr)
		}
		if replies[i].Error != "" {
			t.Fatalf("%s %s for user %q: %s", l.name, r.API, r.User, replies[i].Error)
		}
	}
	if answers.More() {
		t.Fatalf("%s driver: more answers than the %d requests", l.name, len(requests))
	}
	return replies
}
