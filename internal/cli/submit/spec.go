package submit

import (
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"ephemr/internal/cli/exit"
	"ephemr/internal/cli/request"
	"ephemr/internal/job"
	"ephemr/internal/pipeline"
)

// adhoc is a pipeline of one job, the root that its source is relative to, and
// the params of its only run.
type adhoc struct {
	spec   pipeline.Spec
	root   string
	params map[string]string
}

// build returns the pipeline that o describes, without its package.
func build(o Options) (adhoc, error) {
	var a adhoc
	if err := required(o); err != nil {
		return a, err
	}
	source, err := a.place(o)
	if err != nil {
		return a, err
	}
	j := pipeline.Job{
		Name: name(jobName(o, source), ""), Type: job.Type(o.Type), Source: source, Include: o.Include, Entry: o.Entry, Class: o.Class,
		Args: o.Args, Retries: o.Retries, Timeout: pipeline.Duration(o.Timeout), Expect: o.Expect,
		Background: job.Background(o.Background),
	}
	if j.Resize, err = wanted(o.Resize); err != nil {
		return a, err
	}
	for flag, into := range map[string]struct {
		from []string
		to   *map[string]string
	}{"conf": {o.Conf, &j.Conf}, "var": {o.Vars, &j.Vars}, "env": {o.Env, &j.Env}, "param": {o.Params, &a.params}} {
		if *into.to, err = request.Pairs(flag, into.from); err != nil {
			return a, err
		}
	}
	user, _, _ := strings.Cut(o.User, "@")
	a.spec = pipeline.Spec{
		Name: name(user, "adhoc-"), Description: "submitted by " + o.User,
		Cluster: pipeline.Cluster{Profile: o.Profile, Pool: o.Pool, KeepAlive: pipeline.Duration(o.KeepAlive), ID: o.Cluster},
		Jobs:    []pipeline.Job{j},
	}
	for _, p := range slices.Sorted(maps.Keys(a.params)) {
		if a.spec.Params == nil {
			a.spec.Params = map[string]pipeline.Param{}
		}
		a.spec.Params[p] = pipeline.Param{}
	}
	return a, nil
}

// wanted parses --resize.
func wanted(text string) (*pipeline.Resize, error) {
	if text == "" {
		return nil, nil //nolint:nilnil // no resize
	}
	units, ok := strings.CutPrefix(text, "task=")
	n, err := strconv.Atoi(units)
	if !ok || err != nil {
		return nil, exit.Usage("invalid --resize %q: expected task=N", text)
	}
	return &pipeline.Resize{Task: n}, nil
}

func required(o Options) error {
	var types []string
	for _, t := range job.Types() {
		if t != job.Quality {
			types = append(types, string(t))
		}
	}
	switch {
	case o.Source == "":
		return exit.Usage("no source; set the directory or file of the job with -d")
	case o.Type == "":
		return exit.Usage("no job type; set it with -t: %s", strings.Join(types, ", "))
	case !slices.Contains(types, o.Type):
		return exit.Usage("invalid job type %q: use one of %s", o.Type, strings.Join(types, ", "))
	case o.User == "":
		return exit.Usage("no user; set it with -u")
	case o.Cluster != "" && (o.Pool != "" || o.KeepAlive != 0):
		return exit.Usage("--cluster cannot be combined with --pool or --keep-alive")
	}
	return nil
}

// place returns the path of the source and sets the root that it is relative to.
func (a *adhoc) place(o Options) (string, error) {
	a.root = o.Project
	if filepath.IsLocal(o.Source) {
		return filepath.ToSlash(filepath.Clean(o.Source)), nil
	}
	full := o.Source
	if !filepath.IsAbs(full) {
		full = filepath.Join(o.Project, full)
	}
	full, err := filepath.Abs(full)
	if err != nil {
		return "", fmt.Errorf("find %s: %w", o.Source, err)
	}
	a.root = filepath.Dir(full)
	return filepath.Base(full), nil
}

// jobName derives the name of the job from its source.
func jobName(o Options, source string) string {
	base := filepath.Base(source)
	if full, err := filepath.Abs(filepath.Join(o.Project, source)); base == "." && err == nil {
		base = filepath.Base(full)
	}
	base = strings.TrimSuffix(base, filepath.Ext(base))
	if base == pipeline.ChecksJob {
		base += "-job"
	}
	return base
}

var forbidden = regexp.MustCompile(`[^a-z0-9]+`)

// longest is the maximum length of the name of a pipeline or job.
const longest = 40

// name converts text to a valid name.
func name(text, prefix string) string {
	n := strings.Trim(forbidden.ReplaceAllString(strings.ToLower(text), "-"), "-")
	if prefix == "" && (n == "" || n[0] < 'a') {
		prefix = "job-"
	}
	n = prefix + n
	return strings.Trim(n[:min(len(n), longest)], "-")
}

// check validates the pipeline; errors name flags instead of paths.
func (a *adhoc) check(zones, vars []string) error {
	err := a.spec.Validate(pipeline.WithZones(zones...), pipeline.WithVars(vars...), pipeline.AdHoc())
	if err == nil {
		_, err = a.spec.ResolveParams(a.params, pipeline.Context{})
	}
	if err == nil {
		return nil
	}
	faults := pipeline.Errors(err)
	if len(faults) == 0 {
		return exit.Usage("%w", err)
	}
	var lines []string
	for _, f := range faults {
		f.Path = strings.TrimPrefix(f.Path, "jobs[0].")
		lines = append(lines, f.Error())
	}
	return exit.Usage("%s", strings.Join(lines, "\n"))
}
