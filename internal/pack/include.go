package pack

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
)

// include takes in a file or a directory of the project, under the path that it
// has there.
func (s *scanner) include(name string) error {
	clean := path.Clean(name)
	if !filepath.IsLocal(filepath.FromSlash(clean)) {
		return errors.New("it is not inside the project; name it by a path without .. from the project root")
	}
	project := cmp.Or(s.opts.Project, ".")
	if _, err := os.Lstat(filepath.Join(project, filepath.FromSlash(clean))); err != nil {
		return fmt.Errorf("%w, looked for below the project root %s", plain(err), project)
	}
	before := len(s.names)
	if err := s.read(project, clean, "project"); err != nil {
		return err
	}
	if len(s.names) == before && !s.has(clean) {
		return errors.New("no files there, or all are ignored; mend the path or " + IgnoreFile)
	}
	return nil
}

func (s *scanner) has(name string) bool {
	_, ok := s.names[name]
	return ok || name == "."
}

// claim takes f's name in the package, and those of the directories above it.
// A file that is named twice, as by a directory and by itself, is one file.
func (s *scanner) claim(f file) (known bool, err error) {
	if other, taken := s.names[f.name]; taken {
		if other.name == "" {
			return false, fmt.Errorf("%s is a file here and a directory of the package already; rename one", f.name)
		}
		if same(f, other) {
			return true, nil
		}
		return false, fmt.Errorf("%s is in the package already, from %s; rename one", f.name, other.base)
	}
	for dir := path.Dir(f.name); dir != "."; dir = path.Dir(dir) {
		if other := s.names[dir]; other.name != "" {
			return false, fmt.Errorf("%s is a directory here and a file of the package already; rename one", dir)
		}
		s.names[dir] = file{}
	}
	s.names[f.name] = f
	return false, nil
}

// same says whether two names of the package stand for one file.
func same(f, other file) bool {
	a, err := os.Stat(filepath.Join(f.base, filepath.FromSlash(f.path)))
	if err != nil {
		return false
	}
	b, err := os.Stat(filepath.Join(other.base, filepath.FromSlash(other.path)))
	return err == nil && os.SameFile(a, b)
}
