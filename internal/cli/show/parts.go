package show

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"ephemr/internal/cli/terminal"
	"ephemr/internal/run"
	"ephemr/internal/view/runview"
)

func itoa(n int) string { return strconv.Itoa(n) }

func (p *page) clusters() {
	if len(p.rec.Clusters) == 0 {
		return
	}
	p.Printf("\n")
	var rows [][]string
	for _, c := range p.rec.Clusters {
		ready := ""
		if !c.ReadyAt.IsZero() {
			ready = terminal.Duration(c.ReadyAt.Sub(c.CreatedAt))
		}
		lived := ""
		if end := c.EndedAt; !c.CreatedAt.IsZero() {
			if end.IsZero() {
				end = p.now
			}
			lived = terminal.Duration(end.Sub(c.CreatedAt))
		}
		fallback := ""
		if c.Rung > 0 && !c.Leased {
			fallback = fmt.Sprintf("%d of %d", c.Rung, c.Rungs-1)
		}
		rows = append(rows, []string{c.ID, string(c.State), fallback, ready, lived, because(string(c.Class), c.Reason)})
	}
	p.Table([]string{"CLUSTER", "STATE", "FALLBACK", "READY AFTER", "LIFETIME", "REASON"}, rows)
	for _, c := range p.rec.Clusters {
		p.changes(c)
	}
}

// changes prints the resizes of a cluster, and what keeps it from being ended.
func (p *page) changes(c run.Cluster) {
	if c.Unended != "" {
		p.Printf("%s still runs: %s\n", c.ID, terminal.OneLine(c.Unended))
	}
	for _, r := range c.Resizes {
		change := fmt.Sprintf("%+d %s units", r.More, r.Kind)
		if r.More == 0 {
			change = r.Kind + " units reset to the initial size"
		}
		p.Printf("%s %s: %s, %s\n", clock(r.At), c.ID, change, terminal.OneLine(r.Note))
	}
}

func (p *page) jobs() {
	if len(p.rec.Jobs) == 0 {
		return
	}
	p.Printf("\n")
	var rows [][]string
	for _, j := range p.rec.Jobs {
		for _, a := range j.Earlier {
			rows = append(rows, []string{
				j.Name, p.JobState(run.JobFailed, string(run.JobFailed)), itoa(a.Attempt), code(a.ExitCode), "", a.StepID, because(string(a.Class), a.Reason),
			})
		}
		if j.State == run.JobPending && j.Attempt > 0 { // its last attempt is in Earlier
			j.StepID, j.ExitCode, j.Reason, j.Class = "", nil, "", ""
			if p.now.Before(j.DueAt) {
				j.Reason = "next attempt after " + clock(j.DueAt)
			}
			j.StartedAt = j.EndedAt
		}
		rows = append(rows, []string{
			j.Name, p.JobState(j.State, string(j.State)), attempt(j.Attempt), code(j.ExitCode), p.took(j), j.StepID, reason(j.NothingToDo, j.Class, j.Reason),
		})
	}
	p.Table([]string{"JOB", "STATE", "ATTEMPT", "EXIT", "TOOK", "STEP", "REASON"}, rows)
	p.notes()
}

// notes prints what does not fit into the table of jobs.
func (p *page) notes() {
	for _, j := range p.rec.Jobs {
		if j.Resize != "" {
			p.Printf("\nresize of %s: %s\n", j.Name, terminal.OneLine(j.Resize))
		}
	}
	for _, j := range p.rec.Jobs {
		if a := j.Approval; a != nil && a.Decision != "" {
			p.Printf("\n%s of %s: %s\n", a.Decision, j.Name, terminal.OneLine(strings.Join(slices.DeleteFunc([]string{a.By, clock(a.At), a.Why}, func(s string) bool { return s == "" }), ", ")))
		}
	}
	for _, j := range p.rec.Jobs {
		if len(j.Background) > 0 {
			p.Printf("\nprocesses of %s that outlived its program and were ended: %s\n", j.Name, terminal.OneLine(strings.Join(j.Background, ", ")))
		}
	}
	for _, j := range p.rec.Jobs {
		if len(j.Outputs) > 0 {
			p.Printf("\noutputs of %s: %s\n", j.Name, pairs(j.Outputs))
		}
	}
}

func attempt(n int) string {
	if n == 0 {
		return ""
	}
	return itoa(n)
}

func code(c *int) string {
	if c == nil {
		return ""
	}
	return itoa(*c)
}

func (p *page) took(j run.Job) string {
	d, ok := runview.JobDuration(j, p.now)
	if !ok {
		return ""
	}
	return terminal.Duration(d)
}

// tail prints the last lines of the failed job.
func (p *page) tail() {
	j := p.rec.Failure()
	if j == nil || len(j.Tail) == 0 {
		return
	}
	p.Printf("\nlast lines of %s:\n", j.Name)
	for _, line := range j.Tail {
		p.Printf("  %s %s\n", p.Red("|"), terminal.Clean(line))
	}
}

// next suggests commands.
func (p *page) next() {
	r := p.rec.Run
	var commands []string
	switch {
	case r.State == run.Rejected:
	case !r.State.Final():
		commands = append(commands, "ephemr logs -f "+r.ID)
	case p.rec.Failure() != nil:
		commands = append(commands, "ephemr logs "+r.ID+" "+p.rec.Failure().Name)
	case p.rec.Begun():
		commands = append(commands, "ephemr logs "+r.ID)
	}
	commands = append(commands, "ephemr runs "+r.Pipeline)
	p.Notef("\n")
	for _, c := range commands {
		p.Notef("%s\n", p.ErrStyle().Dim(c))
	}
}
