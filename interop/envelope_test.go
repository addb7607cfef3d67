package interop

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"
)

// fields opens a token with nothing but the standard library, so that what the tests rebuild from
// it owes nothing to the code under test. Numbers come out as their text.
func fields(t *testing.T, token string) map[string]string {
	t.Helper()
	text := strings.NewReplacer("*", "+", "-", "/", "_", "=").Replace(token)
	compressed, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil {
		t.Fatalf("base64 of a token: %v", err)
	}
	inflater, err := zlib.NewReader(bytes.NewReader(compressed))
	if err != nil {
		t.Fatalf("zlib of a token: %v", err)
	}
	document, err := io.ReadAll(inflater)
	if err != nil {
		t.Fatalf("zlib of a token: %v", err)
	}
	decoder := json.NewDecoder(bytes.NewReader(document))
	decoder.UseNumber()
	var object map[string]any
	if err := decoder.Decode(&object); err != nil {
		t.Fatalf("JSON of a token: %v", err)
	}
	values := make(map[string]string, len(object))
	for name, value := range object {
		values[name] = fmt.Sprint(value)
	}
	return values
}

// signedLines rebuilds the bytes an ECDSA token signs: one line for each field, in this order. The
// first may be missing from a token and so may the last.
func signedLines(fields map[string]string) []byte {
	var lines bytes.Buffer
	for _, name := range []string{
		"TLS.appid_at_3rd", "TLS.account_type", "TLS.identifier", "TLS.sdk_appid", "TLS.time",
		"TLS.expire_after", "TLS.userbuf",
	} {
		if value, ok := fields[name]; ok {
			fmt.Fprintf(&lines, "%s:%s\n", name, value)
		}
	}
	return lines.Bytes()
}

// decode decodes one of the base64 values inside a token.
func decode(t *testing.T, value string) []byte {
	t.Helper()
	b, err := base64.StdEncoding.Strict().DecodeString(value)
	if err != nil {
		t.Fatalf("base64 inside a token: %v", err)
	}
	return b
}
