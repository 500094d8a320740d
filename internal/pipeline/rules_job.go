package pipeline

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"ephemr/internal/job"
)

// ChecksJob is the name of the job that AllJobs adds for the checks.
const ChecksJob = "checks"

var (
	envPattern  = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	hashPattern = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

func (r *rules) jobs() {
	all := root("jobs")
	if len(r.spec.Jobs) == 0 {
		r.fault(all, "the pipeline has no jobs; add at least one")
	}
	r.atMost(all, "jobs", len(r.spec.Jobs), maxJobs)
	for i, j := range r.spec.Jobs {
		p := all.index(i)
		if r.isTainted(p) {
			continue
		}
		r.jobName(p.key("name"), i)
		r.jobType(p.key("type"), j.Type)
		r.source(p, j)
		r.includes(p.key("include"), j.Include)
		r.settings(p, j)
		r.secrets(p.key("secrets"), j)
		r.expect(p.key("expect"), j.Expect)
		r.within(p.key("retries"), "retries", j.Retries, 0, maxRetries)
		if j.Timeout != 0 {
			r.duration(p.key("timeout"), j.Timeout, time.Second, maxTimeout)
		}
		r.retryDelay(p.key("retryDelay"), j)
		r.background(p.key("background"), j.Background)
		if j.Resize != nil {
			r.within(p.key("resize").key("task"), "the number of task units", j.Resize.Task, 1, maxUnits)
		}
	}
	r.rounds()
}

func (r *rules) jobName(p *place, i int) {
	name := r.spec.Jobs[i].Name
	switch {
	case name == "":
		r.fault(p, "the job has no name; add one")
	case !namePattern.MatchString(name):
		r.fault(p, "invalid name %q: %s", name, nameRule)
	case name == ChecksJob:
		r.fault(p, "%q is reserved for the job that runs the checks; choose another name", name)
	case slices.ContainsFunc(r.spec.Jobs[:i], func(o Job) bool { return o.Name == name }):
		r.fault(p, "a second job is named %q; rename one", name)
	}
}

// types returns what can be written as a job's type.
func types() []string {
	var names []string
	for _, t := range job.Types() {
		if t != job.Quality {
			names = append(names, string(t))
		}
	}
	return names
}

func (r *rules) jobType(p *place, t job.Type) {
	known := types()
	switch {
	case t == "":
		r.fault(p, "the job has no type; use one of %s", strings.Join(known, ", "))
	case t == job.Quality:
		r.fault(p, "jobs of type quality cannot be declared; list expectations under checks")
	case !slices.Contains(known, string(t)):
		r.fault(p, "unknown job type %q; %s", t, didYouMean(closest(string(t), known), known))
	}
}

func (r *rules) background(p *place, b job.Background) {
	if !b.Valid() {
		r.fault(p, "unknown value %q; use one of fail, wait, kill", b)
	}
}

func (r *rules) source(p *place, j Job) {
	switch {
	case j.Source == "" && j.Package == nil:
		r.fault(p.key("source"), "the job has no source; name its directory or file")
	case j.Source != "" && !isInside(j.Source):
		r.fault(p.key("source"), "%q is outside the project; use a path relative to its root, without ..", j.Source)
	}
	if j.Entry != "" && !isInside(j.Entry) {
		r.fault(p.key("entry"), "%q is outside the source; use a path relative to it, without ..", j.Entry)
	}
	k := j.Package
	if k == nil {
		return
	}
	if !hashPattern.MatchString(k.SHA256) || k.Key != "packages/"+k.SHA256+".zip" || k.Size <= 0 {
		r.fault(p.key("package"), "reserved for ephemr apply; remove it")
	}
}

// includes checks which shared files are packaged too.
func (r *rules) includes(p *place, names []string) {
	r.atMost(p, "includes", len(names), maxList)
	for i, name := range names {
		switch {
		case !isInside(name):
			r.fault(p.index(i), "%q is outside the project; use a path relative to its root, without ..", name)
		case slices.Contains(names[:i], name):
			r.fault(p.index(i), "duplicate %q; remove one", name)
		}
	}
}

// settings rejects what the job's type would silently ignore.
func (r *rules) settings(p *place, j Job) {
	r.table(p.key("vars"), "vars", j.Type, j.Vars)
	r.table(p.key("conf"), "conf", j.Type, j.Conf)
	r.table(p.key("env"), "env", j.Type, j.Env)
	if j.Class != "" && !takes(j.Type, "class") {
		r.fault(p.key("class"), "%s jobs have no class; remove it", j.Type)
	}
	r.atMost(p.key("args"), "args", len(j.Args), maxList)
	for _, name := range sorted(j.Env) {
		switch {
		case !envPattern.MatchString(name):
			r.fault(p.key("env").key(name), "invalid variable name %q: use letters, digits and _", name)
		case strings.HasPrefix(name, "EPHEMR_"):
			r.fault(p.key("env").key(name), "names beginning with EPHEMR_ are reserved; choose another")
		}
	}
}

// expect checks the addresses that the job has to write to.
func (r *rules) expect(p *place, datasets []string) {
	r.atMost(p, "addresses", len(datasets), maxList)
	for i, dataset := range datasets {
		checkDataset(p.index(i), expectedOutput, dataset, r.fault)
	}
}

func (r *rules) table(p *place, name string, t job.Type, entries map[string]string) {
	r.atMost(p, "entries", len(entries), maxList)
	if len(entries) > 0 && !takes(t, name) {
		r.fault(p, "%s jobs have no %s; remove it", t, name)
	}
	if _, empty := entries[""]; empty {
		r.fault(p.key(""), "empty key; add a name")
	}
}

// takes reports whether jobs of type t use a setting: one that does not show in
// the command line would be ignored. Every program has an environment.
func takes(t job.Type, setting string) bool {
	kind, ok := job.Kinds[t]
	if !ok || kind.Command == nil || setting == "env" {
		return true // an unknown type has been reported
	}
	probe := job.Spec{Entry: "entry"}
	without := len(kind.Command(probe))
	switch setting {
	case "vars":
		probe.Vars = map[string]string{"k": "v"}
	case "conf":
		probe.Conf = map[string]string{"k": "v"}
	case "class":
		probe.Class = "c"
	}
	return len(kind.Command(probe)) > without
}

// needs checks the names and that the jobs can be put in an order.
func (r *rules) needs() {
	var names []string
	for _, j := range r.spec.Jobs {
		names = append(names, j.Name)
	}
	for i, j := range r.spec.Jobs {
		p := root("jobs").index(i).key("needs")
		r.atMost(p, "needs", len(j.Needs), maxJobs)
		for k, need := range j.Needs {
			switch {
			case slices.Contains(j.Needs[:k], need):
				r.fault(p.index(k), "duplicate %q; remove one", need)
			case !slices.Contains(names, need):
				r.fault(p.index(k), "there is no job %q; %s", need, didYouMean(closest(need, names), names))
			}
		}
	}
	for _, cycle := range cycles(r.spec.Jobs) {
		i := slices.Index(names, cycle[0])
		r.fault(root("jobs").index(i).key("needs"), "dependency cycle: %s; remove one of these needs", strings.Join(cycle, " -> "))
	}
}

// cycles returns a cycle for every group of jobs that need each other, as the
// path of needs from a job back to itself.
func cycles(jobs []Job) [][]string {
	needs := map[string][]string{}
	for _, j := range jobs {
		needs[j.Name] = j.Needs
	}
	var found [][]string
	done := map[string]bool{}
	var stack []string
	var visit func(name string)
	visit = func(name string) {
		if i := slices.Index(stack, name); i >= 0 {
			found = append(found, append(slices.Clone(stack[i:]), name))
			return
		}
		if done[name] {
			return
		}
		stack = append(stack, name)
		for _, n := range needs[name] {
			visit(n)
		}
		stack = stack[:len(stack)-1]
		done[name] = true
	}
	for _, j := range jobs {
		visit(j.Name)
	}
	return found
}

// upstream returns the names of all jobs that name needs, directly or not.
func upstream(jobs []Job, name string) map[string]bool {
	needs := map[string][]string{}
	for _, j := range jobs {
		needs[j.Name] = append(needs[j.Name], j.Needs...)
	}
	seen := map[string]bool{}
	todo := slices.Clone(needs[name])
	for len(todo) > 0 {
		n := todo[0]
		todo = todo[1:]
		if !seen[n] {
			seen[n] = true
			todo = append(todo, needs[n]...)
		}
	}
	return seen
}
