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

// Report is what chaos has found out.
type Report struct {
	Seed      uint64  `json:"seed"`
	Parallel  int     `json:"parallel"`
	RealTicks bool    `json:"realTicks"`
	Up        Seconds `json:"up"`     // until the region was deployed
	Played    Seconds `json:"played"` // from the first request until nothing was left
	Took      Seconds `json:"took"`
	Calm      Seconds `json:"calm"` // when faults ended, from the start

	Asked    map[evidence.Kind]int `json:"asked"`
	Sent     int                   `json:"sent"`   // messages and calls, with those that were made again
	Unsent   int                   `json:"unsent"` // requests, for lack of time
	Faults   map[string]int        `json:"faults"` // hits by kind
	Killed   map[string]int        `json:"killed"` // functions
	Hit      int                   `json:"hit"`    // of them, in the middle of an invocation
	Bounces  int                   `json:"bounces"`
	Cancels  int                   `json:"cancels"`
	Retries  int                   `json:"retries"`
	Outcomes map[string]int        `json:"outcomes"` // runs, by state and class
	Clusters int                   `json:"clusters"`
	Most     int                   `json:"most"` // clusters at once
	Samples  int                   `json:"samples"`
	Steps    int                   `json:"steps"`
	Times    []Times               `json:"times"`
	Calls    map[string]int        `json:"calls"` // of EMR, by operation
	Runs     int                   `json:"runs"`  // that were not rejected

	Repairs  []evidence.Repair `json:"repairs"`
	Surprise []string          `json:"surprise"` // outcomes that are nobody's fault but ours
	Breaches []evidence.Breach `json:"breaches"`
	Stuck    []Stuck           `json:"stuck"`
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

// Stuck is a request that has not come to an end, with all that is known.
type Stuck struct {
	Ask    evidence.Ask `json:"ask"`
	Record *run.Record  `json:"record,omitempty"`
	States []string     `json:"states"` // that its execution entered
}

// add fills in what was counted and found.
func (r *Report) add(s *storm, e *evidence.Evidence, breaches []evidence.Breach) {
	r.Breaches, r.Repairs = breaches, e.Repairs
	r.Calm, r.Unsent = Seconds(s.calm), len(s.asks)-len(e.Asks)
	r.Faults, r.Calls = s.counts.hits, s.counts.calls
	r.Killed, r.Bounces, r.Cancels, r.Retries = s.workers, s.bounces, s.cancels, s.retries
	r.Clusters, r.Most, r.Samples = len(e.Clusters), s.most, s.samples
	r.Asked, r.Outcomes = map[evidence.Kind]int{}, map[string]int{}
	for _, a := range e.Asks {
		r.Asked[a.Kind]++
		r.Sent += a.Times
	}
	for _, c := range e.Clusters {
		r.Steps += len(c.Steps)
	}
	for _, rec := range e.Records {
		x := rec.Run
		r.Outcomes[strings.TrimSpace(string(x.State)+" "+string(x.Class))]++
		if x.State != run.Rejected {
			r.Runs++
		}
		if x.Class == "internal" || x.Class == "permission" || x.Class == "invalid" && x.State != run.Rejected {
			r.Surprise = append(r.Surprise, x.ID+" "+string(x.State)+" "+string(x.Class)+": "+x.Reason)
		}
	}
	r.Times = times(e)
	r.Hit = s.hit()
}
