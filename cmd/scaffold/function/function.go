// Package function generates a Lambda function: its handler, main, wiring and
// definition, from its name.
package function

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"go/format"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"text/template"
)

// Options describe the function.
type Options struct {
	Name    string // Archive: ${ArchiveFunction} in the workflow, built from functions/archive
	Package string // of the handler, such as internal/archive; "" = internal/<name>
	Summary string // what it does, as in "deletes old archives"
}

// Folder is the function's folder below functions/.
func (o Options) Folder() string { return strings.ToLower(o.Name) }

var (
	validName    = regexp.MustCompile(`^[A-Z][a-zA-Z0-9]*$`)
	validPackage = regexp.MustCompile(`^internal(/[a-z][a-z0-9]*)+$`)
)

// The lists that functions are entered into.
const (
	definitions = "infra/config/functions.go"
	wirings     = "internal/control/list.go"
)

//go:embed templates/*.tmpl
var templates embed.FS

// Changes are files to write, by their path.
type Changes map[string][]byte

// Plan returns the changes that add the function to the repository.
func Plan(root fs.FS, o Options) (Changes, error) {
	if !validName.MatchString(o.Name) {
		return nil, fmt.Errorf("invalid name %q (example: Archive)", o.Name)
	}
	if o.Package == "" {
		o.Package = "internal/" + o.Folder()
	}
	if !validPackage.MatchString(o.Package) {
		return nil, fmt.Errorf("invalid package %q (example: internal/archive)", o.Package)
	}
	files, err := o.files(root)
	if err != nil {
		return nil, err
	}
	for list, element := range map[string]string{
		definitions: fmt.Sprintf("{Name: %q, Timeout: 30 * time.Second, MemoryMiB: memory}", o.Name),
		wirings:     fmt.Sprintf("{%q, wrap((*Wiring).%s)}", o.Name, o.Name),
	} {
		src, err := fs.ReadFile(root, list)
		if err != nil {
			return nil, fmt.Errorf("read list of functions: %w", err)
		}
		if files[list], err = enter(src, o.Name, element); err != nil {
			return nil, fmt.Errorf("enter %s into %s: %w", o.Name, list, err)
		}
	}
	return files, nil
}

// files returns the new files.
func (o Options) files(root fs.FS) (Changes, error) {
	parsed, err := template.ParseFS(templates, "templates/*.tmpl")
	if err != nil {
		return nil, fmt.Errorf("parse templates: %w", err)
	}
	data := o.data(root)
	changes := Changes{}
	for name, file := range map[string]string{
		"main.go.tmpl":         path.Join("functions", o.Folder(), "main.go"),
		"handler.go.tmpl":      path.Join(o.Package, o.Folder()+".go"),
		"handler_test.go.tmpl": path.Join(o.Package, o.Folder()+"_test.go"),
		"wiring.go.tmpl":       path.Join("internal/control", o.Folder()+".go"),
	} {
		if _, err := fs.Stat(root, file); !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("%s exists already", file)
		}
		var b bytes.Buffer
		if err := parsed.ExecuteTemplate(&b, name, data); err != nil {
			return nil, fmt.Errorf("write %s: %w", file, err)
		}
		if changes[file], err = format.Source(b.Bytes()); err != nil {
			return nil, fmt.Errorf("format %s: %w", file, err)
		}
	}
	return changes, nil
}

// data is what the templates use.
func (o Options) data(root fs.FS) map[string]any {
	summary := o.Summary
	if summary == "" {
		summary = "is not implemented yet"
	}
	found, _ := fs.Glob(root, o.Package+"/*.go")
	data := map[string]any{
		"Name": o.Name, "Folder": o.Folder(), "Import": "ephemr/" + o.Package, "Package": path.Base(o.Package),
		"Summary": strings.TrimSuffix(summary, "."), "New": len(found) == 0, "Prefix": "",
	}
	if len(found) > 0 { // a package with other handlers
		data["Prefix"] = o.Name
	}
	return data
}

// Paths returns the paths of all files, sorted.
func (c Changes) Paths() []string { return slices.Sorted(maps.Keys(c)) }

// Write writes all files below dir.
func (c Changes) Write(dir string) error {
	for _, file := range c.Paths() {
		name := filepath.Join(dir, filepath.FromSlash(file))
		if err := os.MkdirAll(filepath.Dir(name), 0o750); err != nil {
			return fmt.Errorf("create folder: %w", err)
		}
		if err := os.WriteFile(name, c[file], 0o644); err != nil { //nolint:gosec // source is readable, as git makes it
			return fmt.Errorf("write file: %w", err)
		}
	}
	return nil
}

// Next lists what remains to be written by hand.
func (o Options) Next() string {
	return fmt.Sprintf(`
next:
  1. the handler: its logic, and its dependencies in internal/control/%s.go
  2. the calls that it may make: infra/stacks/access.go; then go test ./infra/stacks -update, and review the diff
If the workflow or an event invokes it, see "Add a function" in CONTRIBUTING.md.
`, o.Folder())
}
