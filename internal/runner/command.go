package runner

import (
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"ephemr/internal/job"
)

// command is the command of s.
func command(s job.Spec, w workspace, libs python) ([]string, error) {
	switch s.Type { //nolint:exhaustive // the others are run by a program of the cluster that gets their entry
	case job.Bash:
		return scriptCommand(s, w)
	case job.DBT:
		return dbtCommand(s, w, libs)
	}
	entry, err := entryName(s, w)
	if err != nil {
		return nil, err
	}
	if s.Type == job.Jar {
		if entry, s.Class, err = mainClass(s, w, entry); err != nil {
			return nil, err
		}
	}
	own := s.Entry
	s.Entry = entry
	if s.Type == job.Spark {
		return sparkCommand(s, w, own, libs)
	}
	return job.Kinds[s.Type].Command(s), nil
}

// sparkCommand adds what lies in the package: the modules and packages of a
// Python program as an archive, the archives beside it, and the jars in libs; and
// the Python libraries that the job requires. The entry is own in the package.
func sparkCommand(s job.Spec, w workspace, own string, libs python) ([]string, error) {
	s.Conf = maps.Clone(s.Conf)
	if s.Conf == nil {
		s.Conf = map[string]string{}
	}
	encodeExecutors(s.Conf)
	libs.configure(s.Conf)
	isPython := path.Ext(s.Entry) == ".py"
	if isPython {
		shipped, err := modules(w, own)
		if err != nil {
			return nil, err
		}
		shipped.configure(s.Conf)
		libs.archives = append(slices.Clone(libs.archives), shipped.archives...)
	}
	l := lists{conf: s.Conf, w: w}
	if isPython {
		l.add("--py-files", beside(w.files, own, "*.zip", "*.egg"), "spark.submit.pyFiles")
	}
	l.add("--jars", beside(w.files, own, "libs/*.jar"), "spark.jars")
	if len(libs.archives) > 0 {
		l.add("--archives", libs.archives, "spark.archives", "spark.yarn.dist.archives")
	}
	return slices.Insert(job.Kinds[job.Spark].Command(s), 1, l.flags...), l.err
}

// lists builds the flags of spark-submit that hold lists of files.
type lists struct {
	conf  map[string]string
	w     workspace
	flags []string
	err   error
}

// add adds a flag with the files that the job's own settings list, which the flag
// would hide, and with ours. Spark fails on two files of the same name.
func (l *lists) add(flag string, files []string, confs ...string) {
	var all, names []string
	for _, conf := range confs {
		for file := range strings.SplitSeq(l.conf[conf], ",") {
			if file = strings.TrimSpace(file); file != "" && !slices.Contains(all, file) {
				all, names = append(all, file), append(names, path.Base(file))
			}
		}
	}
	if len(files) == 0 {
		return
	}
	for _, conf := range confs {
		delete(l.conf, conf)
	}
	for _, file := range files {
		given := slices.ContainsFunc(all, func(a string) bool { return l.inPackage(a) == l.inPackage(file) })
		if given {
			continue
		}
		name, err := l.plain(file, names)
		if err != nil {
			l.err = err
			return
		}
		all, names = append(all, name), append(names, path.Base(name))
	}
	l.flags = append(l.flags, flag, strings.Join(all, ","))
}

func (l *lists) inPackage(file string) string {
	file = strings.TrimPrefix(strings.TrimPrefix(file, "file:"), "//")
	if filepath.IsAbs(file) {
		return filepath.Clean(file)
	}
	return filepath.Join(l.w.files, file)
}

// plain returns file, or a link to it whose name Spark cannot take for a list, a
// pattern or another file of the same name. What follows # is the name that an
// archive of ours is unpacked as.
func (l *lists) plain(file string, taken []string) (string, error) {
	name, unpacked, archive := strings.Cut(file, "#ephemr_")
	if plainName.MatchString(name) && (archive || !slices.Contains(taken, path.Base(name))) {
		return file, nil
	}
	dir, err := os.MkdirTemp(l.w.dir, "link-")
	if err != nil {
		return "", err
	}
	link := filepath.Join(dir, filepath.Base(dir)+path.Ext(name))
	if archive {
		link = filepath.Join(dir, filepath.Base(dir)+".tar.gz")
	}
	if err := hardLink(l.inPackage(name), link); err != nil {
		return "", err
	}
	if archive {
		link += "#ephemr_" + unpacked
	}
	return link, nil
}

// beside lists files by their path in dir. Libs are looked for at its top.
func beside(dir, entry string, patterns ...string) (found []string) {
	for _, pattern := range patterns {
		in := filepath.Dir(entry)
		if folder, file := path.Split(pattern); folder != "" {
			in, pattern = folder, file
		}
		entries, _ := os.ReadDir(filepath.Join(dir, in)) // none
		for _, e := range entries {
			rel := filepath.Join(in, e.Name())
			if match, _ := path.Match(pattern, e.Name()); match && rel != filepath.Clean(entry) {
				found = append(found, rel)
			}
		}
	}
	return found
}
