package pack

import (
	"fmt"
	"io"
	"path"
	"slices"

	"ephemr/internal/dbt"
)

// maxProject is the largest dbt_project.yml, in bytes.
const maxProject = 1 << 20

// checkProject returns an error if dbt could not run the project whose file is name.
func (p *Package) checkProject(name string) error {
	if path.Base(name) != dbt.ProjectFile {
		return fmt.Errorf("the entry of a dbt job is its %s, not %s", dbt.ProjectFile, name)
	}
	data, err := p.read(name, maxProject)
	if err == nil {
		_, err = dbt.ParseProject(data)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", path.Join(p.Source, name), err)
	}
	for _, libs := range []string{"requirements.txt", "venv.tar.gz", "environment.tar.gz"} {
		if slices.Contains(p.Files, path.Join(path.Dir(name), libs)) {
			return nil
		}
	}
	return fmt.Errorf("%s: clusters have no dbt; add a requirements.txt with dbt-core and dbt-spark beside %s", p.Source, dbt.ProjectFile)
}

// read returns a file of the package.
func (p *Package) read(name string, most int64) ([]byte, error) {
	i := slices.Index(p.Files, name)
	from := roots{}
	defer from.close()
	root, err := from.open(p.files[i].base)
	if err != nil {
		return nil, plain(err)
	}
	in, err := root.Open(p.files[i].path)
	if err != nil {
		return nil, plain(err)
	}
	defer func() { _ = in.Close() }()
	data, err := io.ReadAll(io.LimitReader(in, most+1))
	if err == nil && int64(len(data)) > most {
		return nil, fmt.Errorf("has more than %d bytes", most)
	}
	return data, err
}
