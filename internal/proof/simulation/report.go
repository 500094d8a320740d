package simulation

import (
	"fmt"
	"maps"
	"strings"
	"time"
)

// Report is what came of a storm.
type Report struct {
	Seed     uint64
	Asked    int
	Kind     string
	Runs     int            // accepted
	Outcomes map[string]int // by state
	Calls    map[string]int // of AWS by functions, by what became of them
	Leases   int            // of clusters that other runs had made
	Resized  int            // calls that have changed a cluster's size
	Causes   map[string]int // for which runs were said not to run, by how often
	Broken   []Violation
	History  uint64        // of all calls and their fates
	Lasted   time.Duration // in virtual time
}

func (c *checker) report(s Storm, k kind, x *chaos, lasted time.Duration) Report {
	c.mu.Lock()
	defer c.mu.Unlock()
	r := Report{Seed: s.Seed, Asked: s.Runs, Kind: k.name, Outcomes: map[string]int{}, Calls: map[string]int{}, Causes: map[string]int{}, Leases: c.warm, Resized: c.resized, Broken: c.broken, Lasted: lasted}
	for _, state := range c.states {
		r.Outcomes[string(state)]++
		r.Runs++
	}
	for cause, n := range c.why {
		r.Causes[string(cause)] = n
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	r.History = x.history
	for f, n := range x.fates {
		r.Calls[string(f)] = n
	}
	return r
}

// Troubles counts the calls that did not simply pass.
func (r Report) Troubles() int {
	n := -r.Calls[string(passes)]
	for m := range maps.Values(r.Calls) {
		n += m
	}
	return n
}

// Answers counts how often it was asked why a run does not run.
func (r Report) Answers() (n int) {
	for _, of := range r.Causes {
		n += of
	}
	return n
}

func (r Report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "storm %d (%s): %d runs %v, %d on warm clusters, in %s, calls %v, idle because of %v, history %x",
		r.Seed, r.Kind, r.Runs, r.Outcomes, r.Leases, r.Lasted.Round(time.Minute), r.Calls, r.Causes, r.History)
	for _, v := range r.Broken {
		fmt.Fprintf(&b, "\n  %s", v)
	}
	return b.String()
}

// ReplayCommand says how to see a storm again.
func (r Report) ReplayCommand() string {
	return fmt.Sprintf("make simulate SEED=%d RUNS=%d WORLD=%d KIND=%q", r.Seed, r.Asked, r.Asked, r.Kind)
}
