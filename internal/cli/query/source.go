package query

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"

	"ephemr/internal/cli/exit"
	"ephemr/internal/cli/request"
	"ephemr/internal/cli/terminal"
	"ephemr/internal/sqlfile"
)

// folder holds the saved queries of a project.
const folder = "queries"

// maxFile is the maximum size of a file in bytes.
const maxFile = 4 << 20

func (o Options) params() (map[string]string, error) { return request.Pairs("param", o.Params) }

// source reads the statements that o selects.
func (o Options) source(stdin io.Reader) (*sqlfile.File, error) {
	var name, text string
	var err error
	switch {
	case o.Saved != "":
		name, text, err = readSaved(os.DirFS(o.Project), o.Saved)
	case o.SQL == "-" || o.File == "-":
		name = "stdin"
		text, err = readAll(stdin, name)
	case o.File != "":
		name = o.File
		text, err = readFile(o.File)
	default:
		name, text = "query", o.SQL
	}
	if err != nil {
		return nil, err
	}
	file, err := sqlfile.Parse(name, text)
	if err != nil {
		return nil, exit.Usage("%w", err)
	}
	return file, nil
}

func readFile(name string) (string, error) {
	f, err := os.Open(name) //nolint:gosec // the user's file
	if err != nil {
		return "", exit.Usage("read query: %w", err)
	}
	defer func() { _ = f.Close() }()
	return readAll(f, name)
}

func readAll(r io.Reader, name string) (string, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err != nil {
		return "", fmt.Errorf("read query from %s: %w", name, err)
	}
	if len(data) > maxFile {
		return "", exit.Usage("%s is larger than %s", name, terminal.Bytes(maxFile))
	}
	return string(data), nil
}

// readSaved reads a saved query.
func readSaved(project fs.FS, name string) (file, text string, err error) {
	file = path.Join(folder, name+".sql")
	if strings.ContainsAny(name, `/\`) || !fs.ValidPath(file) {
		return "", "", exit.Usage("invalid name of a saved query %q; to run a file use -f", name)
	}
	f, err := project.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		names, _ := savedNames(project) // none
		if len(names) == 0 {
			return "", "", exit.Usage("no saved queries in %s/; set the project root with -p", folder)
		}
		return "", "", exit.Usage("saved query %q not found; available: %s", name, strings.Join(names, ", "))
	}
	if err != nil {
		return "", "", fmt.Errorf("read saved query %s: %w", name, err)
	}
	defer func() { _ = f.Close() }()
	text, err = readAll(f, file)
	return file, text, err
}

func savedNames(project fs.FS) ([]string, error) {
	files, err := fs.Glob(project, folder+"/*.sql")
	var names []string
	for _, f := range files {
		names = append(names, strings.TrimSuffix(path.Base(f), ".sql"))
	}
	return names, err
}

// Saved is a saved query; --list prints them.
type Saved struct {
	Name        string          `json:"name"`
	Description string          `json:"description,omitempty"`
	File        string          `json:"file"`
	Params      []sqlfile.Param `json:"params"`
}

// List prints the saved queries of a project. With JSON that is an array of
// Saved. The error joins one for each query that cannot be read.
func List(o Options, term *terminal.IO) error {
	project := os.DirFS(o.Project)
	names, err := savedNames(project)
	if err != nil {
		return fmt.Errorf("list saved queries: %w", err)
	}
	found, errs := []Saved{}, []error{}
	for _, name := range names {
		file, text, err := readSaved(project, name)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		f, err := sqlfile.Parse(file, text)
		errs = append(errs, err)
		found = append(found, Saved{Name: name, Description: f.Description, File: file, Params: append([]sqlfile.Param{}, f.Params...)})
	}
	if o.JSON {
		return errors.Join(append(errs, term.JSON(found))...)
	}
	if len(found) == 0 {
		term.Notef("no saved queries in %s\n", path.Join(o.Project, folder))
		return errors.Join(errs...)
	}
	var rows [][]string
	for _, s := range found {
		rows = append(rows, []string{term.OutStyle().Cyan(s.Name), asFlags(s.Params), terminal.OneLine(s.Description)})
	}
	term.Table([]string{"NAME", "PARAMS", "DESCRIPTION"}, rows)
	return errors.Join(errs...)
}

// asFlags formats params; those with a default are in brackets.
func asFlags(params []sqlfile.Param) string {
	var all []string
	for _, p := range params {
		if p.Default != nil {
			all = append(all, "["+p.Name+"="+terminal.OneLine(*p.Default)+"]")
			continue
		}
		all = append(all, p.Name+"=…")
	}
	return strings.Join(all, " ")
}
