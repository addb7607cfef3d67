package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"

	"go.yaml.in/yaml/v3"

	"usersig/server/internal/custody"
)

// Source is where a configuration comes from. What is later in the struct wins.
type Source struct {
	File    string   // may be empty
	Environ []string // as os.Environ returns it
	// Flags, if not nil, makes the changes that the command line asks for.
	Flags func(*Config)
}

// maxFile bounds the file: a wrong path may lead to a database.
const maxFile = 1 << 20

// Load reads a configuration and validates it. The error holds every problem that was
// found, one a line.
func Load(src Source) (*Config, error) {
	c := Default()
	if src.File != "" {
		text, err := readFile(src.File)
		if err != nil {
			return nil, fmt.Errorf("read configuration: %w", err)
		}
		if err := c.decode(text); err != nil {
			return nil, prefixed(src.File, err)
		}
	}
	if err := c.override(src.Environ); err != nil {
		return nil, err
	}
	if src.Flags != nil {
		src.Flags(c)
	}
	if err := errors.Join(c.readStore(), c.validate()); err != nil {
		return nil, err
	}
	return c, nil
}

func readFile(path string) ([]byte, error) {
	f, err := os.Open(path) //nolint:gosec // the operator's own path
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	// Whoever can change it decides who may sign. A pipe is whose it is given to.
	if err := custody.CheckWritable(info); err != nil && info.Mode().IsRegular() {
		return nil, fmt.Errorf("%q %w", path, err)
	}
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(text) > maxFile {
		err = fmt.Errorf("%q is longer than %d bytes", path, maxFile)
	}
	if err != nil {
		return nil, err
	}
	return text, nil
}

func (c *Config) decode(text []byte) error {
	d := yaml.NewDecoder(bytes.NewReader(text))
	var document yaml.Node
	if err := d.Decode(&document); err != nil && !errors.Is(err, io.EOF) {
		return errors.New(strings.TrimPrefix(err.Error(), "yaml: "))
	}
	// Of two documents the second would be ignored, with all its limits.
	if err := d.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return errors.New("there is more than one YAML document")
	}
	if len(document.Content) == 0 {
		return nil
	}
	into := &decoder{}
	into.value(document.Content[0], reflect.ValueOf(c).Elem(), "")
	return into.result()
}

// prefixed puts where it happened before each line of err.
func prefixed(where string, err error) error {
	lines := strings.Split(err.Error(), "\n")
	return errors.New(where + ": " + strings.Join(lines, "\n"+where+": "))
}

// DataFile returns the path of a file in data.
func (c *Config) DataFile(name string) string { return filepath.Join(c.Data, name) }
