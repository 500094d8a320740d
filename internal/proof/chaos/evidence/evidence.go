// Package evidence checks the invariants on what is there after all runs have
// ended: the requests, the records, EMR's clusters and steps, and what the steps
// themselves wrote.
package evidence

import (
	"strings"
	"time"

	"ephemr/internal/run"
)

// Kind of a request.
type Kind string

// The kinds: a message in the requests queue, an uploaded object, S3's event of
// one, an execution that is started manually, and an invalid message.
const (
	ByQueue  Kind = "request"
	ByUpload Kind = "upload"
	ByEvent  Kind = "event"
	Manual   Kind = "manual"
	Invalid  Kind = "invalid"
)

// Request is a request for a run, sent once or several times.
type Request struct {
	Kind      Kind   `json:"kind"`
	ID        string `json:"id"` // request id, object key or name of the execution
	Pipeline  string `json:"pipeline,omitempty"`
	Times     int    `json:"times"`
	Body      string `json:"body,omitempty"`
	Execution string `json:"execution,omitempty"`
}

// Evidence is everything that was found.
type Evidence struct {
	Requests     []Request
	Records      []*run.Record
	Clusters     []Cluster
	Lines        []Line
	Applications []Application
	Overlaps     []string            // moments at which a run had several clusters
	Dead         map[string][]string // bodies in the dead-letter queues
	Left         Leftovers
	Repairs      []Repair
}

// Cluster is what EMR knows of one.
type Cluster struct {
	ID, Name, State       string
	Created, Ready, Ended time.Time
	Steps                 []Step
}

// Alive says whether the cluster is neither terminating nor terminated.
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

// Line is what an attempt of a job wrote about itself.
type Line struct {
	Word    string // begun or done
	Run     string
	Job     string
	Attempt string
}

// Leftovers are what must not exist any more when all runs have ended.
type Leftovers struct {
	Waiters    []string // runs that have one
	Slots      []string // runs that hold one
	Executions []string // that are running
}

// Repair is something that sweep repaired.
type Repair struct {
	What    string `json:"what"`
	RunID   string `json:"runId,omitempty"`
	Cluster string `json:"clusterId,omitempty"`
	Reason  string `json:"reason"`
}

// Matches says whether r is the run of the request.
func (a Request) Matches(r run.Run) bool {
	switch a.Kind {
	case ByQueue:
		return r.Trigger.RequestID == a.ID
	case ByUpload, ByEvent:
		return r.Trigger.Key == a.ID
	case Manual:
		// Not by the execution: a run that was retried has another.
		return r.Trigger.Kind == run.ByManual && a.Execution != "" && identity(r.ID) == identity(run.ID(a.Pipeline, time.Time{}, run.ByManual, a.Execution))
	case Invalid:
		return contains(r.Body, a.ID)
	}
	return false
}

// Unsettled returns the requests without a run that has ended.
func Unsettled(requests []Request, runs []run.Run) []Request {
	var out []Request
	for _, a := range requests {
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
