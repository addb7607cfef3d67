// Package keyszip writes keys.zip, the file in which a key pair is handed out: two
// files, private_key and public_key, as Tencent's console named them.
//
// It owns the form of that file. Where it is kept and who may have it is for the
// caller.
package keyszip

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"

	"usersig"
)

// Names of the files in keys.zip.
const (
	PrivateName = "private_key" // PKCS #8, PEM
	PublicName  = "public_key"  // SubjectPublicKeyInfo, PEM
)

// File is one file of a key pair.
type File struct {
	Name    string
	Content []byte
	Mode    fs.FileMode
}

// Files returns the two files of a key pair, the private one first. It fails for a
// key whose value is held elsewhere.
func Files(key *usersig.PrivateKey) ([2]File, error) {
	private, err := key.EncodePEM()
	if err != nil {
		return [2]File{}, err
	}
	return [2]File{
		{PrivateName, private, 0o600},
		{PublicName, key.Public().EncodePEM(), 0o644},
	}, nil
}

// Write writes keys.zip to w. The files in it are dated modified, and equal
// arguments make equal bytes.
func Write(w io.Writer, key *usersig.PrivateKey, modified time.Time) error {
	files, err := Files(key)
	if err != nil {
		return err
	}
	z := zip.NewWriter(w)
	err = errors.Join(add(z, files[0], modified), add(z, files[1], modified), z.Close())
	if err != nil {
		return fmt.Errorf("write keys.zip: %w", err)
	}
	return nil
}

func add(z *zip.Writer, f File, modified time.Time) error {
	header := &zip.FileHeader{Name: f.Name, Method: zip.Deflate, Modified: modified.UTC()}
	// What unpacks the file leaves the private key to its owner.
	header.SetMode(f.Mode)
	w, err := z.CreateHeader(header)
	if err == nil {
		_, err = w.Write(f.Content)
	}
	return err
}
