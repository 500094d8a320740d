package notify

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"ephemr/internal/access"
	"ephemr/internal/job"
	"ephemr/internal/run"
)

// Entry is a message with where it goes, as it is recorded when its run ends.
type Entry struct {
	Message Message   `json:"message"`
	To      []string  `json:"to"` // names as in a pipeline file, and addresses; nil = it only shows that the pipeline works
	Value   string    `json:"value,omitempty"`
	Logical time.Time `json:"logical,omitzero"` // of the run
}

// Works reports whether the entry shows that its pipeline works.
func (e Entry) Works() bool { return e.Message.Kind == Success && e.Message.RunID != "" }

// OfRun is the entry of a run that has ended. Its To is nil if the pipeline asks for no
// message. By default only failures are reported, to the owner.
func OfRun(rec *run.Record, stage string) Entry {
	r := rec.Run
	m := Message{
		Kind: kindOf(rec), Stage: stage, Pipeline: r.Pipeline, Team: r.TeamName(), RunID: r.ID, State: string(r.State), Class: string(r.Class),
		Headline: fmt.Sprintf("%s %s", headline(r), r.ID), For: oneLine(r.Subject()), Reason: oneLine(r.Reason), Cause: oneLine(r.Cause),
		Count: 1, At: r.EndedAt, NothingToDo: r.NothingToDo,
	}
	for _, j := range rec.Jobs {
		if j.NothingToDo {
			m.Idle = append(m.Idle, j.Name)
		}
	}
	if j := rec.Failure(); j != nil {
		m.Job, m.Attempt, m.ExitCode = j.Name, j.Attempt, j.ExitCode
		if rec.Spec != nil && rec.Spec.Notify.LogLines {
			for _, line := range j.Tail {
				m.Lines = append(m.Lines, oneLine(line))
			}
		}
	}
	for _, c := range rec.Clusters {
		if c.Unended != "" {
			m.Running = append(m.Running, fmt.Sprintf("cluster %s, until it can be ended: %s", c.ID, oneLine(c.Unended)))
		}
	}
	if r.State != run.Rejected {
		m.Cost = spent(r)
	}
	m.Next = next(rec)
	e := Entry{Message: m, Value: r.Value(), Logical: r.LogicalTime}
	if wanted(rec) {
		e.To = recipients(rec)
	}
	return e
}

// OfDeadline is the entry of a run that has not ended shortly before its deadline.
func OfDeadline(rec *run.Record, stage string, now time.Time) Entry {
	r := rec.Run
	left := max(r.Deadline.Sub(now), 0).Round(time.Second)
	return Entry{To: recipients(rec), Value: r.Value(), Logical: r.LogicalTime, Message: Message{
		Kind: Deadline, Stage: stage, Pipeline: r.Pipeline, Team: r.TeamName(), RunID: r.ID, State: string(r.State),
		Headline: fmt.Sprintf("STILL RUNNING %s", r.ID), For: oneLine(r.Subject()), Count: 1, At: now,
		Facts: []Fact{{"Deadline", r.Deadline.UTC().Format(time.RFC3339) + ", in " + left.String()}},
		Next:  []string{"ephemr why " + r.ID, "ephemr logs " + r.ID},
	}}
}

// OfApproval is the entry of a job that waits for a person.
func OfApproval(rec *run.Record, stage string, j run.Job) Entry {
	r := rec.Run
	facts := []Fact{{"Until", j.Approval.Until.UTC().Format(time.RFC3339)}}
	if text := oneLine(j.Approval.Message); text != "" {
		facts = append(facts, Fact{"Question", text})
	}
	return Entry{To: recipients(rec), Message: Message{
		Kind: Approval, Stage: stage, Pipeline: r.Pipeline, Team: r.TeamName(), RunID: r.ID, State: string(r.State), Job: j.Name,
		Headline: "WAITS FOR APPROVAL " + r.ID, For: oneLine(r.Subject()), Facts: facts, Count: 1, At: j.Approval.AskedAt,
		Next: []string{
			fmt.Sprintf("ephemr approve %s --job %s", r.ID, j.Name),
			fmt.Sprintf("ephemr approve %s --job %s --refuse --why \"...\"", r.ID, j.Name),
		},
	}}
}

func kindOf(rec *run.Record) Kind {
	if rec.Run.State == run.Succeeded {
		return Success
	}
	if rec.Run.State == run.Rejected {
		return Rejected
	}
	return Failure
}

func wanted(rec *run.Record) bool {
	if rec.Run.State != run.Succeeded {
		return true
	}
	return rec.Spec != nil && len(rec.Spec.Notify.Success) > 0 || stillCosts(rec)
}

// stillCosts reports whether a cluster of the run could not be ended.
func stillCosts(rec *run.Record) bool {
	return slices.ContainsFunc(rec.Clusters, func(c run.Cluster) bool { return c.Unended != "" })
}

// recipients are those that the pipeline names for this outcome. The topic of the stage
// gets a message also if there are none.
func recipients(rec *run.Record) []string {
	names := []string{"owner"}
	if rec.Spec != nil && rec.Run.State == run.Succeeded && len(rec.Spec.Notify.Success) > 0 {
		names = rec.Spec.Notify.Success
	} else if rec.Spec != nil && len(rec.Spec.Notify.Failure) > 0 {
		names = rec.Spec.Notify.Failure
	}
	out := []string{}
	for _, n := range names {
		if n == "owner" {
			n = rec.Run.Owner
		}
		if n != "" && n != access.Principal(rec.Run.Trigger.Sender) { // an identity is no address
			out = append(out, n)
		}
	}
	return out
}

// headline is the outcome in a few words.
func headline(r run.Run) string {
	if r.NothingToDo {
		return string(r.State) + " (nothing to do)"
	}
	return string(r.State)
}

// next are the commands that help, by class: the first is the one to run.
func next(rec *run.Record) []string {
	r := rec.Run
	show := "ephemr show " + r.ID
	for _, c := range rec.Clusters {
		if c.Unended != "" && c.ID != "" {
			return []string{"ephemr terminate " + c.ID, show}
		}
	}
	if r.State == run.Rejected {
		return []string{show, "ephemr requests"}
	}
	if r.State == run.Succeeded {
		return []string{show}
	}
	if first := byClass(rec); first != "" {
		return []string{first, show}
	}
	return []string{show}
}

// byClass is the command that helps most after a failure, beside ephemr show.
func byClass(rec *run.Record) string {
	r := rec.Run
	switch r.Class {
	case job.ClassJob, job.ClassData:
		if j := rec.Failure(); j != nil {
			return "ephemr logs " + r.ID + " " + j.Name
		}
		return "" // no job has found it
	case job.ClassPermission:
		return "ephemr doctor"
	case job.ClassBootstrap, job.ClassTimeout, job.ClassLimit:
		return "ephemr why " + r.ID
	case job.ClassInvalid:
		return ""
	case job.ClassCapacity, job.ClassQuota, job.ClassLost, job.ClassInternal, job.ClassCancelled:
	}
	return "ephemr retry " + r.ID
}

func spent(r run.Run) string {
	if r.Cost != nil && len(r.Cost.Unknown) > 0 {
		return fmt.Sprintf("at least %.2f USD; no price is known for %s", r.CostUSD, strings.Join(r.Cost.Unknown, ", "))
	}
	return fmt.Sprintf("about %.2f USD", r.CostUSD)
}
