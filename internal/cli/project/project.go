// Package project is ephemr init: it makes the repository of a platform of its own, with stage files, pipelines, tests
// and workflows. The files of folder template are those of the repository, as text templates with [[ and ]].
package project

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"text/template"

	"ephemr/internal/cli/exit"
)

//go:embed template
var files embed.FS

// dot begins names that begin with a dot in the repository: embed leaves those out.
const dot = "dot."

// Values are what templates can use.
type Values struct {
	Name    string // of the platform
	Version string // of ephemr
}

var name = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._ -]{0,63}$`)

// Create writes the repository into dir, which must be empty or not exist, and returns the files, sorted.
func Create(dir string, v Values) ([]string, error) {
	if !name.MatchString(v.Name) {
		return nil, exit.Usage("invalid name %q: use up to 64 letters, digits and . _ -, beginning with a letter or digit; choose one with --name", v.Name)
	}
	if err := empty(dir); err != nil {
		return nil, err
	}
	var written []string
	err := fs.WalkDir(files, "template", func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		to := target(file)
		written = append(written, to)
		return write(file, filepath.Join(dir, filepath.FromSlash(to)), v)
	})
	return written, err //nolint:wrapcheck // from write
}

// empty refuses a folder that contains anything, except an empty Git repository.
func empty(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return exit.Usage("create %s: %w", dir, err)
	}
	const shown = 5
	var found []string
	for _, e := range entries {
		if e.Name() != ".git" {
			found = append(found, e.Name())
		}
	}
	if n := len(found) - shown; n > 0 {
		found = append(found[:shown], fmt.Sprintf("%d more", n))
	}
	if len(found) > 0 {
		return exit.Usage("%s is not empty: it contains %s; use another folder", dir, strings.Join(found, ", "))
	}
	return nil
}

// target is where a file of the template goes.
func target(file string) string {
	parts := strings.Split(strings.TrimPrefix(file, "template/"), "/")
	for i, part := range parts {
		if rest, ok := strings.CutPrefix(part, dot); ok {
			parts[i] = "." + rest
		}
	}
	return path.Join(parts...)
}

func write(file, to string, v Values) error {
	text, err := files.ReadFile(file)
	if err != nil {
		return fmt.Errorf("read template: %w", err)
	}
	parsed, err := template.New(file).Delims("[[", "]]").Option("missingkey=error").Parse(string(text))
	if err != nil {
		return fmt.Errorf("read template: %w", err)
	}
	var out bytes.Buffer
	if err := parsed.Execute(&out, v); err != nil {
		return fmt.Errorf("write %s: %w", to, err)
	}
	mode := fs.FileMode(0o644)
	if bytes.HasPrefix(out.Bytes(), []byte("#!")) {
		mode = 0o755
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil { //nolint:gosec // a repository
		return fmt.Errorf("create folder: %w", err)
	}
	if err := os.WriteFile(to, out.Bytes(), mode); err != nil {
		return fmt.Errorf("create file: %w", err)
	}
	return nil
}
