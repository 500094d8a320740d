package service

import (
	"context"
	"time"

	"ephemr/internal/proof/bench/trace"
)

// Pool is the time from Enter to the first line of a job.
type Pool struct {
	Cold   Seconds `json:"cold"`   // on a cluster of its own, without its provisioning being left out
	Warm   Seconds `json:"warm"`   // on one that waits in a pool, median
	P90    Seconds `json:"p90"`    // likewise
	Rounds int     `json:"rounds"` // on the warm one
	Ratio  float64 `json:"ratio"`  // warm to cold
}

const warmRounds = 10

func (s *Stage) pool(ctx context.Context) (p Pool, err error) {
	root, err := s.project("greet", "echo hello\n")
	if err != nil {
		return p, err
	}
	first := func() (time.Duration, error) {
		begun := time.Now()
		var took time.Duration
		err := s.submit(ctx, root, "greet", func(_ string, at time.Time) {
			if took == 0 {
				took = at.Sub(begun)
			}
		}, "--pool", "bench")
		return took, err
	}
	cold, err := first()
	if err != nil {
		return p, err
	}
	var warm trace.Sample
	for range warmRounds {
		took, err := first()
		if err != nil {
			return p, err
		}
		warm = append(warm, took)
	}
	p.Cold, p.Warm, p.P90, p.Rounds = Seconds(cold), Seconds(warm.Median()), Seconds(warm.Quantile(0.9)), len(warm)
	p.Ratio = float64(p.Warm) / float64(p.Cold)
	return p, nil
}
