package runner

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"ephemr/internal/job"
)

// command is the command of s. For Spark it also names what lies in the package:
// Python files and archives beside a Python entry, modules below it, and the
// jars in libs; and the Python libraries that the job asks for.
func command(s job.Spec, w workspace, libs python) ([]string, error) {
	command := job.Kinds[s.Type].Command
	if s.Type != job.Spark {
		return command(s), nil
	}
	var flags []string
	s.Conf = maps.Clone(s.Conf)
	if s.Conf == nil {
		s.Conf = map[string]string{}
	}
	libs.configure(s.Conf)
	name := func(flag string, files []string, confs ...string) {
		for _, conf := range confs {
			if own := s.Conf[conf]; own != "" { // a flag would hide it
				files = append([]string{own}, files...)
				delete(s.Conf, conf)
			}
		}
		if len(files) > 0 {
			flags = append(flags, flag, strings.Join(files, ","))
		}
	}
	if filepath.Ext(s.Entry) == ".py" {
		files := beside(w.files, s.Entry, "*.py", "*.zip", "*.egg")
		zip, err := modules(w, s.Entry)
		if err != nil {
			return nil, err
		}
		if zip != "" {
			files = append(files, zip)
		}
		name("--py-files", files, "spark.submit.pyFiles")
	}
	name("--jars", beside(w.files, s.Entry, "libs/*.jar"), "spark.jars")
	if len(libs.archives) > 0 {
		name("--archives", libs.archives, "spark.archives", "spark.yarn.dist.archives")
	}
	return slices.Insert(command(s), 1, flags...), nil
}

// beside lists files by their path in dir. Libs are looked for at its top.
func beside(dir, entry string, patterns ...string) (found []string) {
	for _, pattern := range patterns {
		if !strings.Contains(pattern, "/") {
			pattern = filepath.Join(filepath.Dir(entry), pattern)
		}
		names, _ := filepath.Glob(filepath.Join(dir, pattern))
		for _, name := range names {
			if rel, err := filepath.Rel(dir, name); err == nil && rel != filepath.Clean(entry) {
				found = append(found, rel)
			}
		}
	}
	return found
}
