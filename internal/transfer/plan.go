package transfer

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/bmatcuk/doublestar/v4"
)

// File is a file and the object that it becomes.
type File struct {
	Path     string
	Key      string
	Size     int64
	modified time.Time
}

// Selection is which files are uploaded, and where to.
type Selection struct {
	Sources []string // files and directories
	Prefix  string   // of the keys; ending with / or empty: names of files follow; otherwise the key of the only file
	Exclude []string // patterns of paths below a directory, or of names if they have no /
	Last    []string // patterns as of Exclude: uploaded after all other files
}

// maxKey is the longest key of S3, in bytes.
const maxKey = 1024

// Plan lists the files of a selection: those of Last are the second list. The error joins one
// for each file that cannot be uploaded.
func (s Selection) Plan() (first, last []File, err error) {
	p := plan{Selection: s, owner: map[string]string{}}
	p.patterns()
	for _, source := range s.Sources {
		p.source(source)
	}
	if len(p.errs) == 0 && len(p.files) == 0 {
		p.errs = append(p.errs, fmt.Errorf("%s: no files", strings.Join(s.Sources, ", ")))
	}
	slices.SortFunc(p.files, func(a, b File) int { return cmp.Compare(a.Key, b.Key) })
	for _, f := range p.files {
		if matches(s.Last, strings.TrimPrefix(f.Key, s.Prefix)) {
			last = append(last, f)
			continue
		}
		first = append(first, f)
	}
	return first, last, errors.Join(p.errs...)
}

type plan struct {
	Selection

	files []File
	owner map[string]string // of a key: the file that becomes it
	errs  []error
}

func (p *plan) fault(format string, args ...any) {
	p.errs = append(p.errs, fmt.Errorf(format, args...))
}

func (p *plan) patterns() {
	for _, pattern := range slices.Concat(p.Exclude, p.Last) {
		if !doublestar.ValidatePattern(pattern) {
			p.fault("invalid pattern %q (examples: *.tmp, archive/**)", pattern)
		}
	}
}

// matches reports whether a path below a directory is one that a pattern names.
func matches(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		if strings.Contains(pattern, "/") {
			return doublestar.MatchUnvalidated(pattern, name)
		}
		return doublestar.MatchUnvalidated(pattern, path.Base(name))
	})
}

func (p *plan) source(source string) {
	info, err := os.Stat(source)
	switch {
	case err != nil:
		p.fault("%w", err)
	case info.IsDir() && !p.folder():
		p.fault("%s is a directory; end the target with / to upload its files below it", source)
	case info.IsDir():
		p.walk(source)
	case len(p.Sources) > 1 && !p.folder():
		p.fault("%s: the target is the key of one file; end it with / to upload several files below it", source)
	case p.folder():
		p.add(source, p.Prefix+filepath.Base(source))
	default:
		p.add(source, p.Prefix)
	}
}

// folder reports whether names of files follow the prefix.
func (p *plan) folder() bool { return p.Prefix == "" || strings.HasSuffix(p.Prefix, "/") }

// walk adds the files of a directory, or of the one that a symbolic link names.
func (p *plan) walk(dir string) {
	err := filepath.WalkDir(dir+string(filepath.Separator), func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			p.fault("%w", err)
			return fs.SkipDir
		}
		below, err := filepath.Rel(dir, name)
		if err != nil || below == "." {
			return err
		}
		below = filepath.ToSlash(below)
		switch {
		case matches(p.Exclude, below):
			if entry.IsDir() {
				return fs.SkipDir
			}
		case !entry.IsDir():
			p.add(name, p.Prefix+below)
		}
		return nil
	})
	if err != nil {
		p.fault("%w", err)
	}
}

// add adds a file. Symbolic links to files are followed.
func (p *plan) add(name, key string) {
	info, err := os.Stat(name)
	if err != nil {
		p.fault("%w", err)
		return
	}
	switch {
	case info.IsDir():
		p.fault("%s is a symbolic link to a directory; name the directory itself as a source, or use --exclude", name)
	case !info.Mode().IsRegular():
		p.fault("%s is not a regular file; use --exclude to leave it out", name)
	case !utf8.ValidString(key):
		p.fault("%q: the name is not valid UTF-8, as keys of S3 are; rename the file", name)
	case len(key) > maxKey:
		p.fault("%s: the key has %d bytes; S3 allows %d", name, len(key), maxKey)
	case p.owner[key] != "":
		p.fault("%s and %s would be the same object, %s", p.owner[key], name, key)
	default:
		p.owner[key] = name
		p.files = append(p.files, File{Path: name, Key: key, Size: info.Size(), modified: info.ModTime()})
		if err := readable(name); err != nil {
			p.fault("%w", err)
		}
	}
}

func readable(name string) error {
	f, err := os.Open(name) //nolint:gosec // the file that the user names
	if err != nil {
		return err //nolint:wrapcheck // says the operation and the path
	}
	return f.Close() //nolint:wrapcheck // says the operation and the path
}
