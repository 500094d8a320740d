package audit

import (
	"cmp"
	"context"
	"regexp"
	"slices"
	"strings"
	"time"

	"ephemr/internal/run"
)

// Query selects requests.
type Query struct {
	From, Until time.Time
	Pipeline    string // "" = all
	By          string // part of the name, whatever its case; "" = all
}

// RunsAPI visits the runs that were requested, or have published, since a time.
type RunsAPI interface {
	Since(ctx context.Context, from time.Time, visit func(run.Run) error) error
}

// Report returns the requests that q selects, oldest first: those that were recorded, and what runs say of their
// senders and of what they have published.
func Report(ctx context.Context, q Query, trail *Trail, runs RunsAPI) ([]Entry, error) {
	all := []Entry{}
	add := func(e Entry) {
		if !e.At.Before(q.From) && e.At.Before(q.Until) && q.selects(e) {
			all = append(all, e)
		}
	}
	if err := trail.Between(ctx, q.From, q.Until, add); err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	err := runs.Since(ctx, q.From, func(r run.Run) error {
		if !seen[r.ID] { // it may change its place in the index meanwhile
			seen[r.ID] = true
			for _, e := range ofRun(r) {
				add(e)
			}
		}
		return nil
	})
	slices.SortStableFunc(all, func(a, b Entry) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.RunID, b.RunID)) })
	return all, err
}

// ofRun is what a run says: who has started it, if that was no trigger, and what it has published.
func ofRun(r run.Run) (entries []Entry) {
	if by := starter(r); by != "" {
		e := Entry{At: r.RequestedAt, By: by, Action: "start", Pipeline: r.Pipeline, RunID: r.ID, Outcome: Done}
		if r.State == run.Rejected {
			e.Outcome, e.Reason = Refused, r.Reason
		}
		entries = append(entries, e)
	}
	if p := r.Publication; p != nil && p.State == run.Published {
		entries = append(entries, Entry{At: p.At, By: "run " + r.ID, Action: "publish", Pipeline: r.Pipeline, RunID: r.ID, Target: strings.TrimSuffix(p.Table+" "+p.Partition, " "), Outcome: Done})
	}
	return entries
}

// starter is who has requested a run; "" if a trigger or an operation has, which is recorded by itself.
func starter(r run.Run) string {
	switch {
	case r.Trigger.Sender != "":
		return r.Trigger.Sender
	case r.Trigger.Kind == run.ByManual:
		return "unknown (StartExecution)"
	}
	return ""
}

func (q Query) selects(e Entry) bool {
	return (q.Pipeline == "" || e.of(q.Pipeline)) && strings.Contains(strings.ToLower(e.By), strings.ToLower(q.By))
}

// runID is the end of a run's id, after the name of its pipeline.
var runID = regexp.MustCompile(`^-\d{8}T\d{4}`)

// of reports whether the request is about the pipeline or one of its runs.
func (e Entry) of(pipeline string) bool {
	rest, found := strings.CutPrefix(e.RunID, pipeline)
	return e.Pipeline == pipeline || found && runID.MatchString(rest)
}
