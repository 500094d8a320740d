// Package chaos executes pipelines in a region of its own on this machine, while
// EMR fails, functions are killed during invocations and localemr is restarted.
// Afterwards it checks from the outside, by EMR's clusters and steps, the records
// and what the steps themselves wrote, that every request became one run with one
// outcome, one cluster at a time and each attempt of a job once, and that nothing
// is left.
package chaos

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"ephemr/internal/proof/chaos/evidence"
)

// Options say what to execute.
type Options struct {
	Runs      int           // number of valid requests; invalid ones are added
	Seed      uint64        // of all random choices
	Max       time.Duration // for all of it
	Parallel  int           // number of concurrent runs
	Kinds     []string      // of faults; nil = all
	Kill      bool          // kill processes too
	RealTicks bool          // only the stage's own ticks, once a minute
	Keep      string        // directory that the region's logs are moved to, when not empty
	Log       io.Writer     // progress
}

// What is reserved of Max to collect evidence, to end the region, and before that
// for the last requests and faults to settle: a message whose intake was killed
// is delivered again after three minutes.
const (
	forLooking  = 25 * time.Second
	forEnding   = 10 * time.Second
	forSettling = 4 * time.Minute
)

// Run executes and checks. There is a report unless the region did not start.
func Run(ctx context.Context, o Options) (r *Report, err error) {
	begun := time.Now()
	region, err := open(ctx, o)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, region.close(ctx)) }()
	if err := region.apply(ctx, o); err != nil {
		return nil, err
	}
	s := newStorm(region, o, begun)
	r = &Report{Seed: o.Seed, Parallel: o.Parallel, RealTicks: o.RealTicks, Up: Seconds(time.Since(begun))}
	played := time.Now()
	if err := s.play(ctx); err != nil {
		return nil, err
	}
	r.Played = Seconds(time.Since(played))
	_, _ = fmt.Fprintf(o.Log, "%s: collecting evidence\n", s.clock())
	e, err := region.collect(ctx, s)
	if err != nil {
		return nil, err
	}
	r.add(s, e, evidence.Check(e))
	if err := region.stuck(ctx, r, e); err != nil {
		return nil, err
	}
	r.Took = Seconds(time.Since(begun))
	return r, nil
}
