package generate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Success is the file that marks a dataset as complete, as Hadoop and Spark have it.
const Success = "_SUCCESS"

// staging is the prefix of the directory of files that are not complete. Spark,
// Hive and checks ignore it.
const staging = ".ephemr-generate-"

// NotEmptyError is a target that has files and must not be overwritten.
type NotEmptyError struct {
	Target string
	File   string // one of them
	Ours   bool   // all could be files of a dataset
}

func (e *NotEmptyError) Error() string {
	if e.File == "" {
		return e.Target + " is a file; use a directory"
	}
	if e.Ours {
		return fmt.Sprintf("%s is not empty (%s); use another one, or --overwrite", e.Target, e.File)
	}
	return fmt.Sprintf("%s has %s, which is not a file of a generated dataset; use another one", e.Target, e.File)
}

var ourFile = regexp.MustCompile(`^(dt=\d{4}-\d\d-\d\d/part-\d{5,}\.(parquet|csv|jsonl)|` + Success + `|` + regexp.QuoteMeta(staging) + `\d+/.*)$`)

// refuse reports files that a dataset must not be written beside. Files that
// could be of a generated dataset may be overwritten.
func refuse(target string, files []string, overwrite bool) error {
	if len(files) == 0 {
		return nil
	}
	for _, name := range files {
		if !ourFile.MatchString(name) {
			return &NotEmptyError{Target: target, File: name}
		}
	}
	if !overwrite {
		return &NotEmptyError{Target: target, File: files[0], Ours: true}
	}
	return nil
}

// Folder is a directory. Files are written beside their place, and moved there
// when all are complete; what they replace is readable until then.
type Folder struct {
	Path      string
	Overwrite bool

	made    string // the uppermost directory that did not exist before
	staging string
	old     []string
	moved   []string
}

var _ Target = (*Folder)(nil)

// Prepare creates the directory.
func (f *Folder) Prepare(context.Context) (err error) {
	if info, err := os.Stat(f.Path); err == nil && !info.IsDir() {
		return &NotEmptyError{Target: f.Path}
	}
	if f.old, err = filesIn(f.Path); err != nil {
		return err
	}
	if err := refuse(f.Path, f.old, f.Overwrite); err != nil {
		return err
	}
	for dir := filepath.Clean(f.Path); ; dir = filepath.Dir(dir) {
		if _, err := os.Lstat(dir); !errors.Is(err, fs.ErrNotExist) {
			break
		}
		f.made = dir
	}
	if err := os.MkdirAll(f.Path, 0o750); err != nil {
		return fmt.Errorf("create directory: %w", err)
	}
	if f.staging, err = os.MkdirTemp(f.Path, staging+"*"); err != nil {
		return errors.Join(fmt.Errorf("create directory: %w", err), f.Abort())
	}
	return nil
}

// filesIn lists the files below a directory, with slashes.
func filesIn(dir string) (names []string, err error) {
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		names = append(names, filepath.ToSlash(name))
		return err
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", dir, err)
	}
	return names, nil
}

// Write creates a file in the staging directory.
func (f *Folder) Write(_ context.Context, name string, write func(io.Writer) error) (err error) {
	path := filepath.Join(f.staging, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return fmt.Errorf("create directory: %w", err)
	}
	file, err := os.Create(path) //nolint:gosec // in the user's directory
	if err != nil {
		return fmt.Errorf("create file: %w", err)
	}
	defer func() {
		if e := file.Close(); err == nil && e != nil {
			err = fmt.Errorf("close file: %w", e)
		}
	}()
	return write(file)
}

// Commit removes what is replaced, moves the files to their places and marks the
// dataset as complete.
func (f *Folder) Commit(context.Context) error {
	files, err := filesIn(f.staging)
	if err != nil {
		return err
	}
	if err := f.remove(append([]string{Success}, f.old...)); err != nil {
		return err
	}
	for _, name := range files {
		path := filepath.Join(f.Path, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			return fmt.Errorf("create directory: %w", err)
		}
		if err := os.Rename(filepath.Join(f.staging, filepath.FromSlash(name)), path); err != nil {
			return fmt.Errorf("move file: %w", err)
		}
		f.moved = append(f.moved, name)
	}
	f.moved = append(f.moved, Success)
	if err := os.RemoveAll(f.staging); err != nil {
		return fmt.Errorf("remove directory: %w", err)
	}
	if err := os.WriteFile(filepath.Join(f.Path, Success), nil, 0o600); err != nil {
		return fmt.Errorf("write file: %w", err)
	}
	return nil
}

// remove deletes files, if they exist, and the directories that are empty then.
func (f *Folder) remove(names []string) error {
	var errs []error
	for _, name := range names {
		path := filepath.Join(f.Path, filepath.FromSlash(name))
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, fmt.Errorf("remove file: %w", err))
		}
		for dir := filepath.Dir(path); strings.HasPrefix(dir, filepath.Clean(f.Path)+string(filepath.Separator)); dir = filepath.Dir(dir) {
			if os.Remove(dir) != nil {
				break // not empty
			}
		}
	}
	return errors.Join(errs...)
}

// Abort removes all files of this dataset, and the directories that Prepare created.
func (f *Folder) Abort() error {
	slices.Reverse(f.moved) // the mark first
	err := f.remove(f.moved)
	if f.staging != "" {
		err = errors.Join(err, os.RemoveAll(f.staging))
	}
	if f.made == "" {
		return err
	}
	for dir := filepath.Clean(f.Path); os.Remove(dir) == nil && dir != f.made; {
		dir = filepath.Dir(dir)
	}
	return err
}
