package pack

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
)

// include adds a file or a directory of the project, under its path in the
// project.
func (s *scanner) include(name string) error {
	clean := path.Clean(name)
	if !filepath.IsLocal(filepath.FromSlash(clean)) {
		return errors.New("not inside the project; use a path without .. relative to the project root")
	}
	project := cmp.Or(s.opts.Project, ".")
	if _, err := os.Lstat(filepath.Join(project, filepath.FromSlash(clean))); err != nil {
		return fmt.Errorf("%w in the project root %s", plain(err), project)
	}
	before, known := len(s.pkg.files), s.has(clean)
	if err := s.read(project, clean, "project"); err != nil {
		return err
	}
	if len(s.pkg.files) == before && !known {
		return errors.New("no files there, or all are ignored; correct the path or " + IgnoreFile)
	}
	return nil
}

func (s *scanner) has(name string) bool {
	_, ok := s.names[name]
	return ok || name == "."
}

// claim reserves f's name in the package, and those of the directories above it.
// A file that is included twice, by itself and by a directory, is one file.
func (s *scanner) claim(f file) (known bool, err error) {
	if other, taken := s.names[f.name]; taken {
		if other.name == "" {
			return false, fmt.Errorf("%s is a file here but already a directory in the package; rename one", f.name)
		}
		if same(f, other) {
			return true, nil
		}
		return false, fmt.Errorf("%s is already in the package, from %s; rename one", f.name, other.base)
	}
	s.names[f.name] = f
	return false, s.claimAbove(f.name)
}

func (s *scanner) claimAbove(name string) error {
	for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
		if other := s.names[dir]; other.name != "" {
			return fmt.Errorf("%s is a directory here but already a file in the package; rename one", dir)
		}
		s.names[dir] = file{}
	}
	return nil
}

// same reports whether two names of the package refer to one file.
func same(f, other file) bool {
	a, err := os.Stat(filepath.Join(f.base, filepath.FromSlash(f.path)))
	if err != nil {
		return false
	}
	b, err := os.Stat(filepath.Join(other.base, filepath.FromSlash(other.path)))
	return err == nil && os.SameFile(a, b)
}
