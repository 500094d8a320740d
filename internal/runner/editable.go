package runner

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

// replaceEditable installs the projects that pip has installed in editable mode
// again, as copies: a reference to the package's directory works neither from a
// stored archive nor on executors, and not at all outside site-packages.
func (p pip) replaceEditable(ctx context.Context) error {
	projects, err := editable(p.into)
	if err != nil || len(projects) == 0 {
		return err
	}
	// Into a directory of their own: pip replaces directories that exist, such as bin.
	libraries := p.into
	p.into += "-copies"
	if err := os.Mkdir(p.into, 0o700); err != nil {
		return err
	}
	if err := p.install(ctx, append([]string{"--no-deps"}, projects...)...); err != nil {
		return err
	}
	return merge(p.into, libraries)
}

// merge moves all files below one directory to another.
func merge(from, to string) error {
	return filepath.WalkDir(from, func(file string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, file)
		if err != nil {
			return err
		}
		if e.IsDir() {
			return os.MkdirAll(filepath.Join(to, rel), 0o700)
		}
		return os.Rename(file, filepath.Join(to, rel)) //nolint:gosec // both are in our own work directory
	})
}

// editable removes what an editable installation has left in dir, and returns the
// directories of the projects.
func editable(dir string) (projects []string, err error) {
	records, err := filepath.Glob(filepath.Join(dir, "*.dist-info", "direct_url.json"))
	if err != nil {
		return nil, err
	}
	for _, record := range records {
		project, err := editableProject(record)
		if err != nil {
			return nil, err
		}
		if project != "" {
			projects = append(projects, project)
			if err := removeRecorded(dir, filepath.Dir(record)); err != nil {
				return nil, err
			}
		}
	}
	links, err := filepath.Glob(filepath.Join(dir, "*.egg-link")) // of setuptools without PEP 660
	if err != nil {
		return nil, err
	}
	for _, link := range links {
		text, err := os.ReadFile(link) //nolint:gosec // in our own work directory
		if err != nil {
			return nil, err
		}
		lines := strings.Split(string(text), "\n")
		project := lines[0] // of the sources; then that of setup.py, relative to it
		if len(lines) > 1 {
			project = filepath.Join(project, strings.TrimSpace(lines[1]))
		}
		projects = append(projects, project)
		if err := errors.Join(os.Remove(link), ignoreMissing(os.Remove(filepath.Join(dir, "easy-install.pth")))); err != nil {
			return nil, err
		}
	}
	return projects, nil
}

// editableProject reads where a library came from, as PEP 610 says. It returns ""
// unless that is a directory, installed in editable mode.
func editableProject(record string) (string, error) {
	text, err := os.ReadFile(record) //nolint:gosec // in our own work directory
	if err != nil {
		return "", err
	}
	var from struct {
		URL string `json:"url"`
		Dir struct {
			Editable bool `json:"editable"`
		} `json:"dir_info"`
	}
	if err := json.Unmarshal(text, &from); err != nil || !from.Dir.Editable {
		return "", nil //nolint:nilerr // not a directory
	}
	at, err := url.Parse(from.URL)
	if err != nil {
		return "", err
	}
	return at.Path, nil
}

// removeRecorded removes the files of a library, which its RECORD lists.
func removeRecorded(dir, info string) error {
	f, err := os.Open(filepath.Join(info, "RECORD")) //nolint:gosec // in our own work directory
	if err != nil {
		return ignoreMissing(err)
	}
	defer f.Close() //nolint:errcheck // only read
	rows := csv.NewReader(bufio.NewReader(f))
	rows.FieldsPerRecord = -1
	all, err := rows.ReadAll()
	if err != nil {
		return err
	}
	for _, row := range all {
		if filepath.IsLocal(row[0]) {
			if err := ignoreMissing(os.Remove(filepath.Join(dir, row[0]))); err != nil {
				return err
			}
		}
	}
	return os.RemoveAll(info)
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
