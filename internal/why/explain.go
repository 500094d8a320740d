package why

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"ephemr/internal/run"
)

// Explain derives the answer from facts.
func Explain(f Facts) Answer {
	r := f.Run.Run
	var a Answer
	switch {
	case r.State.Final():
		a = ended(f)
	case r.Cancel != "":
		a = cancelled(f)
	case r.State == run.Queued:
		a = queued(f)
	case r.State == run.Admitted:
		a = Answer{Cause: Starting, Text: "was admitted, and its execution is being started", Since: r.AdmittedAt}
	default:
		a = active(f)
	}
	a.RunID, a.State = r.ID, r.State
	return a
}

// ended is the outcome of a run in a sentence.
func ended(f Facts) Answer {
	r := f.Run.Run
	a := Answer{Cause: Ended, Since: r.EndedAt}
	switch {
	case r.State == run.Rejected:
		a.Text = "was rejected, and never started: " + r.Reason
		a.Details = []string{"Nothing repeats a rejected request: correct it, and send it again with a new request id."}
	case r.NothingToDo:
		a.Text = "succeeded: it had nothing to do"
	case r.State == run.Succeeded:
		a.Text = "succeeded: every job that was needed did"
	case r.State == run.Cancelled:
		a.Text = "was cancelled: " + cmp.Or(r.Reason, r.Cancel, "no reason is recorded")
		a.Next = retry(f.Run)
	default:
		a.Text = "failed: " + outcome(r)
		if j := f.Run.Failure(); j != nil {
			a.Jobs, a.Next = []string{j.Name}, []string{"ephemr logs " + r.ID + " " + j.Name}
		}
		a.Next = append(a.Next, retry(f.Run)...)
	}
	return a
}

// retry is the command that continues a run, if one can.
func retry(rec *run.Record) []string {
	if rec.Spec == nil || len(rec.Spec.Sensitive()) > 0 {
		return nil
	}
	return []string{"ephemr retry " + rec.Run.ID}
}

// outcome is the class and the reason of a failure.
func outcome(r run.Run) string {
	if r.Class == "" || strings.HasPrefix(r.Reason, string(r.Class)+" ") {
		return cmp.Or(r.Reason, "no reason is recorded")
	}
	return string(r.Class) + ": " + cmp.Or(r.Reason, "no reason is recorded")
}

// cancelled is a run that is to be cancelled.
func cancelled(f Facts) Answer {
	r := f.Run.Run
	a := Answer{Cause: Cancelled, Text: "is being cancelled: " + r.Cancel, Since: r.CancelAt}
	if !r.CleanUp.IsZero() {
		a.Text, a.Until, a.Then = "is being cancelled, and its jobs that clean up are running: "+r.Cancel, r.CleanUp, "its cluster is terminated whatever still runs"
		a.Next = []string{"ephemr cancel " + r.ID + " --kill"}
	}
	if w := f.waiter(); w != nil && w.Kind == run.ForStop {
		a.Details = []string{"Its steps are being stopped: " + strings.Join(w.Attempts, ", ") + "."}
		a.Until, a.Then = w.Deadline, "its cluster is terminated whatever still runs"
	}
	return a
}

// clock is a time as people read it.
func clock(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05Z") }

// lasts is a duration as people read it.
func lasts(d time.Duration) string {
	text := d.Round(time.Second).String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// count is a number with its noun.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// after is when something that began at a time is expected to be over; nil if that is not
// known, or has passed.
func (u Usual) after(began, now time.Time, what string) *Estimate {
	if u.Of == 0 || began.IsZero() || !began.Add(u.Takes).After(now) {
		return nil
	}
	return &Estimate{At: began.Add(u.Takes), From: fmt.Sprintf("%s: %s in the median of the last %d", what, lasts(u.Takes), u.Of)}
}
