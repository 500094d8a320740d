package runner

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"ephemr/internal/job"
	"ephemr/internal/runner/archive"
)

// Files beside the entry of a Python or Bash job, and how they are used.
const (
	requirementsFile = "requirements.txt"

	// What archives are unpacked as in the working directories of executors. The
	// working directory of the job has the second one too.
	pythonLink      = "ephemr_python"
	environmentLink = "ephemr_environment"
)

// environments are the names of a ready environment, as venv-pack and conda-pack
// make it.
var environments = []string{"venv.tar.gz", "environment.tar.gz"}

var environmentLimits = archive.Limits{Files: 500_000, Bytes: 20 << 30}

// python describes how a job accesses the Python libraries that it requires.
type python struct {
	archives []string // for spark-submit: file#link
	conf     map[string]string
	first    map[string]string // put before what variables of the environment hold
}

// libraries prepares the Python libraries beside the entry: a ready environment,
// or else those that requirements.txt lists.
func (r *Runner) libraries(ctx context.Context, s job.Spec, w workspace, h helper) (python, error) {
	if s.Type != job.Bash && s.Type != job.DBT && (s.Type != job.Spark || slices.Contains([]string{".jar", ".r", ".R"}, filepath.Ext(s.Entry))) {
		return python{}, nil
	}
	beside := filepath.Join(w.files, filepath.Dir(s.Entry))
	for _, name := range environments {
		if isFile(filepath.Join(beside, name)) {
			return r.environmentOf(s, w, filepath.Join(beside, name))
		}
	}
	if !isFile(filepath.Join(beside, requirementsFile)) {
		return python{}, nil
	}
	return r.requirements(ctx, s, w, beside, h)
}

// environmentOf unpacks a ready environment. Executors get the archive and find
// its interpreter at a path relative to their working directories; the driver
// here has a link of that name.
func (r *Runner) environmentOf(s job.Spec, w workspace, file string) (python, error) {
	in, err := os.Open(file) //nolint:gosec // in our own work directory
	if err != nil {
		return python{}, err
	}
	defer in.Close() //nolint:errcheck // only read
	dir := filepath.Join(w.dir, "environment")
	if err := os.Mkdir(dir, 0o700); err != nil {
		return python{}, err
	}
	if err := archive.Untar(in, dir, r.within(environmentLimits, dir, "the environment")); err != nil {
		return python{}, fmt.Errorf("%s: %w", filepath.Base(file), err)
	}
	if err := checkEnvironment(dir, filepath.Base(file)); err != nil {
		return python{}, err
	}
	if err := os.Symlink(dir, filepath.Join(w.files, environmentLink)); err != nil {
		return python{}, invalid("link %s: %w", environmentLink, err)
	}
	p := python{
		archives: []string{file + "#" + environmentLink},
		conf:     map[string]string{"spark.pyspark.python": "./" + environmentLink + "/bin/python"},
		first:    map[string]string{"PATH": filepath.Join(dir, "bin")},
	}
	if s.Conf["spark.submit.deployMode"] != "cluster" {
		p.conf["spark.pyspark.driver.python"] = filepath.Join(dir, "bin", "python")
	}
	return p, nil
}

// checkEnvironment returns an error if an environment has no interpreter where it
// is looked for: the job would run with the cluster's own, without its libraries.
func checkEnvironment(dir, name string) error {
	interpreter := filepath.Join(dir, "bin", "python")
	if target, err := os.Readlink(interpreter); err == nil && !isFile(interpreter) {
		return invalid("bin/python of %s is a link to %s, which this cluster does not have; make the environment for a Python of the cluster, or with conda-pack", name, target)
	}
	if isFile(interpreter) {
		return nil
	}
	below, _ := filepath.Glob(filepath.Join(dir, "*", "bin", "python")) // none
	if len(below) > 0 {
		top := filepath.Base(filepath.Dir(filepath.Dir(below[0])))
		return invalid("%s has no bin/python at its top, but %s/bin/python; make it with venv-pack, conda-pack, or tar -C %s -czf %s .", name, top, top, name)
	}
	return invalid("%s has no bin/python at its top; make it with venv-pack or conda-pack", name)
}

// ofTarget describes libraries in dir, which are packed as file.
func ofTarget(dir, file string) python {
	return python{
		archives: []string{file + "#" + pythonLink},
		conf: map[string]string{
			"spark.executorEnv.PYTHONPATH":       "./" + pythonLink,
			"spark.yarn.appMasterEnv.PYTHONPATH": "./" + pythonLink, // where the driver runs there
		},
		first: map[string]string{"PYTHONPATH": dir, "PATH": filepath.Join(dir, "bin")},
	}
}

// configure adds p to the configuration of a Spark job. What the job sets itself
// wins, but paths are joined.
func (p python) configure(conf map[string]string) {
	for k, v := range p.conf {
		own := conf[k]
		switch {
		case own == "":
			conf[k] = v
		case strings.HasSuffix(k, "PYTHONPATH"):
			conf[k] = v + ":" + own
		}
	}
}

// environ is env with p's directories first.
func (p python) environ(env []string) []string {
	env = slices.Clone(env)
	for name, dir := range p.first {
		value := dir
		for _, e := range env { // the last one counts
			if own, ok := strings.CutPrefix(e, name+"="); ok && own != "" {
				value = dir + ":" + own
			}
		}
		env = append(env, name+"="+value)
	}
	return env
}

func isFile(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.Mode().IsRegular()
}

// missing reports whether an object does not exist. Without the permission to
// list the bucket, S3 returns 403 instead of 404.
func missing(err error) bool {
	f, classed := errors.AsType[*failure](err)
	return classed && (f.class == job.ClassInvalid || f.class == job.ClassPermission)
}
