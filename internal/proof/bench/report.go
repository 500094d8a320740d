package bench

import (
	"ephemr/internal/proof/bench/data"
	"ephemr/internal/proof/bench/service"
	"ephemr/internal/proof/bench/trace"
)

// Seconds is a time that JSON writes as a number of seconds.
type Seconds = trace.Seconds

// Report holds the results. What was not measured is nil.
type Report struct {
	Machine  Machine         `json:"machine"`
	Took     Seconds         `json:"took"`
	Seed     uint64          `json:"seed"`
	Groups   []Group         `json:"groups"`
	Hops     []Hop           `json:"hops"`
	Parts    []Hop           `json:"parts"`
	Shares   []Share         `json:"shares"`
	Floor    Seconds         `json:"floor"` // invocation of a function that does nothing, median
	Shared   Shared          `json:"shared"`
	Wide     *Wide           `json:"wide"`
	Binaries []Binary        `json:"binaries"`
	Service  *service.Report `json:"service"`
	Load     *Load           `json:"load"`
	Backfill *Backfill       `json:"backfill"`
	Intake   *Intake         `json:"intake"`
	Data     *data.Report    `json:"data"`
	Checks   *data.Checked   `json:"checks"`
	Footers  *data.Footers   `json:"footers"`
	Demo     []Phase         `json:"demo"`
	Cold     []Phase         `json:"cold"`
	Failures []Failure       `json:"failures"`
}

// Group is a set of runs of the same kind.
type Group struct {
	Name        string         `json:"name"`
	Runs        int            `json:"runs"`
	Median      Seconds        `json:"median"` // of the overhead
	P90         Seconds        `json:"p90"`
	Longest     Seconds        `json:"longest"`
	Slowest     string         `json:"slowest"`     // hop of the longest run, with its time
	Unexplained Seconds        `json:"unexplained"` // median
	Transitions [2]int         `json:"transitions"` // least and most
	Retries     int            `json:"retries"`     // of all runs
	Calls       [2]int         `json:"calls"`       // of EMR by one run, least and most
	Operations  map[string]int `json:"operations"`  // calls of the run that made the most
}

// Hop is one part of the critical path of the sequential runs.
type Hop struct {
	Name   string  `json:"name"`
	Where  string  `json:"where"`
	Known  int     `json:"known"` // runs in which both ends are known
	Median Seconds `json:"median"`
	P90    Seconds `json:"p90"`
	Share  float64 `json:"share"` // of the overhead of all runs together
	Burst  Seconds `json:"burst"` // median of the four concurrent runs
}

// Share is the part of the overhead that one function or service causes.
type Share struct {
	Where  string  `json:"where"`
	Median Seconds `json:"median"` // of its hops in a run
	Share  float64 `json:"share"`
	Calls  int     `json:"calls"` // invocations in the log, of a function
	Took   Seconds `json:"took"`  // median of the REPORT lines
	P90    Seconds `json:"p90"`   // and their 90th percentile
}

// Shared are the EMR calls that belong to no single run.
type Shared struct {
	Over       Seconds        `json:"over"`
	Operations map[string]int `json:"operations"` // that belong to no single cluster
	Refused    map[string]int `json:"refused"`
}

// Failure is a run that is left out of the figures.
type Failure struct {
	Run   string `json:"run"`
	Group string `json:"group"`
	Why   string `json:"why"`
}
