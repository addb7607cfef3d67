//go:build !unix

package custody

import "io/fs"

// The mode bits do not tell here who else can do what.

func checkSecret(fs.FileInfo) error { return nil }

// CheckWritable accepts every file and folder.
func CheckWritable(fs.FileInfo) error { return nil }

// CheckReadable accepts every file.
func CheckReadable(fs.FileInfo) error { return nil }
