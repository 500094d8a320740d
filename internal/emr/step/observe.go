package step

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/emr/types"

	"ephemr/internal/engine"
	"ephemr/internal/job"
	"ephemr/internal/result"
	"ephemr/internal/run"
)

// Attempts says how the steps in flight stand on the cluster that rec waits for.
// EMR is asked about those whose events and results do not say it.
func (s *Steps) Attempts(ctx context.Context, rec *run.Record, v engine.View) ([]engine.Attempt, engine.Capacity, error) {
	// A cluster that was seen to be gone is not described again; one that was not
	// may be gone by now.
	look := &lookup{emr: s.EMR, id: rec.Waiter.ClusterID}
	if v.Seen != nil && v.Seen.State == engine.Gone {
		look.got = *v.Seen
	}
	all, open, err := s.witnessed(ctx, rec, v.Noted)
	if err != nil || len(open) == 0 {
		return all, look.got, err
	}
	steps, err := s.list(ctx, rec.Waiter.ClusterID, open)
	if err != nil {
		return all, look.got, err
	}
	for _, j := range open {
		a, err := s.judge(ctx, rec, j, steps[j.StepID], look)
		if err != nil {
			return all, look.got, err
		}
		all = append(all, a)
	}
	return all, look.got, nil
}

// witnessed judges the attempts in flight whose end EMR's event and the runner's
// result report alike. open are the others; with noted, only those of which an event
// was recorded.
func (s *Steps) witnessed(ctx context.Context, rec *run.Record, noted bool) (all []engine.Attempt, open []run.Job, _ error) {
	for _, j := range rec.InFlight() {
		state := types.StepState(j.Ended())
		if state == "" {
			if !noted {
				open = append(open, j)
			}
			continue
		}
		r, err := s.Results.Read(ctx, rec.Run, j)
		if err != nil {
			return all, open, err
		}
		if r == nil || r.Succeeded() != (state == types.StepStateCompleted) {
			open = append(open, j)
			continue
		}
		all = append(all, engine.Attempt{Job: j.Name, Verdict: OfAttempt(Evidence{Step: state, Result: r}), Result: r})
	}
	return all, open, nil
}

// judge says what became of the newest attempt of j, as far as is known.
func (s *Steps) judge(ctx context.Context, rec *run.Record, j run.Job, st types.StepSummary, look *lookup) (engine.Attempt, error) {
	e, err := s.evidence(ctx, rec, j, st, look)
	if err != nil {
		return engine.Attempt{}, err
	}
	a := engine.Attempt{Job: j.Name, Verdict: OfAttempt(e), Result: e.Result}
	if a.Class == job.ClassLost && a.Result == nil {
		a.Tail = s.Results.Tail(ctx, rec.Run, j)
		a.Verdict = result.WithTail(a.Verdict, a.Tail)
	}
	return a, nil
}

// Leave is how long the runner of an interrupted step may still be at work. EMR
// interrupts the process above the runner and reports the step as CANCELLED when
// that one has ended; the runner gives the program its grace period and records
// the result afterwards.
const Leave = 45 * time.Second

// killed reports whether the steps of a run were killed or will be now.
func killed(rec *run.Record) bool {
	return rec.Run.Kill || rec.Waiter.Kind == run.ForStop && time.Since(rec.Waiter.Since) > Leave
}

// leaving reports whether the runner of a cancelled step may still be at work.
func leaving(s *types.StepStatus) bool {
	if s == nil || s.Timeline == nil || s.Timeline.StartDateTime == nil || s.Timeline.EndDateTime == nil {
		return false
	}
	return time.Since(*s.Timeline.EndDateTime) < Leave
}

// ask says what is read to explain a step in a state: the runner's result, and
// the cluster's state when there is no result. Reads cost money, and calls of
// EMR are few.
var ask = map[types.StepState]struct{ result, cluster bool }{
	types.StepStatePending:       {},
	types.StepStateRunning:       {},
	types.StepStateCancelPending: {cluster: true},
	types.StepStateCompleted:     {result: true},
	types.StepStateFailed:        {result: true, cluster: true},
	types.StepStateCancelled:     {result: true, cluster: true},
	types.StepStateInterrupted:   {result: true, cluster: true},
	"":                           {result: true, cluster: true}, // EMR does not know the step
}

func (s *Steps) evidence(ctx context.Context, rec *run.Record, j run.Job, st types.StepSummary, look *lookup) (e Evidence, err error) {
	if st.Status != nil {
		e.Step, e.Details = st.Status.State, st.Status.FailureDetails
	}
	reads, known := ask[e.Step]
	if !known {
		reads = ask[""]
	}
	if reads.result {
		if e.Result, err = s.Results.Read(ctx, rec.Run, j); err != nil {
			return e, err
		}
	}
	e.Leaving = e.Result == nil && !killed(rec) && leaving(st.Status)
	if reads.cluster && e.Result == nil {
		e.Cluster, err = look.capacity(ctx)
	}
	return e, err
}
