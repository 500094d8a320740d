package pipeline

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"ephemr/internal/job"
)

// maxJobBytes bounds all values of a job together.
const maxJobBytes = 256 << 10

// field is a template of a pipeline: where it stands, its text, and how to put
// another text there.
type field struct {
	at  *place
	get string
	set func(string)

	name string // of the variable, for secrets
	hive bool   // what it inserts becomes text of Hive
}

// fieldsOfJob returns the templates of j below p, in a fixed order.
func fieldsOfJob(p *place, j *Job) []field {
	var all []field
	for i := range j.Expect {
		all = append(all, field{at: p.key("expect").index(i), get: j.Expect[i], set: func(s string) { j.Expect[i] = s }})
	}
	for i := range j.Args {
		all = append(all, field{at: p.key("args").index(i), get: j.Args[i], set: func(s string) { j.Args[i] = s }})
	}
	tables := []struct {
		name    string
		entries map[string]string
	}{{"vars", j.Vars}, {"conf", j.Conf}, {"env", j.Env}}
	for _, t := range tables {
		for _, k := range sorted(t.entries) {
			all = append(all, field{at: p.key(t.name).key(k), get: t.entries[k], set: func(s string) { t.entries[k] = s }})
		}
	}
	for i := range all {
		all[i].hive = j.Type == job.Hive && i >= len(j.Expect)
	}
	return append(all, secretFields(p.key("secrets"), j)...)
}

// templates checks every template without filling it in.
func (r *rules) templates() {
	jobs := r.spec.AllJobs()
	for i, j := range r.spec.Jobs {
		refs := &references{rules: r, job: j.Name, needs: upstream(jobs, j.Name)}
		r.compileAll(fieldsOfJob(root("jobs").index(i), &j), refs)
	}
	all := map[string]bool{} // the checks come after every job
	for _, j := range r.spec.Jobs {
		all[j.Name] = true
	}
	for i, c := range r.spec.Checks {
		at := root("checks").index(i)
		r.compileAll(fieldsOfCheck(at, &c), &references{rules: r, needs: all})
		r.compileAll(fieldsOfSQL(at, c), &references{rules: r, needs: all, shown: true}) // Athena keeps the text of queries
	}
	r.compileAll(fieldsOfOutputs(r.spec.Outputs), &references{rules: r, needs: all})
}

func (r *rules) compileAll(fields []field, refs *references) {
	for _, f := range fields {
		for _, msg := range refs.templateFaults(f.get) {
			r.fault(f.at, "%s", msg)
		}
	}
}

// RenderJob returns the job called name with its args, expect, vars, conf, env
// and secrets' addresses filled in. s is not changed. The error joins one for every value that cannot
// be filled in.
func (s Spec) RenderJob(name string, c Context) (Job, error) {
	i := slices.IndexFunc(s.Jobs, func(j Job) bool { return j.Name == name })
	if i < 0 {
		return Job{}, fmt.Errorf("pipeline %s: render jobs[%s]: no such job", s.Name, name)
	}
	j := s.Jobs[i]
	j.Args, j.Needs, j.Expect = slices.Clone(j.Args), slices.Clone(j.Needs), slices.Clone(j.Expect)
	j.Vars, j.Conf, j.Env, j.Secrets = maps.Clone(j.Vars), maps.Clone(j.Conf), maps.Clone(j.Env), maps.Clone(j.Secrets)
	at := &place{text: "jobs[" + name + "]"}
	if err := s.fill(at, fieldsOfJob(at, &j), c); err != nil {
		return Job{}, err
	}
	var errs []error
	fault := func(p *place, format string, args ...any) {
		errs = append(errs, c.hide(fmt.Errorf("pipeline %s: render %s: %s", s.Name, p, fmt.Sprintf(format, args...))))
	}
	for i, dataset := range j.Expect {
		checkDataset(at.key("expect").index(i), expectedOutput, dataset, fault)
	}
	for _, name := range sorted(j.Secrets) {
		address(at.key("secrets").key(name), j.Secrets[name], fault)
	}
	return j, errors.Join(errs...)
}

// RenderChecks returns the checks filled in, and looks at the outcome by the
// same rules as Validate. Those that need no data are left out, and those that Athena decides.
func (s Spec) RenderChecks(c Context) ([]job.Check, error) {
	checks := make([]job.Check, len(s.Checks))
	var errs []error
	for i := range checks {
		at := root("checks").index(i)
		checks[i] = cloneCheck(s.Checks[i])
		if err := s.fill(at, fieldsOfCheck(at, &checks[i]), c); err != nil {
			errs = append(errs, err)
			continue
		}
		check(at, checks[i], false, func(p *place, format string, args ...any) {
			errs = append(errs, c.hide(fmt.Errorf("pipeline %s: render %s: %s", s.Name, p, fmt.Sprintf(format, args...))))
		})
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return slices.DeleteFunc(checks, func(c job.Check) bool { return !c.Looks() }), nil
}

// CheckValues fills in everything that does not depend on another job's output,
// so that a value that is missing or wrong is reported before the run acquires
// capacity. The error joins one for every such value. Jobs that will not run in any
// case need no values.
func (s Spec) CheckValues(c Context) error {
	_, err := s.RenderWaitFor(c)
	errs := []error{err}
	for i := range s.Jobs {
		at := &place{text: "jobs[" + s.Jobs[i].Name + "]"}
		if j := &s.Jobs[i]; j.If != "" {
			errs = append(errs, s.fill(at, s.independent([]field{{at: at.key("if"), get: j.If}}), c))
			if s.needless(*j, c) {
				continue
			}
		}
		errs = append(errs, s.fill(at, s.independent(fieldsOfJob(at, &s.Jobs[i])), c))
	}
	for i := range s.Checks {
		at := root("checks").index(i)
		fields := append(fieldsOfCheck(at, &s.Checks[i]), fieldsOfSQL(at, s.Checks[i])...)
		errs = append(errs, s.fill(at, s.independent(fields), c))
	}
	errs = append(errs, s.fill(root("outputs"), s.independent(fieldsOfOutputs(s.Outputs)), c))
	errs = append(errs, s.checkPublish(c))
	if len(s.Triggers) > 0 {
		errs = append(errs, s.checkOutputs(c))
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	for _, use := range s.SecretUses(c) {
		errs = append(errs, use.Err)
	}
	return errors.Join(errs...)
}

// independent returns the fields that need no job's outputs. They are not set.
func (s Spec) independent(fields []field) []field {
	var known []field
	for _, f := range fields {
		refs := &references{rules: newRules(s, &faults{}, nil)}
		if refs.templateFaults(f.get); !refs.usesJobs {
			f.set = func(string) {}
			known = append(known, f)
		}
	}
	return known
}

func (s Spec) fill(at *place, fields []field, c Context) error {
	var errs []error
	data, size := c.data(), 0
	for _, f := range fields {
		out, err := render(f.get, c, data, f.hive)
		if err != nil {
			errs = append(errs, fmt.Errorf("pipeline %s: render %s: %w", s.Name, f.at, c.hide(err)))
			continue
		}
		size += len(out)
		f.set(out)
	}
	if size > maxJobBytes {
		errs = append(errs, fmt.Errorf("pipeline %s: render %s: %d bytes of values; use at most %d", s.Name, at, size, maxJobBytes))
	}
	return errors.Join(errs...)
}
