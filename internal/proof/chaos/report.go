package chaos

import (
	"encoding/json"
	"strings"
	"time"

	"ephemr/internal/proof/chaos/evidence"
	"ephemr/internal/run"
)

// Seconds is a time that JSON writes as a number of seconds.
type Seconds time.Duration

// MarshalJSON writes milliseconds as decimals.
func (s Seconds) MarshalJSON() ([]byte, error) {
	return json.Marshal(time.Duration(s).Round(time.Millisecond).Seconds())
}

// Report is the result of chaos.
type Report struct {
	Seed      uint64  `json:"seed"`
	Parallel  int     `json:"parallel"`
	RealTicks bool    `json:"realTicks"`
	Up        Seconds `json:"up"`     // until the region was deployed
	Played    Seconds `json:"played"` // from the first request until nothing was left
	Took      Seconds `json:"took"`
	FaultsEnd Seconds `json:"faultsEnd"` // when faults ended, from the start

	Requests     map[evidence.Kind]int `json:"requests"`
	Sent         int                   `json:"sent"`   // messages and calls, including repetitions
	Unsent       int                   `json:"unsent"` // requests, for lack of time
	Faults       map[string]int        `json:"faults"` // hits by kind
	Killed       map[string]int        `json:"killed"` // functions
	Hit          int                   `json:"hit"`    // of them, during an invocation
	Restarts     int                   `json:"restarts"`
	Cancels      int                   `json:"cancels"`
	Retries      int                   `json:"retries"`
	Outcomes     map[string]int        `json:"outcomes"` // runs, by state and class
	Clusters     int                   `json:"clusters"`
	Most         int                   `json:"most"` // clusters at once
	Samples      int                   `json:"samples"`
	Steps        int                   `json:"steps"`
	Applications int                   `json:"applications"` // of YARN, which steps did not wait for
	Times        []Times               `json:"times"`
	Calls        map[string]int        `json:"calls"` // of EMR, by operation
	Runs         int                   `json:"runs"`  // that were not rejected

	Repairs    []evidence.Repair    `json:"repairs"`
	Unexpected []string             `json:"unexpected"` // outcomes that no fault explains
	Violations []evidence.Violation `json:"violations"`
	Stuck      []Stuck              `json:"stuck"`
}

// Times is how long something took.
type Times struct {
	What   string  `json:"what"`
	N      int     `json:"n"`
	Median Seconds `json:"median"`
	P90    Seconds `json:"p90"`
	P99    Seconds `json:"p99"`
	Max    Seconds `json:"max"`
}

// Stuck is a request that has not ended, with all that is known about it.
type Stuck struct {
	Request evidence.Request `json:"request"`
	Record  *run.Record      `json:"record,omitempty"`
	States  []string         `json:"states"` // that its execution entered
}

// add fills in the counts and the evidence.
func (r *Report) add(s *storm, e *evidence.Evidence, violations []evidence.Violation) {
	r.Violations, r.Repairs = violations, e.Repairs
	r.FaultsEnd, r.Unsent = Seconds(s.faultsEnd), len(s.requests)-len(e.Requests)
	r.Faults, r.Calls = s.counts.hits, s.counts.calls
	r.Killed, r.Restarts, r.Cancels, r.Retries = s.workers, s.restarts, s.cancels, s.retries
	r.Clusters, r.Most, r.Samples = len(e.Clusters), s.most, s.samples
	r.Requests, r.Outcomes = map[evidence.Kind]int{}, map[string]int{}
	for _, a := range e.Requests {
		r.Requests[a.Kind]++
		r.Sent += a.Times
	}
	for _, c := range e.Clusters {
		r.Steps += len(c.Steps)
	}
	r.Applications = len(e.Applications)
	for _, rec := range e.Records {
		x := rec.Run
		r.Outcomes[strings.TrimSpace(string(x.State)+" "+string(x.Class))]++
		if x.State != run.Rejected {
			r.Runs++
		}
		if x.Class == "internal" || x.Class == "permission" || x.Class == "invalid" && x.State != run.Rejected {
			r.Unexpected = append(r.Unexpected, x.ID+" "+string(x.State)+" "+string(x.Class)+": "+x.Reason)
		}
	}
	r.Times = times(e)
	r.Hit = s.hit()
}
