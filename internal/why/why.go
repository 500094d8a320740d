// Package why says why a run does not run: what it waits for, who has it, and until when.
//
// Reader reads the records, and again until they have not changed between two readings.
// Explain derives the answer from them alone, so every statement is a fact of one moment;
// only Expected is an estimate, from earlier runs of the pipeline.
//
// Tested here, by internal/cli and by internal/proof/simulation.
package why

import (
	"time"

	"ephemr/internal/run"
)

// Cause is why a run does not run, in one word.
type Cause string

// The causes. A run that is QUEUED has the first of its causes in this order.
const (
	Cancelled Cause = "cancel"   // it is to be cancelled, and that is not done yet
	Past      Cause = "past"     // another run must have succeeded before, with dependsOnPast
	Backfill  Cause = "backfill" // its backfill is paused or cancelled
	Limit     Cause = "limit"    // limits are full; Limits has them
	Turn      Cause = "turn"     // its limits have room: other runs are before it, or the next pass of admission starts it

	Starting  Cause = "starting"  // it is ADMITTED: its execution is being started
	Preparing Cause = "preparing" // its execution decides which jobs are needed
	Objects   Cause = "objects"   // objects in S3 do not exist yet, with waitFor
	Creating  Cause = "creating"  // a cluster is being requested
	Budget    Cause = "budget"    // a call to EMR is due and exceeds the call budget; Bucket has which
	Cluster   Cause = "cluster"   // its cluster is starting
	Capacity  Cause = "capacity"  // EC2 lacks instances for its cluster
	Approval  Cause = "approval"  // a person must decide, with approve
	Delay     Cause = "delay"     // the next attempt of a job is due later, with retryDelay
	Submit    Cause = "submit"    // steps are being submitted
	Stopping  Cause = "stopping"  // its steps are being stopped, because the run ends early
	Releasing Cause = "releasing" // its cluster is being terminated, or given back to its pool
	Finishing Cause = "finishing" // its outcome is being recorded

	Running Cause = "running" // it runs: EMR has steps of it
	Ended   Cause = "ended"   // it has ended; Text says how
)

// Answer says why a run does not run.
type Answer struct {
	RunID    string    `json:"runId"`
	State    run.State `json:"state"`
	Cause    Cause     `json:"cause"`
	Text     string    `json:"text"`              // one sentence, of which the run is the subject
	Details  []string  `json:"details,omitempty"` // more sentences
	Since    time.Time `json:"since,omitzero"`
	Expected *Estimate `json:"expected,omitempty"` // when it changes; nil = not known. Of Limit: when each limit has a free slot, which a run before it may take
	Until    time.Time `json:"until,omitzero"`     // when the wait ends at the latest
	Then     string    `json:"then,omitempty"`     // what happens at Until

	Limits  []Full   `json:"limits,omitempty"`   // that are full
	Ahead   *Ahead   `json:"ahead,omitempty"`    // of it in the queue
	WaitsOn string   `json:"waitsFor,omitempty"` // id of the run, backfill or cluster that it waits for
	Jobs    []string `json:"jobs,omitempty"`     // that the cause is about
	Objects []string `json:"objects,omitempty"`  // that are missing or, if it cannot be determined which, all
	Bucket  string   `json:"bucket,omitempty"`   // of the call budget, that is empty
	Next    []string `json:"next,omitempty"`     // commands

	// Changing says that the records changed during each reading: the answer may be of a
	// moment that has passed.
	Changing bool `json:"changing,omitempty"`
}

// Estimate is when something is expected, and what that is derived from.
type Estimate struct {
	At   time.Time `json:"at"`
	From string    `json:"from"`
}

// Full is a limit that is full, with the runs that hold its slots.
type Full struct {
	Scope   Scope    `json:"scope"`
	Name    string   `json:"name,omitempty"` // of the team, pipeline, value or backfill
	Max     int      `json:"max"`
	Held    int      `json:"held"`
	Holders []Holder `json:"holders"` // at most mostHolders
}

// Scope is what a limit is of.
type Scope string

// The scopes of limits.
const (
	OfStage    Scope = "stage"
	OfTeam     Scope = "team"
	OfPipeline Scope = "pipeline"
	OfValue    Scope = "value"    // of a matrix, limits.maxActivePerValue
	OfBackfill Scope = "backfill" // --parallel
)

// Holder is a run that holds a slot.
type Holder struct {
	RunID    string    `json:"runId"`
	State    run.State `json:"state,omitempty"` // final: its slot is being released
	Since    time.Time `json:"since,omitzero"`
	Expected *Estimate `json:"expected,omitempty"` // when it ends; nil = not known
}

// Ahead says what is before a run in the queue.
type Ahead struct {
	Team     int      `json:"team"`               // queued runs of its team with a higher priority, or older
	OrMore   bool     `json:"orMore,omitempty"`   // they were not counted further
	Teams    []Active `json:"teams,omitempty"`    // that have queued runs and fewer active ones: they are served first
	OfTeam   int      `json:"active"`             // active runs of its own team
	Backfill bool     `json:"backfill,omitempty"` // runs of backfills are behind all others
}

// Active is how many runs of a team hold a slot.
type Active struct {
	Team   string `json:"team"`
	Active int    `json:"active"`
}

// Idle reports whether the run waits: for these it is of interest why.
func (a Answer) Idle() bool { return a.Cause != Running && a.Cause != Ended }
