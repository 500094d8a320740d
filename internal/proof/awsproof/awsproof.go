// Package awsproof settles what only an AWS account can: it deploys the stage proof,
// makes AWS do what the documentation does not specify, compares that with what
// the code assumes, destroys everything, and reports.
//
// The same probes run on the local region, so that they work when they are needed.
// What they find there says nothing about AWS, and the report says so.
package awsproof

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"ephemr/internal/local/laptop"
)

// Stage is the stage that is deployed and destroyed.
const Stage = "proof"

// Options say where to look and for what.
type Options struct {
	Region *laptop.Region // a running local region with its stage; nil = the account that the environment selects
	Root   string         // checkout; with Region that of the region
	Probes []string       // names; empty = all of Probes that can run there
	Max    time.Duration  // until the probes are stopped; the deployment counts, the destruction does not
	Log    io.Writer      // progress
}

// destroyWithin is for the destruction, which an interrupt does not shorten.
const destroyWithin = 20 * time.Minute

// Run probes and reports. There is a report unless the stage could not be used. The
// error joins what went wrong; what AWS does differently is not an error.
func Run(ctx context.Context, o Options) (report *Report, err error) {
	chosen, err := choose(o)
	if err != nil {
		return nil, err
	}
	begun := time.Now()
	limited, cancel := context.WithTimeoutCause(ctx, o.Max, fmt.Errorf("the time limit of %s has passed", o.Max))
	defer cancel()
	w, err := open(limited, o)
	if err != nil {
		return nil, err
	}
	report = &Report{Local: o.Region != nil, Region: w.region, Begun: begun, accounts: []string{w.account}}
	defer func() {
		ending, stop := context.WithTimeout(context.WithoutCancel(ctx), destroyWithin)
		defer stop()
		var ended error
		report.Left, ended = w.close(ending)
		report.Took = time.Since(begun)
		err = errors.Join(err, ended)
	}()
	if err = w.ready(limited); err != nil {
		return report, err
	}
	report.Version = w.settings.Version
	report.Observations = w.observe(limited, chosen)
	report.judge()
	return report, report.broken()
}

// choose returns the probes to run.
func choose(o Options) ([]Probe, error) {
	var chosen []Probe
	known := map[string]bool{}
	for _, p := range Probes {
		known[p.Name] = true
		if len(o.Probes) == 0 && (o.Region == nil || !p.onlyAWS) || named(o.Probes, p.Name) {
			chosen = append(chosen, p)
		}
	}
	for _, name := range o.Probes {
		if !known[name] {
			return nil, fmt.Errorf("unknown probe %q: use one of %s", name, Names())
		}
	}
	return chosen, nil
}
