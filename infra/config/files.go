package config

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

//go:embed *.yaml
var embedded embed.FS

// local is the stage of the local region. Its file is embedded, so that a folder needs none.
const local = "local"

// Files are stage files: <stage>.yaml in a folder. The zero value are the embedded ones.
type Files struct {
	folder string
	files  fs.FS
}

// Folder are the stage files in dir, and the embedded file of the local region unless dir has one.
func Folder(dir string) Files { return Files{folder: dir, files: os.DirFS(dir)} }

// Stages lists the embedded stages.
func Stages() []string { return Files{}.Stages() }

// Load reads and validates the embedded file of stage.
func Load(stage string) (Config, error) { return Files{}.Load(stage) }

// Stages lists the stages that have a file.
func (f Files) Stages() []string {
	if f.files == nil {
		return list(embedded)
	}
	names := list(f.files)
	if !slices.Contains(names, local) {
		names = append(names, local)
	}
	return slices.Sorted(slices.Values(names))
}

func list(files fs.FS) []string {
	names, _ := fs.Glob(files, "*.yaml") // the pattern is well-formed
	for i, name := range names {
		names[i] = strings.TrimSuffix(name, ".yaml")
	}
	return names
}

// Load reads and validates the file of stage.
func (f Files) Load(stage string) (Config, error) {
	file, data, err := f.read(stage)
	if errors.Is(err, fs.ErrNotExist) {
		where := ""
		if f.files != nil {
			where = fmt.Sprintf(" (%s is missing)", filepath.Join(f.folder, stage+".yaml"))
		}
		return Config{}, fmt.Errorf("unknown stage %q%s: use one of %s", stage, where, strings.Join(f.Stages(), ", "))
	}
	if err != nil {
		return Config{}, fmt.Errorf("read stage %q: %w", stage, err)
	}
	return Parse(stage, file, data)
}

// read returns the file of stage with its name for people.
func (f Files) read(stage string) (file string, data []byte, err error) {
	name := stage + ".yaml"
	if strings.ContainsAny(stage, `/\`) {
		return "", nil, fs.ErrNotExist
	}
	if f.files != nil {
		data, err = fs.ReadFile(f.files, name)
		if err == nil || stage != local || !errors.Is(err, fs.ErrNotExist) {
			return filepath.Join(f.folder, name), data, err
		}
	}
	data, err = embedded.ReadFile(name)
	return path.Join("infra/config", name), data, err
}
