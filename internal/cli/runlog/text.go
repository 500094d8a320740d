package runlog

import (
	"fmt"
	"strings"
	"time"

	"ephemr/internal/cli/terminal"
	"ephemr/internal/job"
	"ephemr/internal/run"
	"ephemr/internal/view/follow"
)

// text formats an update as a line.
func (p *Printer) text(u follow.Update) string {
	switch u := u.(type) {
	case follow.RunChanged:
		return p.runText(u)
	case follow.ClusterChanged:
		return p.clusterText(u)
	case follow.JobChanged:
		return p.jobText(u)
	case follow.Note:
		return p.Style.Yellow(u.Text)
	}
	return ""
}

func (p *Printer) runText(u follow.RunChanged) string {
	r := u.Run
	name := p.Style.State(u.State, string(u.State))
	switch u.State {
	case run.Queued:
		return fmt.Sprintf("run %s %s by %s", p.Style.Bold(r.ID), name, r.Trigger.Kind)
	case run.Admitted, run.Running:
		return "run " + name
	case run.Succeeded:
		return fmt.Sprintf("run %s after %s%s%s", name, terminal.Duration(u.At.Sub(r.RequestedAt)), about(u.Cost), idle(r.NothingToDo))
	case run.Failed, run.Cancelled, run.Rejected:
		return fmt.Sprintf("run %s after %s%s: %s", name, terminal.Duration(u.At.Sub(r.RequestedAt)), about(u.Cost), because(r.Class, r.Reason))
	}
	return ""
}

// idle is the suffix of a success without work.
func idle(nothingToDo bool) string {
	if nothingToDo {
		return ": " + terminal.NothingToDo
	}
	return ""
}

func about(usd float64) string {
	if usd <= 0 {
		return ""
	}
	return ", " + terminal.About(usd)
}

// because prefixes a reason with its class, unless it begins with it.
func because(class job.Class, reason string) string {
	if class == "" || strings.HasPrefix(reason, string(class)+" ") {
		return terminal.OneLine(reason)
	}
	return string(class) + ": " + terminal.OneLine(reason)
}

func (p *Printer) clusterText(u follow.ClusterChanged) string {
	c := u.Cluster
	id := p.Style.Cyan(c.ID)
	switch u.State {
	case run.ClusterCreated:
		if c.Leased {
			return fmt.Sprintf("cluster %s leased from pool %s, %d of %s", id, c.Pool, c.Steps, terminal.Count(c.Of, "step"))
		}
		text := fmt.Sprintf("cluster %s created", id)
		if u.Profile != "" {
			text += " from profile " + u.Profile
		}
		if c.Rung > 0 {
			text += fmt.Sprintf(", fallback %d of %d", c.Rung, c.Rungs-1)
		}
		if c.Pool != "" {
			text += " for pool " + c.Pool
		}
		return text
	case run.ClusterReady:
		return fmt.Sprintf("cluster %s %s after %s", id, p.Style.Green("ready"), since(c.CreatedAt, c.ReadyAt))
	case run.ClusterFailed:
		return fmt.Sprintf("cluster %s %s: %s", id, p.Style.Red("failed"), because(c.Class, c.Reason))
	case run.ClusterTerminating:
		return fmt.Sprintf("cluster %s terminating after %s", id, since(c.CreatedAt, u.At))
	case run.ClusterReleased:
		return fmt.Sprintf("cluster %s returned to pool %s after %s", id, c.Pool, since(c.CreatedAt, u.At))
	case run.ClusterIntended:
	}
	return ""
}

func since(from, to time.Time) string {
	if from.IsZero() {
		return "a while"
	}
	return terminal.Duration(to.Sub(from))
}

func (p *Printer) jobText(u follow.JobChanged) string {
	j := u.Job
	name := "job " + p.Style.Job(j.Name, j.Name)
	attempt := ""
	if u.Attempt > 1 || u.Again {
		attempt = fmt.Sprintf(", attempt %d", u.Attempt)
	}
	state := p.Style.JobState(u.State, string(u.State))
	switch u.State {
	case run.JobRunning:
		return fmt.Sprintf("%s %s%s", name, state, attempt)
	case run.JobSucceeded:
		return fmt.Sprintf("%s %s after %s%s%s", name, state, since(j.StartedAt, j.EndedAt), attempt, idle(j.NothingToDo))
	case run.JobFailed:
		text := fmt.Sprintf("%s %s%s: %s", name, state, attempt, because(j.Class, j.Reason))
		if u.Again {
			text += "; retrying"
		}
		return text
	case run.JobSkipped, run.JobCancelled:
		if j.Reason == "" {
			return fmt.Sprintf("%s %s", name, state)
		}
		return fmt.Sprintf("%s %s: %s", name, state, because(j.Class, j.Reason))
	case run.JobPending, run.JobSubmitting:
	}
	return ""
}
