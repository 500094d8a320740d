package run

import "ephemr/internal/job"

// Outcome is how a run ended.
type Outcome struct {
	State  State     `json:"state"`
	Class  job.Class `json:"class"`
	Reason string    `json:"reason"`
	Cause  string    `json:"cause,omitempty"` // the line that the job which failed has printed about it

	Unpublished *Publication `json:"-"` // where the data of a run is that was to publish it and has not succeeded

	NothingToDo bool `json:"nothingToDo,omitempty"` // it SUCCEEDED, and no job had any work
}
