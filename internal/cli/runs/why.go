package runs

import (
	"context"
	"sync"

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
	var wg sync.WaitGroup
	var first error
	room := make(chan struct{}, atATime)
	for _, r := range found {
		if r.State.Final() {
			continue
		}
		room <- struct{}{}
		wg.Go(func() {
			defer func() { <-room }()
			a, err := o.Why(ctx, r.ID)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil && a.Idle():
				answers[r.ID] = a
			case err != nil && !run.IsUnknown(err) && first == nil:
				first = err
			}
		})
	}
	wg.Wait()
	return answers, first
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
