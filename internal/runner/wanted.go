package runner

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"ephemr/internal/job"
	"ephemr/internal/script"
)

// interpreter is the Python that the job will run with.
func (r *Runner) interpreter(s job.Spec, w workspace) string {
	env := r.environment(s)
	var name string
	if s.Type == job.Spark || s.Type == job.DBT {
		name = cmp.Or(s.Conf["spark.pyspark.driver.python"], s.Conf["spark.pyspark.python"],
			variable(env, "PYSPARK_DRIVER_PYTHON"), variable(env, "PYSPARK_PYTHON"))
	} else {
		name = ofFirstLine(s, w)
	}
	switch name = cmp.Or(name, "python3"); {
	case filepath.IsAbs(name):
	case strings.ContainsRune(name, '/'):
		return filepath.Join(w.files, name)
	default: // as the job will look for it, in its own PATH
		for _, dir := range filepath.SplitList(variable(env, "PATH")) {
			if !filepath.IsAbs(dir) {
				dir = filepath.Join(w.files, dir)
			}
			if found, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
				return found
			}
		}
	}
	return name
}

// ofFirstLine is the Python that a script's first line names, or "".
func ofFirstLine(s job.Spec, w workspace) string {
	head, err := headOf(filepath.Join(w.files, s.Entry))
	if err != nil {
		return ""
	}
	for word := range strings.FieldsSeq(strings.Join(script.Interpreter(head), " ")) {
		if strings.HasPrefix(path.Base(word), "python") {
			return word
		}
	}
	return ""
}

func variable(env []string, name string) (value string) {
	for _, e := range env {
		if v, ok := strings.CutPrefix(e, name+"="); ok {
			value = v
		}
	}
	return value
}

// abi identifies what an interpreter can load and how markers of requirements
// evaluate: implementation and version, machine, C library.
func (r *Runner) abi(ctx context.Context, s job.Spec, interpreter string) (string, error) {
	const ask = `import platform, sys, sysconfig; print(sys.implementation.cache_tag, sys.version, sysconfig.get_platform(), *platform.libc_ver())`
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, interpreter, "-c", ask)
	cmd.Dir, cmd.Env = os.TempDir(), r.environment(s)
	out, err := cmd.Output()
	if errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist) {
		return "", &failure{job.ClassInvalid, exitNotFound, fmt.Errorf("%s requires libraries, but %s is not installed on this cluster", requirementsFile, interpreter)}
	}
	if err != nil {
		return "", invalid("%s requires libraries, but the version of %s is unknown: %w", requirementsFile, interpreter, err)
	}
	return strings.TrimSpace(string(out)), nil
}

// installation is how pip is called, and a digest of all that it can read but an
// index: a new release there does not change the digest.
type installation struct {
	interpreter string
	dir         string   // that pip runs in
	file        string   // of requirements, as pip gets it
	env         []string // of pip
	digest      string   // hex
}

func (r *Runner) installation(ctx context.Context, s job.Spec, w workspace, beside string, env []string) (installation, error) {
	interpreter := r.interpreter(s, w)
	abi, err := r.abi(ctx, s, interpreter)
	if err != nil {
		return installation{}, err
	}
	return wanted(abi, interpreter, s, w, beside, env)
}

// wanted describes the installation of the requirements in beside. Files of plain
// requirements are all that pip reads: it runs in an empty directory, without the
// job's variables that are not for pip. Any other file may name everything in the
// package and in the environment: all of it counts.
func wanted(abi, interpreter string, s job.Spec, w workspace, beside string, env []string) (installation, error) {
	sum := sha256.New()
	_, _ = fmt.Fprintf(sum, "ephemr 2\n%q\n", abi)
	settings, plain := pipSettings(env, beside, interpreter)
	files := plainFiles{root: w.files}
	if plain && !buildsOtherwise(s.Env) && !isBelow(w.files, interpreter) && files.read(filepath.Join(beside, requirementsFile)) {
		dir := filepath.Join(w.dir, "pip")
		if err := os.Mkdir(dir, 0o700); err != nil {
			return installation{}, err
		}
		in := installation{interpreter: interpreter, dir: dir, file: filepath.Join(beside, requirementsFile), env: forPip(env, s.Env)}
		return in.digested(sum, w.files, files.found, append(settings, connectionsOf(s.Env)...))
	}
	var all []string
	err := filepath.WalkDir(w.files, func(name string, _ fs.DirEntry, err error) error {
		if err == nil && isFile(name) {
			all = append(all, name)
		}
		return err
	})
	if err != nil {
		return installation{}, err
	}
	own := make([]string, 0, len(s.Env))
	for name, value := range s.Env {
		own = append(own, name+"="+value)
	}
	in := installation{interpreter: interpreter, dir: beside, file: requirementsFile, env: env}
	return in.digested(sum, w.files, all, append(own, settings...))
}

func isBelow(dir, name string) bool {
	rel, err := filepath.Rel(dir, name)
	return err == nil && filepath.IsLocal(rel)
}

// digested adds files and settings to sum.
func (in installation) digested(sum interface {
	io.Writer
	Sum(b []byte) []byte
}, root string, files, settings []string,
) (installation, error) {
	slices.Sort(files)
	slices.Sort(settings)
	for _, file := range slices.Compact(files) {
		rel, err := filepath.Rel(root, file)
		if err != nil {
			return in, err
		}
		f, err := os.Open(file) //nolint:gosec // of the package
		if err != nil {
			return in, fmt.Errorf("read %s: %w", rel, err)
		}
		content := sha256.New()
		_, err = io.Copy(content, f)
		if err = errors.Join(err, f.Close()); err != nil {
			return in, fmt.Errorf("read %s: %w", rel, err)
		}
		_, _ = fmt.Fprintf(sum, "%q %x\n", rel, content.Sum(nil))
	}
	for _, setting := range slices.Compact(settings) {
		_, _ = fmt.Fprintf(sum, "%q\n", setting)
	}
	in.digest = hex.EncodeToString(sum.Sum(nil))
	return in, nil
}
