package runner

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"ephemr/internal/job"
	"ephemr/internal/script"
)

// scriptCommand runs the entry of a Bash job as Linux would: with the
// interpreter that its first line names. The entry is an absolute path, so that
// $0 runs it again from any directory, and executable for the same reason.
func scriptCommand(s job.Spec, w workspace) ([]string, error) {
	file := filepath.Join(w.files, s.Entry)
	info, err := os.Stat(file)
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(file, info.Mode().Perm()|0o500); err != nil {
		return nil, err
	}
	head, err := headOf(file)
	if err != nil {
		return nil, err
	}
	argv := script.Interpreter(head)
	switch {
	case script.IsProgram(head):
	case argv == nil:
		argv = []string{"bash"}
	default:
		if argv[0], err = installed(s, w, argv[0]); err != nil {
			return nil, err
		}
	}
	s.Entry = file
	return append(argv, job.Kinds[job.Bash].Command(s)...), nil
}

// installed returns the path of the interpreter that the entry names.
func installed(s job.Spec, w workspace, interpreter string) (string, error) {
	file := interpreter
	if !filepath.IsAbs(file) {
		file = filepath.Join(w.files, file) // relative to the working directory
	}
	if _, err := exec.LookPath(file); err != nil {
		return "", &failure{job.ClassInvalid, exitNotFound, fmt.Errorf(
			"the first line of %s names the interpreter %s, which is not installed on this cluster", s.Entry, interpreter)}
	}
	return file, nil
}

func headOf(file string) ([]byte, error) {
	f, err := os.Open(file) //nolint:gosec // of the package
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // only read
	head := make([]byte, script.MaxHead)
	n, err := io.ReadFull(f, head)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil
	}
	return head[:n], err
}

// commandName is the command of a job in messages: its program and its entry.
func commandName(s job.Spec, argv []string) string {
	if s.Type == job.DBT {
		return "dbt build"
	}
	program := path.Base(argv[0])
	if s.Type == job.Bash {
		program = interpreterOf(argv)
	}
	if path.Base(s.Entry) == program {
		return s.Entry
	}
	return program + " " + s.Entry
}

// interpreterOf is the name of the program that runs an entry: of env, the one that it looks up.
func interpreterOf(argv []string) string {
	if program := path.Base(argv[0]); program != "env" || len(argv) == 1 {
		return program
	}
	for _, word := range strings.Fields(argv[1]) {
		if !strings.HasPrefix(word, "-") && !strings.Contains(word, "=") {
			return path.Base(word)
		}
	}
	return "env"
}

// plainName matches names that no program takes for an option, a list, a pattern
// or a URI.
var plainName = regexp.MustCompile(`^[A-Za-z0-9_./][A-Za-z0-9_./+=@-]*$`)

// entryLink is how links to entries begin.
const entryLink = "ephemr_entry"

// entryName returns the name by which spark-submit, hive and hadoop find the
// entry: its own, or else that of a link whose name they cannot misread. The
// link's directory has the same files as the entry's.
func entryName(s job.Spec, w workspace) (string, error) {
	extension, err := extensionOf(s, w)
	if err != nil {
		return "", err
	}
	if plainName.MatchString(s.Entry) && path.Ext(s.Entry) == extension {
		return s.Entry, nil
	}
	if !plainName.MatchString(extension) {
		extension = ""
	}
	dir := filepath.Join(w.files, filepath.Dir(s.Entry))
	name := entryLink + extension
	for n := 2; exists(filepath.Join(dir, name)); n++ {
		name = fmt.Sprintf("%s_%d%s", entryLink, n, extension)
	}
	beside := filepath.Join(w.dir, "entry")
	if err := hardLink(filepath.Join(w.files, s.Entry), filepath.Join(dir, name)); err != nil {
		return "", err
	}
	if err := os.Symlink(dir, beside); err != nil {
		return "", fmt.Errorf("link the directory of %s: %w", s.Entry, err)
	}
	return filepath.Join(beside, name), nil
}

// extensionOf is the suffix that an entry needs: spark-submit knows programs by it.
func extensionOf(s job.Spec, w workspace) (string, error) {
	extension := path.Ext(s.Entry)
	if s.Type != job.Spark || extension == ".py" || extension == ".jar" || strings.EqualFold(extension, ".r") {
		return extension, nil
	}
	head, err := headOf(filepath.Join(w.files, s.Entry))
	if strings.HasPrefix(string(head), "PK\x03\x04") {
		return ".jar", err
	}
	return ".py", err
}

// hardLink gives a file another name. Spark would replace a symbolic link by the
// name that it leads to.
func hardLink(file, name string) error {
	target, err := filepath.EvalSymlinks(file)
	if err == nil {
		err = os.Link(target, name)
	}
	if err != nil {
		return fmt.Errorf("link %s: %w", file, err)
	}
	return nil
}

func exists(name string) bool {
	_, err := os.Lstat(name)
	return err == nil
}
