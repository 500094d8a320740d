package pipeline

import (
	"slices"
	"time"

	"ephemr/internal/job"
)

// When says after which outcomes of what it needs a job runs.
type When string

// The values of When.
const (
	OnSuccess When = "success" // all that it needs succeeded; the default
	OnFailure When = "failure" // something that it needs, directly or not, failed
	Always    When = "always"  // what it needs is over, however it ended
)

var whens = []string{string(OnSuccess), string(OnFailure), string(Always)}

// conditional reports whether the job may run although something failed. Such jobs
// run again when their run is retried.
func (w When) conditional() bool { return w == OnFailure || w == Always }

// Conditional reports whether the named job has when: failure or when: always.
func (s Spec) Conditional(name string) bool {
	return slices.ContainsFunc(s.Jobs, func(j Job) bool { return j.Name == name && j.When.conditional() })
}

// Following returns the jobs that only follow the work of others: conditional ones, what
// needs them, and the checks.
func (s Spec) Following() map[string]bool {
	return downstream(s.AllJobs(), func(j Job) bool { return j.When.conditional() || j.Type == job.Quality })
}

// CleanUpTime is how long jobs with a condition may take after their run was cancelled or
// has passed its deadline, unless limits.cleanUp says otherwise; MaxCleanUp is the longest.
const (
	CleanUpTime = 10 * time.Minute
	MaxCleanUp  = time.Hour
)

// CleaningUp returns the jobs that run although their run was cancelled or has passed its
// deadline: conditional ones, and what needs them. None of them waits for a person then.
func (s Spec) CleaningUp() map[string]bool {
	found := downstream(s.AllJobs(), func(j Job) bool { return j.When.conditional() })
	for _, j := range s.Jobs {
		if j.Approve != nil {
			delete(found, j.Name)
		}
	}
	return found
}

// last reports whether the job runs after all others: it is conditional and does not
// say what it needs.
func (j Job) last() bool { return j.When.conditional() && len(j.Needs) == 0 }

// AllJobs returns the jobs in file order and, when the pipeline has checks that
// read data, the job that runs them. Each has all its needs, also those that the file leaves out:
// the checks need the jobs that run when nothing fails, and conditional jobs without
// needs need everything else.
func (s Spec) AllJobs() []Job {
	jobs := slices.Clone(s.Jobs)
	late := downstream(jobs, Job.last)
	if !s.ByFooters() && slices.ContainsFunc(s.Checks, job.Check.Looks) {
		exceptional := downstream(jobs, func(j Job) bool { return j.When == OnFailure || j.last() })
		jobs = append(jobs, Job{Name: ChecksJob, Type: job.Quality, Needs: ends(s.Jobs, func(j Job) bool {
			return !j.When.conditional() && !exceptional[j.Name]
		})})
	}
	if len(late) == 0 {
		return jobs
	}
	before := ends(jobs, func(j Job) bool { return !late[j.Name] })
	for i, j := range jobs {
		if j.last() {
			jobs[i].Needs = before
		}
	}
	return jobs
}

// ends returns those of the chosen jobs that no other of them needs.
func ends(jobs []Job, chosen func(Job) bool) []string {
	needed := map[string]bool{}
	for _, j := range jobs {
		if chosen(j) {
			for _, n := range j.Needs {
				needed[n] = true
			}
		}
	}
	var names []string
	for _, j := range jobs {
		if chosen(j) && !needed[j.Name] {
			names = append(names, j.Name)
		}
	}
	return names
}

// downstream returns the jobs that are or need a chosen one, directly or not.
func downstream(jobs []Job, chosen func(Job) bool) map[string]bool {
	found := map[string]bool{}
	for grown := true; grown; {
		grown = false
		for _, j := range jobs {
			if !found[j.Name] && (chosen(j) || slices.ContainsFunc(j.Needs, func(n string) bool { return found[n] })) {
				found[j.Name], grown = true, true
			}
		}
	}
	return found
}

func (r *rules) when() {
	var plain bool
	for i, j := range r.spec.Jobs {
		p := root("jobs").index(i).key("when")
		if j.When != "" && !slices.Contains(whens, string(j.When)) {
			r.fault(p, "unknown value %q; %s", j.When, didYouMean(closest(string(j.When), whens), whens))
		}
		plain = plain || !j.When.conditional()
	}
	if !plain && len(r.spec.Jobs) > 0 {
		r.fault(root("jobs"), "all jobs have when: failure or when: always; remove it from those that do the work")
	}
}
