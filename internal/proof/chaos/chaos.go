// Package chaos runs pipelines for real, in a region of its own on this machine,
// while EMR fails, functions are killed in the middle of their work and localemr
// goes down. Afterwards it looks from the outside, at EMR's clusters and steps,
// the records and what the steps themselves have written, whether every request
// still became one run with one outcome, one cluster at a time and each attempt
// of a job once, and whether anything is left.
package chaos

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"ephemr/internal/proof/chaos/evidence"
)

// Options say what to play.
type Options struct {
	Runs      int           // requests that are right; wrong ones come on top
	Seed      uint64        // of everything that is drawn
	Max       time.Duration // for all of it
	Parallel  int           // runs side by side
	Kinds     []string      // of faults; nil = all
	Kill      bool          // processes too
	RealTicks bool          // only the stage's own ticks, once a minute
	Keep      string        // directory that the region's logs are moved to, when not empty
	Log       io.Writer     // progress
}

// What is kept of Max for looking at what is left, and for the region's end; and
// before that for what was sent and broken last, so that it can come to an end:
// a message of which intake died comes again after three minutes.
const (
	forLooking  = 25 * time.Second
	forEnding   = 10 * time.Second
	forSettling = 4 * time.Minute
)

// Run plays and judges. The report is there unless the region never came up.
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
	_, _ = fmt.Fprintf(o.Log, "%s: look at what is left\n", s.clock())
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
