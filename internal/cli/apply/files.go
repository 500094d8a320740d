package apply

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"ephemr/internal/cli/exit"
)

// files are those that args name: a file as it is, and of a folder all *.yaml and *.yml
// below. As git does, it does not follow symbolic links to folders, and leaves out
// nothing but .git. The error joins one for each arg.
func files(args []string) ([]string, error) {
	var all []string
	var errs []error
	for _, arg := range args {
		info, err := os.Stat(arg)
		if err != nil || !info.IsDir() { // a file that cannot be read is reported with its pipeline
			all = append(all, arg)
			continue
		}
		found, err := below(arg)
		switch {
		case err != nil:
			errs = append(errs, exit.Usage("read folder %s: %w", arg, err))
		case len(found) == 0:
			errs = append(errs, exit.Usage("folder %s contains no *.yaml", arg))
		}
		for _, file := range found {
			if !slices.Contains(all, file) { // folders may overlap
				all = append(all, file)
			}
		}
	}
	return all, errors.Join(errs...)
}

// below are the pipeline files of a folder, sorted.
func below(folder string) ([]string, error) {
	var found []string
	err := filepath.WalkDir(folder+string(filepath.Separator), func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && entry.Name() == ".git":
			return fs.SkipDir
		case entry.IsDir() || !slices.Contains([]string{".yaml", ".yml"}, filepath.Ext(path)):
			return nil
		}
		if info, err := os.Stat(path); err == nil && info.IsDir() { // by a symbolic link
			return nil
		}
		found = append(found, filepath.Clean(path))
		return nil
	})
	return found, err
}
