// Package evidence judges what a storm has left behind: what was asked for,
// what the records say, what EMR has, and what the steps themselves wrote.
package evidence

import (
	"strings"
	"time"

	"ephemr/internal/run"
)

// Kind of a request.
type Kind string

// The kinds: over the requests queue, by an object, by S3's event of one, by an
// execution that is started by hand, and a request that is wrong.
const (
	Request Kind = "request"
	Upload  Kind = "upload"
	Event   Kind = "event"
	Hand    Kind = "hand"
	Poison  Kind = "poison"
)

// Ask is a request for a run, made once or several times.
type Ask struct {
	Kind      Kind   `json:"kind"`
	ID        string `json:"id"` // request id, object key or name of the execution
	Pipeline  string `json:"pipeline,omitempty"`
	Times     int    `json:"times"`
	Body      string `json:"body,omitempty"`
	Execution string `json:"execution,omitempty"`
}

// Evidence is everything that was found.
type Evidence struct {
	Asks     []Ask
	Records  []*run.Record
	Clusters []Cluster
	Lines    []Line
	Doubles  []string            // moments at which a run had several clusters
	Dead     map[string][]string // bodies in the dead-letter queues
	Left     Leftovers
	Repairs  []Repair
}

// Cluster is what EMR knows of one.
type Cluster struct {
	ID, Name, State       string
	Created, Ready, Ended time.Time
	Steps                 []Step
}

// Alive says whether the cluster has not been told to end.
func (c Cluster) Alive() bool {
	switch c.State {
	case "TERMINATING", "TERMINATED", "TERMINATED_WITH_ERRORS":
		return false
	}
	return true
}

// Step is what EMR knows of one.
type Step struct {
	Name, State string
	Ended       time.Time
}

// Line is what an attempt of a job wrote of itself.
type Line struct {
	Word    string // begun or done
	Run     string
	Job     string
	Attempt string
}

// Leftovers are what nobody needs any more when all runs are over.
type Leftovers struct {
	Waiters    []string // runs that have one
	Slots      []string // runs that hold one
	Executions []string // that are running
}

// Repair is something that sweep had to mend.
type Repair struct {
	What    string `json:"what"`
	RunID   string `json:"runId,omitempty"`
	Cluster string `json:"clusterId,omitempty"`
	Reason  string `json:"reason"`
}

// Matches says whether r is the run of the request.
func (a Ask) Matches(r run.Run) bool {
	switch a.Kind {
	case Request:
		return r.Trigger.RequestID == a.ID
	case Upload, Event:
		return r.Trigger.Key == a.ID
	case Hand:
		// Not by the run's execution: one that was retried has another.
		return r.Trigger.Kind == run.ByManual && a.Execution != "" && identity(r.ID) == identity(run.ID(a.Pipeline, time.Time{}, run.ByManual, a.Execution))
	case Poison:
		return contains(r.Body, a.ID)
	}
	return false
}

// Unsettled returns the requests that have no run which is over.
func Unsettled(asks []Ask, runs []run.Run) []Ask {
	var out []Ask
	for _, a := range asks {
		settled := false
		for _, r := range runs {
			if a.Matches(r) {
				settled = r.State.Final()
			}
		}
		if !settled {
			out = append(out, a)
		}
	}
	return out
}

// identity is the end of a run's id, which does not depend on its time.
func identity(id string) string { return id[strings.LastIndexByte(id, '-')+1:] }
