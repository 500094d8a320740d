package why

import (
	"time"

	"ephemr/internal/backfill"
	"ephemr/internal/emr/pool"
	"ephemr/internal/records"
	"ephemr/internal/run"
	"ephemr/internal/stage"
)

// Facts are what an answer is derived from.
type Facts struct {
	Records
	Extras

	Now    time.Time
	Limits stage.Limits
}

// Records are those that decide the cause.
type Records struct {
	Run      *run.Record
	Slots    []Slots   // of a queued run: of all limits that it counts against
	Before   *run.Run  // the run in After, or nil
	Backfill *Progress // of a queued run of a backfill
}

// Slots are the slots of a limit.
type Slots struct {
	Key     records.Key
	Max     int
	Holders []string // names of executions, sorted
}

// Progress is the state of a backfill.
type Progress struct {
	State  backfill.State
	Reason string
}

// Extras are what else is reported: they do not change the cause.
type Extras struct {
	Holding map[string]*run.Run // runs that hold slots of full limits, by id
	Usual   map[string]Usual    // how long runs take, by pipeline
	Start   Usual               // how long the clusters of the pipeline take to start
	Ahead   *Ahead
	Bucket  string        // of the call budget, that refuses the call which is due; "" = none
	Refill  time.Duration // until it does not
	Pool    []pool.Cluster
	Objects []string // that are missing; of interest if Looked
	Looked  bool
}

// Usual is how long something usually takes: the median of the last of its kind.
type Usual struct {
	Takes time.Duration
	Of    int // how many it is derived from; 0 = not known
}

// full returns the limits without room for the run.
func (r Records) full() []Slots {
	var all []Slots
	for _, s := range r.Slots {
		if s.taken(r.Run.Run) {
			all = append(all, s)
		}
	}
	return all
}

// taken reports whether s has no room for r.
func (s Slots) taken(r run.Run) bool {
	for _, h := range s.Holders {
		if h == r.ExecutionName() {
			return false
		}
	}
	return len(s.Holders) >= s.Max
}

// cluster is the newest attempt to get a cluster since the run was started or retried.
func (r Records) cluster() *run.Cluster {
	if c := r.Run.Cluster(); c != nil && c.Restart == r.Run.Run.Restarts {
		return c
	}
	return nil
}

// waiter is what the run's execution waits with.
func (r Records) waiter() *run.Waiter {
	w := r.Run.Waiter
	if w == nil || r.Run.Run.Execution != "" && w.Execution != r.Run.Run.Execution {
		return nil
	}
	return w
}
