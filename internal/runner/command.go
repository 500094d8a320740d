package runner

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"ephemr/internal/job"
)

// argv is the command of s. For Spark it also names what lies in dir: Python
// files and archives beside a Python entry, and the jars in libs.
func argv(s job.Spec, dir string) []string {
	command := job.Kinds[s.Type].Command
	if s.Type != job.Spark {
		return command(s)
	}
	var flags []string
	s.Conf = maps.Clone(s.Conf)
	name := func(flag, conf string, files []string) {
		if own := s.Conf[conf]; own != "" { // a flag would hide it
			files = append([]string{own}, files...)
			delete(s.Conf, conf)
		}
		if len(files) > 0 {
			flags = append(flags, flag, strings.Join(files, ","))
		}
	}
	if filepath.Ext(s.Entry) == ".py" {
		name("--py-files", "spark.submit.pyFiles", beside(dir, s.Entry, "*.py", "*.zip", "*.egg"))
	}
	name("--jars", "spark.jars", beside(dir, s.Entry, "libs/*.jar"))
	return slices.Insert(command(s), 1, flags...)
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
