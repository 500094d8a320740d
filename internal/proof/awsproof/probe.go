package awsproof

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// Facts are what a probe has seen, by name.
type Facts map[string]string

// Probe makes AWS do something and reports what it did.
type Probe struct {
	Name  string
	About string
	// Probes of a lane run one after the other, and those that use ephemr share a cluster of a pool.
	Lane      string
	Instances int           // that it adds while it runs, for the estimate
	Lasts     time.Duration // on AWS, including the start of its cluster, for the estimate

	onlyAWS bool // the local region could not answer
	run     func(ctx context.Context, w *world) (Facts, error)
}

// Probes lists all probes. Lanes run side by side: together they need 28 vCPUs.
var Probes = []Probe{
	{Name: "doctor", About: "ephemr doctor on the stage", Lane: "laptop", Lasts: time.Minute, run: doctor},
	{Name: "query", About: "a query by Athena", Lane: "laptop", Lasts: time.Minute, run: query},
	{Name: "inspect", About: "a Bash job without a user looks around", Lane: "stage", Instances: 1, Lasts: 9 * time.Minute, run: inspect(noUser)},
	{Name: "spark", About: "a Spark job without a user", Lane: "stage", Instances: 1, Lasts: 2 * time.Minute, run: spark(noUser)},
	{Name: "catalog", About: "Spark SQL and Hive without a user use the catalog", Lane: "stage", Instances: 1, Lasts: 2 * time.Minute, run: catalog(noUser)},
	{Name: "schedule", About: "a schedule in a time zone starts a run", Lane: "stage", Instances: 1, Lasts: 2 * time.Minute, run: schedule},
	{Name: "cancel", About: "a job is cancelled", Lane: "stage", Instances: 1, Lasts: 2 * time.Minute, run: cancel},
	{Name: "stop", About: "an execution is stopped in Step Functions", Lane: "stage", Instances: 1, Lasts: 2 * time.Minute, run: stop},
	{Name: "user", About: "a Bash job with a runtime role looks around", Lane: "user", Instances: 1, Lasts: 9 * time.Minute, run: inspect(asUser)},
	{Name: "user-spark", About: "a Spark job with a runtime role", Lane: "user", Instances: 1, Lasts: 2 * time.Minute, run: spark(asUser)},
	{Name: "user-catalog", About: "Spark SQL and Hive with a runtime role use the catalog", Lane: "user", Instances: 1, Lasts: 2 * time.Minute, run: catalog(asUser)},
	{Name: "demo", About: "the demo: from an upload to published statistics", Lane: "demo", Instances: 2, Lasts: 13 * time.Minute, run: flightsDemo},
	{Name: "busy", About: "a Bash job outlasts the idle timeout of its cluster", Lane: "busy", Instances: 1, Lasts: 12 * time.Minute, onlyAWS: true, run: busy},
	{Name: "idle", About: "a running step that EMR may take for idle", Lane: "idle", Instances: 1, Lasts: 13 * time.Minute, run: idle},
	{Name: "bootstrap", About: "a bootstrap action fails", Lane: "bootstrap", Instances: 1, Lasts: 7 * time.Minute, run: bootstrap},
	{Name: "unsupported", About: "an instance type that EMR does not support", Lane: "bootstrap", Lasts: time.Minute, onlyAWS: true, run: unsupported},
	{Name: "rollback", About: "a stack that cannot be created", Lane: "rollback", Lasts: 2 * time.Minute, run: rollback},
}

// Names lists the probes, for people.
func Names() string {
	var names []string
	for _, p := range Probes {
		names = append(names, p.Name)
	}
	return strings.Join(names, ", ")
}

func named(names []string, name string) bool { return slices.Contains(names, name) }

// Observation is what came of a probe.
type Observation struct {
	Probe Probe
	Facts Facts
	Err   error
	Took  time.Duration
}

// observe runs the probes and returns their observations in the same order.
func (w *world) observe(ctx context.Context, probes []Probe) []Observation {
	all := make([]Observation, len(probes))
	lanes := map[string][]int{}
	for i, p := range probes {
		lanes[p.Lane] = append(lanes[p.Lane], i)
	}
	var wait sync.WaitGroup
	for _, lane := range lanes {
		wait.Go(func() {
			for _, i := range lane {
				all[i] = w.one(ctx, probes[i])
			}
		})
	}
	wait.Wait()
	return all
}

func (w *world) one(ctx context.Context, p Probe) Observation {
	o := Observation{Probe: p}
	if ctx.Err() != nil {
		o.Err = fmt.Errorf("not begun: %w", context.Cause(ctx))
		return o
	}
	w.log("%-12s begins: %s", p.Name, p.About)
	begun := time.Now()
	o.Facts, o.Err = p.run(ctx, w)
	if o.Err != nil && ctx.Err() != nil {
		o.Err = fmt.Errorf("%w: %w", context.Cause(ctx), o.Err)
	}
	o.Took = time.Since(begun)
	result := "done"
	if o.Err != nil {
		result = o.Err.Error()
	}
	w.log("%-12s after %.0f s: %s", p.Name, o.Took.Seconds(), result)
	return o
}
