package custody_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/mac"
	tinkpb "github.com/tink-crypto/tink-go/v2/proto/tink_go_proto"
	"usersig"
	"usersig/server/internal/custody"
)

const header = "usersig-kek-v1 whoever has this file and the database has every hosted key: back them up apart\n"

func readFile(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func writeFile(t testing.TB, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "kek")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestCreateFile(t *testing.T) {
	path := newFile(t)
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode() != 0o600 {
		t.Errorf("the file's mode is %v, want 0600", info.Mode())
	}
	first := readFile(t, path)
	if !bytes.HasPrefix(first, []byte(header)) {
		t.Errorf("the file begins with %.100q", first)
	}
	if bytes.Equal(first, readFile(t, newFile(t))) {
		t.Error("two files have the same key")
	}
	if err := custody.CreateFile(path); !errors.Is(err, os.ErrExist) {
		t.Errorf("CreateFile on a file = %v, want %v", err, os.ErrExist)
	}
	if !bytes.Equal(first, readFile(t, path)) {
		t.Error("CreateFile replaced a KEK")
	}
	if err := custody.CreateFile(filepath.Join(path, "kek")); err == nil {
		t.Error("CreateFile works below a file")
	}
}

// keysetOf returns the text of a KEK file with keys from templates.
func keysetOf(t testing.TB, templates ...*tinkpb.KeyTemplate) []byte {
	t.Helper()
	m := keyset.NewManager()
	for _, template := range templates {
		id, err := m.Add(template)
		if err != nil {
			t.Fatal(err)
		}
		if err := m.SetPrimary(id); err != nil {
			t.Fatal(err)
		}
	}
	h, err := m.Handle()
	if err != nil {
		t.Fatal(err)
	}
	text := bytes.NewBufferString(header)
	if err := insecurecleartextkeyset.Write(h, keyset.NewJSONWriter(text)); err != nil {
		t.Fatal(err)
	}
	return text.Bytes()
}

// TestKeysetOfTink holds that a keyset that Tink's own tools made is good.
func TestKeysetOfTink(t *testing.T) {
	path := writeFile(t, keysetOf(t, aead.AES256GCMKeyTemplate()))
	key := private(t, usersig.P256)
	opens(t, openFile(t, path), key, seal(t, openFile(t, path), key))
}

func TestOpenFileContent(t *testing.T) {
	good := readFile(t, newFile(t))
	marked := `{"primaryKeyId":1,"key":[{"keyData":{"value":"MARK` + "\x01" + `"}}]}`
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"empty":           {nil, "is empty"},
		"no header":       {good[len(header):], "does not begin with"},
		"a newer version": {append([]byte("usersig-kek-v2"), good[14:]...), "does not begin with"},
		"a PEM key":       {[]byte("-----BEGIN PRIVATE KEY-----\n"), "does not begin with"},
		"header alone":    {[]byte(header), "is damaged"},
		"cut off":         {good[:len(good)/2], "is damaged"},
		"not JSON":        {[]byte(header + marked), "is damaged"},
		"no keys":         {[]byte(header + `{"primaryKeyId":1,"key":[]}`), "is damaged"},
		"too long":        {append(bytes.Clone(good), make([]byte, 1<<16)...), "too long"},
		"short key":       {keysetOf(t, aead.AES128GCMKeyTemplate()), "not AES-256-GCM"},
		"no prefix":       {keysetOf(t, aead.AES256GCMNoPrefixKeyTemplate()), "not AES-256-GCM"},
		"one weak key":    {keysetOf(t, aead.AES128GCMKeyTemplate(), aead.AES256GCMKeyTemplate()), "not AES-256-GCM"},
		"another AEAD":    {keysetOf(t, aead.XChaCha20Poly1305KeyTemplate()), "not AES-256-GCM"},
		"another use":     {keysetOf(t, mac.HMACSHA256Tag256KeyTemplate()), "no usable key"},
	} {
		t.Run(name, func(t *testing.T) {
			kek, err := custody.OpenFile(writeFile(t, c.data))
			if kek != nil || err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("OpenFile = %v, %v, want an error with %q", kek, err, c.want)
			}
			if strings.Contains(err.Error(), "MARK") || len(err.Error()) > 300 {
				t.Errorf("the error repeats the file: %v", err)
			}
		})
	}
}

func TestAddKey(t *testing.T) {
	path := newFile(t)
	key := secret(t, secretText)
	var generations [][]byte
	for range 5 {
		generations = append(generations, seal(t, openFile(t, path), key))
		if err := custody.AddKey(path); err != nil {
			t.Fatal(err)
		}
	}
	kek := openFile(t, path)
	for _, sealed := range generations {
		opens(t, kek, key, sealed)
		needs(t, kek, key, sealed, true)
	}
	needs(t, kek, key, seal(t, kek, key), false)
	if info, err := os.Stat(path); err != nil || info.Mode() != 0o600 {
		t.Errorf("the file's mode is %v, %v, want 0600", info.Mode(), err)
	}
	left(t, filepath.Dir(path), "kek")
}

// left checks which files are in dir.
func left(t testing.TB, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if fmt.Sprint(names) != fmt.Sprint(want) {
		t.Errorf("the folder holds %v, want %v", names, want)
	}
}

// TestAddKeyFails holds that a change that fails leaves the file and nothing else.
func TestAddKeyFails(t *testing.T) {
	damaged := writeFile(t, []byte(header))
	if err := custody.AddKey(damaged); err == nil {
		t.Error("AddKey works on a damaged file")
	}
	if got := readFile(t, damaged); string(got) != header {
		t.Errorf("AddKey changed the file to %q", got)
	}
	left(t, filepath.Dir(damaged), "kek")

	if err := custody.AddKey(filepath.Join(t.TempDir(), "kek")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("AddKey without a file = %v, want %v", err, os.ErrNotExist)
	}
	if err := custody.AddKey(t.TempDir()); err == nil {
		t.Error("AddKey works on a folder")
	}
}

// TestAddKeyAtOnce holds that of changes at the same time none loses another's key:
// some wait for nobody and say so.
func TestAddKeyAtOnce(t *testing.T) {
	path := newFile(t)
	var added atomic.Int32
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			switch err := custody.AddKey(path); {
			case err == nil:
				added.Add(1)
			case !strings.Contains(err.Error(), "another change is under way"):
				t.Error(err)
			}
		})
	}
	wg.Wait()
	got := bytes.Count(readFile(t, path), []byte(`"keyData"`))
	if want := 1 + int(added.Load()); got != want || want < 2 {
		t.Errorf("%d keys are in the file, want %d", got, want)
	}

	stale := path + ".new"
	if err := os.WriteFile(stale, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := custody.AddKey(path); err == nil || !strings.Contains(err.Error(), "is to be removed") {
		t.Errorf("AddKey after one that was cut off = %v", err)
	}
}

func TestAddKeyIsBounded(t *testing.T) {
	many := make([]*tinkpb.KeyTemplate, 500)
	for i := range many {
		many[i] = aead.AES256GCMKeyTemplate()
	}
	templates := len(keysetOf(t, many...)) / len(many)
	path := writeFile(t, keysetOf(t, many[:(64<<10)/templates-2]...))
	var err error
	for n := 0; err == nil && n < 20; n++ {
		err = custody.AddKey(path)
	}
	if err == nil || !strings.Contains(err.Error(), "too many keys") {
		t.Errorf("AddKey to a full file = %v", err)
	}
	openFile(t, path)
}
