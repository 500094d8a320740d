package runs

import (
	"context"
	"sync"

	"golang.org/x/sync/errgroup"

	"ephemr/internal/run"
	"ephemr/internal/why"
)

// atATime is how many runs are explained at the same time.
const atATime = 8

// explain says why the runs wait that do, by id.
func explain(ctx context.Context, o Options, found []run.Run) (map[string]why.Answer, error) {
	answers := map[string]why.Answer{}
	if o.Why == nil {
		return answers, nil
	}
	var mu sync.Mutex
	var g errgroup.Group
	g.SetLimit(atATime)
	for _, r := range found {
		if r.State.Final() {
			continue
		}
		g.Go(func() error {
			a, err := o.Why(ctx, r.ID)
			if run.IsUnknown(err) {
				return nil
			}
			if err == nil && a.Idle() {
				mu.Lock()
				defer mu.Unlock()
				answers[r.ID] = a
			}
			return err
		})
	}
	return answers, g.Wait()
}

// document is a run with why it waits, if it does.
type document struct {
	run.Run

	Why *why.Answer `json:"why,omitempty"`
}

func documents(found []run.Run, answers map[string]why.Answer) []document {
	all := []document{}
	for _, r := range found {
		d := document{Run: r}
		if a, waits := answers[r.ID]; waits {
			d.Why = &a
		}
		all = append(all, d)
	}
	return all
}
