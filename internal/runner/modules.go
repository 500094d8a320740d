package runner

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// modules zips the Python files in directories below the entry's, so that
// executors can import them as the driver can: lib/common.py as lib.common. It
// returns "" if there are none.
func modules(w workspace, entry string) (name string, err error) {
	top := filepath.Join(w.files, filepath.Dir(entry))
	found, err := pythonFiles(top)
	if err != nil || len(found) == 0 {
		return "", err
	}
	name = filepath.Join(w.dir, "modules.zip")
	f, err := os.Create(name) //nolint:gosec // in our own work directory
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	z := zip.NewWriter(f)
	dirs := map[string]bool{".": true}
	for _, path := range found {
		if err := addModule(z, top, path, dirs); err != nil {
			return "", fmt.Errorf("zip %s for executors: %w", path, err)
		}
	}
	return name, z.Close()
}

// pythonFiles lists what can be imported from below top, but not at it. Hidden
// directories are left out.
func pythonFiles(top string) (found []string, err error) {
	err = filepath.WalkDir(top, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if e.IsDir() && path != top && strings.HasPrefix(e.Name(), ".") {
			return filepath.SkipDir
		}
		rel, err := filepath.Rel(top, path)
		if err == nil && e.Type().IsRegular() && filepath.Ext(path) == ".py" && filepath.Dir(rel) != "." {
			found = append(found, filepath.ToSlash(rel))
		}
		return err
	})
	return found, err
}

// addModule adds a file, and the directories above it: without an entry of its
// own a directory that has no __init__.py is no package in a zip.
func addModule(z *zip.Writer, top, path string, dirs map[string]bool) error {
	var above []string
	for dir := filepath.ToSlash(filepath.Dir(path)); !dirs[dir]; dir = filepath.ToSlash(filepath.Dir(dir)) {
		dirs[dir] = true
		above = append([]string{dir}, above...)
	}
	for _, dir := range above {
		if _, err := z.Create(dir + "/"); err != nil {
			return err
		}
	}
	in, err := os.Open(filepath.Join(top, path)) //nolint:gosec // of the package
	if err != nil {
		return err
	}
	defer in.Close() //nolint:errcheck // only read
	out, err := z.Create(path)
	if err == nil {
		_, err = io.Copy(out, in)
	}
	return err
}
