package notify

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"ephemr/internal/access"
	"ephemr/internal/run"
)

// OfRun is the notice of a run that has ended; wanted is false if the pipeline
// asks for none. By default only failures are reported, to the owner.
func OfRun(rec *run.Record) (n Notice, wanted bool) {
	if !wantsNotice(rec) {
		return Notice{}, false
	}
	r := rec.Run
	n = Notice{
		Headline:   headline(r) + " " + r.ID,
		Text:       text(rec),
		Attributes: map[string]string{"pipeline": r.Pipeline, "state": string(r.State), "team": r.TeamName()},
		Recipients: recipients(rec),
	}
	if r.NothingToDo {
		n.Attributes["nothingToDo"] = "true"
	}
	if r.Class != "" {
		n.Attributes["class"] = string(r.Class)
	}
	return n, true
}

func wantsNotice(rec *run.Record) bool {
	if rec.Run.State != run.Succeeded {
		return true
	}
	return rec.Spec != nil && len(rec.Spec.Notify.Success) > 0 || stillCosts(rec)
}

// stillCosts reports whether a cluster of the run could not be ended.
func stillCosts(rec *run.Record) bool {
	return slices.ContainsFunc(rec.Clusters, func(c run.Cluster) bool { return c.Unended != "" })
}

// recipients are the addresses that the pipeline names for this outcome.
func recipients(rec *run.Record) []string {
	names := []string{"owner"}
	if rec.Spec != nil && rec.Run.State == run.Succeeded && len(rec.Spec.Notify.Success) > 0 {
		names = rec.Spec.Notify.Success
	} else if rec.Spec != nil && len(rec.Spec.Notify.Failure) > 0 {
		names = rec.Spec.Notify.Failure
	}
	var out []string
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

// text is what the owner reads: class, job, exit code, last lines, what to do.
func text(rec *run.Record) string {
	r := rec.Run
	var b strings.Builder
	fmt.Fprintf(&b, "Run %s of pipeline %s: %s\nFor:    %s\n", r.ID, r.Pipeline, headline(r), oneLine(r.Subject()))
	for _, j := range rec.Jobs {
		if j.NothingToDo {
			fmt.Fprintf(&b, "Job:    %s had nothing to do\n", j.Name)
		}
	}
	if r.Class != "" {
		fmt.Fprintf(&b, "Class:  %s\nReason: %s\n", r.Class, oneLine(r.Reason))
	}
	if j := rec.Failure(); j != nil {
		writeJob(&b, j, rec.Spec != nil && rec.Spec.Notify.LogLines)
	}
	for _, c := range rec.Clusters {
		if c.Unended != "" {
			fmt.Fprintf(&b, "Still running: cluster %s, until it can be ended: %s\n", c.ID, oneLine(c.Unended))
		}
	}
	if r.State == run.Rejected {
		fmt.Fprintf(&b, "More:   ephemr show %s; ephemr requests\n", r.ID)
		return b.String()
	}
	fmt.Fprintf(&b, "Cost:   %s\nMore:   ephemr show %s; ephemr logs %s\n", spent(r), r.ID, r.ID)
	return b.String()
}

// writeJob writes which job failed, with the last lines of its log if they are wanted.
func writeJob(b *strings.Builder, j *run.Job, lines bool) {
	fmt.Fprintf(b, "Job:    %s, attempt %d", j.Name, j.Attempt)
	if j.ExitCode != nil {
		fmt.Fprintf(b, ", exit code %d", *j.ExitCode)
	}
	b.WriteString("\n")
	for _, line := range j.Tail {
		if lines {
			fmt.Fprintf(b, "  | %s\n", oneLine(line))
		}
	}
}

// oneLine makes text that a job or a sender wrote a part of a line, so that it
// cannot pose as another line of the notice.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\u2028', r == '\u2029', unicode.IsControl(r):
			return ' '
		case unicode.Is(unicode.Bidi_Control, r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, "\uFFFD"))
}

func spent(r run.Run) string {
	if r.Cost != nil && len(r.Cost.Unknown) > 0 {
		return fmt.Sprintf("at least %.2f USD; no price is known for %s", r.CostUSD, strings.Join(r.Cost.Unknown, ", "))
	}
	return fmt.Sprintf("about %.2f USD", r.CostUSD)
}
