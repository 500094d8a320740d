package runner

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// modulesLink is what the modules of a Python job are unpacked as in the working
// directories of executors.
const modulesLink = "ephemr_modules"

// modules packs what the driver can import from the directory of the entry, so
// that executors can import it too: lib/common.py as lib.common. Executors get it
// unpacked, because a package may open the files beside its modules.
func modules(w workspace, entry string) (p python, err error) {
	top := filepath.Join(w.files, filepath.Dir(entry))
	found, err := importable(top)
	if err != nil {
		return python{}, fmt.Errorf("find modules for executors: %w", err)
	}
	if !slices.ContainsFunc(found, func(name string) bool { return isModule(name) && name != filepath.Base(entry) }) {
		return python{}, nil
	}
	name := filepath.Join(w.dir, "modules.zip")
	f, err := os.Create(name) //nolint:gosec // in our own work directory
	if err != nil {
		return python{}, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	z := zip.NewWriter(f)
	for _, path := range found {
		if err := addModule(z, top, path); err != nil {
			return python{}, fmt.Errorf("zip %s for executors: %w", path, err)
		}
	}
	return python{
		archives: []string{name + "#" + modulesLink},
		conf: map[string]string{
			"spark.executorEnv.PYTHONPATH":       "./" + modulesLink,
			"spark.yarn.appMasterEnv.PYTHONPATH": "./" + modulesLink, // where the driver runs there
		},
	}, z.Close()
}

func isModule(name string) bool { return filepath.Ext(name) == ".py" }

// importable lists the files beside the entry and those of directories that have
// modules, with the data of packages. What Spark gets otherwise, and what Python
// cannot import, is left out.
func importable(top string) (found []string, err error) {
	entries, err := os.ReadDir(top)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if !e.IsDir() && (slices.Contains(notModules, filepath.Ext(e.Name())) || strings.HasPrefix(e.Name(), entryLink)) {
			continue
		}
		files, err := below(top, e.Name())
		if err != nil {
			return nil, err
		}
		if isFile(filepath.Join(top, e.Name())) || slices.ContainsFunc(files, isModule) {
			found = append(found, files...)
		}
	}
	return found, nil
}

// notModules are beside the entry for another purpose.
var notModules = []string{".zip", ".egg", ".jar", ".whl", ".gz", ".tgz"}

// below lists a file, or the files of a directory.
func below(top, name string) (found []string, err error) {
	err = filepath.WalkDir(filepath.Join(top, name), func(path string, e fs.DirEntry, err error) error {
		switch hidden := strings.HasPrefix(e.Name(), "."); {
		case err != nil:
			return err
		case e.IsDir() && (hidden || e.Name() == "__pycache__"):
			return filepath.SkipDir
		case hidden || !isFile(path) || filepath.Ext(path) == ".pyc":
			return nil
		}
		rel, err := filepath.Rel(top, path)
		found = append(found, filepath.ToSlash(rel))
		return err
	})
	return found, err
}

func addModule(z *zip.Writer, top, path string) error {
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
