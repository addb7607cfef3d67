package usersig_test

import (
	"bytes"
	"compress/zlib"
	"crypto/ecdsa"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"usersig"
	"usersig/internal/wire"
)

// exampleMark finds the blocks of docs/format.md that show a part of a vector.
var exampleMark = regexp.MustCompile("(?s)<!-- vector (\\S+) (\\S+) -->\n```\\w+\n(.*?)```")

// TestFormatExamples holds the examples of docs/format.md true. It decodes the vectors
// with the standard library and by the words of that page, not with our decoder.
func TestFormatExamples(t *testing.T) {
	set := readVectors(t, "issued.json")
	tokens := make(map[string]vector)
	for _, v := range set.Vectors {
		tokens[v.Name] = v
	}
	examples := exampleMark.FindAllStringSubmatch(readFile(t, "docs/format.md"), -1)
	if len(examples) < 10 {
		t.Fatalf("docs/format.md has %d examples only", len(examples))
	}
	for _, e := range examples {
		name, part, shown := e[1], e[2], e[3]
		t.Run(name+"/"+part, func(t *testing.T) {
			v, ok := tokens[name]
			if !ok {
				t.Fatal("there is no such vector")
			}
			p := takeApart(t, v.Token)
			p["secret"] = set.Keys[v.Key].Secret
			p.checkSignature(t, set.Keys[v.Key])
			want, ok := p[part]
			if got := asShown(part, shown); !ok || got != want {
				t.Errorf("shown is\n%s\nand the vector has\n%s", got, want)
			}
		})
	}
}

// asShown returns what a block says: without line breaks that are for the page, and of
// a user buffer without the comments.
func asShown(part, shown string) string {
	switch part {
	case "json":
		return strings.TrimSpace(shown)
	case "signed":
		return shown
	case "userbuf":
		return regexp.MustCompile(`(?m)\s.*\n`).ReplaceAllString(shown, "")
	}
	return strings.ReplaceAll(shown, "\n", "")
}

// parts of a token, by the names that docs/format.md gives them.
type parts map[string]string

func takeApart(t *testing.T, token string) parts {
	t.Helper()
	raw, err := base64.StdEncoding.DecodeString(strings.NewReplacer("*", "+", "-", "/", "_", "=").Replace(token))
	if err != nil {
		t.Fatal(err)
	}
	r, err := zlib.NewReader(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]any
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	if err := dec.Decode(&fields); err != nil {
		t.Fatal(err)
	}
	signed := signedLines(fields)
	hash := sha256.Sum256([]byte(signed))
	return parts{
		"token": token, "zlib": hex.EncodeToString(raw), "json": strings.TrimSpace(string(text)),
		"signed": signed, "hash": hex.EncodeToString(hash[:]),
		"signature": fromBase64(t, fields["TLS.sig"]), "userbuf": fromBase64(t, fields["TLS.userbuf"]),
	}
}

func signedLines(fields map[string]any) (lines string) {
	order := []string{"TLS.appid_at_3rd", "TLS.account_type", "TLS.identifier", "TLS.sdk_appid", "TLS.time", "TLS.expire_after", "TLS.userbuf"}
	if _, v2 := fields["TLS.ver"]; v2 {
		order = []string{"TLS.identifier", "TLS.sdkappid", "TLS.time", "TLS.expire", "TLS.userbuf"}
	}
	for _, name := range order {
		if value, ok := fields[name]; ok {
			lines += fmt.Sprintf("%s:%v\n", name, value)
		}
	}
	return lines
}

// fromBase64 returns in hexadecimal what a field of the JSON holds, if it is there.
func fromBase64(t *testing.T, field any) string {
	t.Helper()
	text, _ := field.(string)
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return hex.EncodeToString(b)
}

// checkSignature verifies with the standard library alone.
func (p parts) checkSignature(t *testing.T, key vectorKey) {
	t.Helper()
	sig, _ := hex.DecodeString(p["signature"])
	if key.Secret != "" {
		mac := hmac.New(sha256.New, []byte(key.Secret))
		mac.Write([]byte(p["signed"]))
		if !hmac.Equal(mac.Sum(nil), sig) {
			t.Error("the HMAC is another")
		}
		return
	}
	block, _ := pem.Decode([]byte(key.Public))
	public, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	hash, _ := hex.DecodeString(p["hash"])
	if k, ok := public.(*ecdsa.PublicKey); !ok || !ecdsa.VerifyASN1(k, hash, sig) {
		t.Error("the signature does not verify")
	}
}

// TestFormatLimits holds the table of limits true.
func TestFormatLimits(t *testing.T) {
	page := readFile(t, "docs/format.md")
	for what, limit := range map[string]int{
		"| token | %d characters |":          wire.MaxToken,
		"| JSON | %d bytes,":                 wire.MaxText,
		"| user ID, accepted | %d bytes |":   wire.MaxUserID,
		"| user ID, issued | %d bytes |":     usersig.MaxUserID,
		"| user buffer | %d bytes |":         usersig.MaxUserBuf,
		"| room name, accepted | %d bytes |": wire.MaxUserID, // one cap for both
		"| room name, issued | %d bytes |":   usersig.MaxRoomName,
		"| keys per verifier | %d |":         usersig.MaxKeys,
	} {
		if row := fmt.Sprintf(what, limit); !strings.Contains(page, row) {
			t.Errorf("docs/format.md does not say %q", row)
		}
	}
}

// TestReadmeCounts holds the numbers of vectors in the READMEs true.
func TestReadmeCounts(t *testing.T) {
	good, bad := 0, 0
	for _, v := range readVectors(t, "issued.json").Vectors {
		if v.Want.Code == 0 && v.Want.Key == "" {
			good++
		} else {
			bad++
		}
	}
	for file, text := range map[string]string{
		"README.md":       "%d of them are in [testdata/vectors](testdata/vectors): %d verify, and %d must not",
		"README.zh-CN.md": "其中 %d 个收录在 [testdata/vectors](testdata/vectors)：%d 个通过校验，%d 个",
	} {
		page := strings.Join(strings.Fields(readFile(t, file)), " ")
		if want := fmt.Sprintf(text, good+bad, good, bad); !strings.Contains(page, want) {
			t.Errorf("%s does not say %q", file, want)
		}
	}
}

var linkMark = regexp.MustCompile(`\]\(([^)\s]+)\)`)

// TestDocLinks follows every link in our documents that is not to the world outside,
// and its heading if it names one.
func TestDocLinks(t *testing.T) {
	followed := 0
	for _, file := range documents(t) {
		for _, m := range linkMark.FindAllStringSubmatch(readFile(t, file), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			followed++
			path, heading, _ := strings.Cut(m[1], "#")
			target := file
			if path != "" {
				target = filepath.Join(filepath.Dir(file), filepath.FromSlash(path))
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s links to %s, which is not there", file, m[1])
			} else if heading != "" && !hasHeading(readFile(t, target), heading) {
				t.Errorf("%s links to %s, and there is no such heading", file, m[1])
			}
		}
	}
	if followed == 0 {
		t.Error("there are no links")
	}
}

func documents(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("*.md")
	if err != nil {
		t.Fatal(err)
	}
	err = filepath.WalkDir("docs", func(path string, _ fs.DirEntry, err error) error {
		if filepath.Ext(path) == ".md" {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// hasHeading reports whether a Markdown text has a heading with this anchor, made as
// code hosts make them: lower case, hyphens for spaces, no punctuation.
func hasHeading(text, anchor string) bool {
	for _, m := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(text, -1) {
		bare := regexp.MustCompile(`[^\p{L}\p{N} _-]`).ReplaceAllString(strings.ToLower(m[1]), "")
		if strings.ReplaceAll(bare, " ", "-") == anchor {
			return true
		}
	}
	return false
}
