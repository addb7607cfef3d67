package daemon

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"usersig/server/internal/custody"
)

// inspectFolder is checkFolder, with a line in the log about what others can read.
func inspectFolder(folder string, log *slog.Logger) error {
	readable, err := checkFolder(folder)
	if len(readable) > 0 {
		log.Warn("others can read what is in the data folder: chmod it to 0700", "folder", folder, "files", strings.Join(readable, " "))
	}
	return err
}

// checkFolder refuses a data folder, or state in it, that others can change. It returns
// the names of what others can read. A folder that is not there is for the store to name.
func checkFolder(folder string) (readable []string, err error) {
	info, err := os.Stat(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if err := custody.CheckWritable(info); err != nil {
		return nil, fmt.Errorf("data: %q %w; whoever can change it can make themselves an operator", folder, err)
	}
	if info.Mode().Perm()&0o011 == 0 {
		return nil, nil // nobody else gets to what is in it
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if !isState(e.Name()) {
			continue
		}
		if err := checkFile(filepath.Join(folder, e.Name()), &readable); err != nil {
			return nil, fmt.Errorf("data: %w", err)
		}
	}
	return readable, nil
}

func isState(name string) bool {
	return strings.HasPrefix(name, databaseFile) || name == kekFile || name == tokenFile || name == ledgerFile
}

func checkFile(path string, readable *[]string) error {
	info, err := os.Stat(path)
	if err != nil {
		return nil //nolint:nilerr // it is gone, or a link to nothing
	}
	if err := custody.CheckWritable(info); err != nil {
		return fmt.Errorf("%q %w", path, err)
	}
	if custody.CheckReadable(info) != nil {
		*readable = append(*readable, filepath.Base(path))
	}
	return nil
}
