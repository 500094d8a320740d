package evidence

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"ephemr/internal/run"
)

// Violation is an invariant that did not hold.
type Violation struct {
	Rule string `json:"rule"`
	What string `json:"what"`
}

// Rules are the invariants, in the order they are checked.
var Rules = []string{OneRecord, OneOutcome, OnlyInvalidRejected, OneCluster, OneStep, OneExecution, WorkDone, Applications, NothingLeft, OnlyInvalidDead}

// The invariants.
const (
	OneRecord           = "every request has exactly one run"
	OneOutcome          = "every run and job ends, and their states agree"
	OnlyInvalidRejected = "exactly the invalid requests are rejected"
	OneCluster          = "a run has at most one cluster at a time, and each attempt exactly one"
	OneStep             = "an attempt of a job is one step"
	OneExecution        = "an attempt of a job is executed at most once"
	WorkDone            = "a job that succeeded has done its work"
	Applications        = "no YARN application outlives its attempt, nor that of a killed runner the start of the next"
	NothingLeft         = "no cluster, waiter, slot or execution is left"
	OnlyInvalidDead     = "the dead-letter queues hold the invalid requests and nothing else"
)

// checker collects violations.
type checker struct {
	*Evidence
	found []Violation
}

func (c *checker) violate(rule, format string, args ...any) {
	c.found = append(c.found, Violation{Rule: rule, What: fmt.Sprintf(format, args...)})
}

// Check returns the violations of the invariants.
func Check(e *Evidence) []Violation {
	c := &checker{Evidence: e}
	c.requests()
	c.outcomes()
	c.clusters()
	c.lines()
	c.applications()
	c.left()
	c.dead()
	return c.found
}

func (c *checker) requests() {
	asked := map[string]bool{}
	for _, a := range c.Requests {
		var ids []string
		for _, rec := range c.Records {
			if !a.Matches(rec.Run) {
				continue
			}
			ids = append(ids, rec.Run.ID)
			asked[rec.Run.ID] = true
			if rejected := rec.Run.State == run.Rejected; rejected != (a.Kind == Invalid) {
				c.violate(OnlyInvalidRejected, "%s %s: run %s is %s: %s", a.Kind, a.ID, rec.Run.ID, rec.Run.State, rec.Run.Reason)
			}
		}
		if len(ids) != 1 {
			c.violate(OneRecord, "%s %s, sent %d times, has the runs %v", a.Kind, a.ID, a.Times, ids)
		}
	}
	for _, rec := range c.Records {
		if !asked[rec.Run.ID] {
			c.violate(OneRecord, "run %s (%s) has no request", rec.Run.ID, rec.Run.State)
		}
	}
}

func (c *checker) outcomes() {
	for _, rec := range c.Records {
		r := rec.Run
		if !r.State.Final() {
			c.violate(OneOutcome, "run %s is %s", r.ID, r.State)
			continue
		}
		for _, j := range rec.Jobs {
			if !j.State.Over() {
				c.violate(OneOutcome, "run %s is %s but its job %s is %s", r.ID, r.State, j.Name, j.State)
			}
		}
		if (r.State == run.Succeeded) != rec.Succeeded() {
			c.violate(OneOutcome, "run %s is %s (%s: %s), its jobs %s", r.ID, r.State, r.Class, r.Reason, states(rec.Jobs))
		}
	}
}

func states(jobs []run.Job) string {
	var out []string
	for _, j := range jobs {
		out = append(out, j.Name+" "+string(j.State))
	}
	return strings.Join(out, ", ")
}

func (c *checker) clusters() {
	for _, d := range c.Overlaps {
		c.violate(OneCluster, "%s", d)
	}
	names, steps := map[string][]string{}, map[string][]string{}
	for _, x := range c.Clusters {
		names[x.Name] = append(names[x.Name], x.ID)
		for _, s := range x.Steps {
			key := run.OfCluster(x.Name) + " " + s.Name
			steps[key] = append(steps[key], x.ID)
		}
		if x.Alive() {
			c.violate(NothingLeft, "cluster %s %s is %s", x.ID, x.Name, x.State)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if len(names[name]) > 1 {
			c.violate(OneCluster, "the name %s has the clusters %v", name, names[name])
		}
	}
	for _, key := range slices.Sorted(maps.Keys(steps)) {
		if len(steps[key]) > 1 {
			c.violate(OneStep, "%s was submitted to %v", key, steps[key])
		}
	}
}

func (c *checker) lines() {
	seen := map[Line]int{}
	for _, l := range c.Lines {
		seen[l]++
		if seen[l] == 2 && l.Word == "begun" {
			c.violate(OneExecution, "run %s has begun job %s, attempt %s, more than once", l.Run, l.Job, l.Attempt)
		}
	}
	for _, rec := range c.Records {
		for _, j := range rec.Jobs {
			line := Line{Word: "done", Run: rec.Run.ID, Job: j.Name, Attempt: strconv.Itoa(j.Attempt)}
			if j.State == run.JobSucceeded && seen[line] == 0 {
				c.violate(WorkDone, "run %s: job %s is SUCCEEDED by attempt %d, which did not report it", rec.Run.ID, j.Name, j.Attempt)
			}
		}
	}
}

func (c *checker) left() {
	for what, ids := range map[string][]string{"waiter": c.Left.Waiters, "slot": c.Left.Slots, "running execution": c.Left.Executions} {
		for _, id := range ids {
			c.violate(NothingLeft, "%s of %s", what, id)
		}
	}
}

func (c *checker) dead() {
	found := map[string]bool{}
	for _, queue := range slices.Sorted(maps.Keys(c.Dead)) {
		for _, body := range c.Dead[queue] {
			i := slices.IndexFunc(c.Requests, func(a Request) bool { return a.Kind == Invalid && contains(body, a.ID) })
			if i < 0 {
				c.violate(OnlyInvalidDead, "%s holds %s", queue, body)
				continue
			}
			found[c.Requests[i].ID] = true
		}
	}
	for _, a := range c.Requests {
		if a.Kind == Invalid && !found[a.ID] {
			c.violate(OnlyInvalidDead, "none holds %s", a.Body)
		}
	}
}

func contains(text, id string) bool { return id != "" && strings.Contains(text, id) }
