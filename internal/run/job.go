package run

import (
	"time"

	"ephemr/internal/job"
)

// JobState is the state of a job in a run.
type JobState string

// The states of a job.
const (
	JobPending    JobState = "PENDING"    // not started, or waits for its next attempt
	JobSubmitting JobState = "SUBMITTING" // AddJobFlowSteps may or may not have been called
	JobRunning    JobState = "RUNNING"    // a step carries it
	JobSucceeded  JobState = "SUCCEEDED"
	JobFailed     JobState = "FAILED"
	JobSkipped    JobState = "SKIPPED" // something it needs did not succeed, or it was not needed
	JobCancelled  JobState = "CANCELLED"
)

// Over reports whether s is final.
func (s JobState) Over() bool {
	return s == JobSucceeded || s == JobFailed || s == JobSkipped || s == JobCancelled
}

// Job is one job of a run.
type Job struct {
	Name        string            `dynamodbav:"name" json:"name"`
	Type        job.Type          `dynamodbav:"type" json:"type"`
	State       JobState          `dynamodbav:"state" json:"state"`
	Attempt     int               `dynamodbav:"attempt,omitempty" json:"attempt,omitempty"` // the newest, counted from 1
	Base        int               `dynamodbav:"base,omitempty" json:"-"`                    // attempts before the last retry of the run: they do not count against the job's retries
	Nonce       string            `dynamodbav:"nonce,omitempty" json:"-"`                   // of the newest attempt, recorded with its intent
	Restart     int               `dynamodbav:"restart,omitempty" json:"-"`                 // restarts of the run when it was reset
	Intent      string            `dynamodbav:"intent,omitempty" json:"-"`                  // invocation that is submitting it
	IntentAt    time.Time         `dynamodbav:"intentAt,omitzero" json:"-"`
	Approval    *Approval         `dynamodbav:"approval,omitempty" json:"approval,omitempty"`
	DueAt       time.Time         `dynamodbav:"dueAt,omitzero" json:"dueAt,omitzero"` // of a PENDING job: its next attempt starts then, not before
	ClusterID   string            `dynamodbav:"clusterId,omitempty" json:"clusterId,omitempty"`
	StepID      string            `dynamodbav:"stepId,omitempty" json:"stepId,omitempty"`
	StepEnd     *StepEnd          `dynamodbav:"stepEnd,omitempty" json:"-"` // as an event has reported it; nil = none has
	Class       job.Class         `dynamodbav:"class,omitempty" json:"class,omitempty"`
	Reason      string            `dynamodbav:"reason,omitempty" json:"reason,omitempty"`
	Cause       string            `dynamodbav:"cause,omitempty" json:"cause,omitempty"` // the line of its output that says why it failed
	ExitCode    *int              `dynamodbav:"exitCode,omitempty" json:"exitCode,omitempty"`
	NothingToDo bool              `dynamodbav:"nothingToDo,omitempty" json:"nothingToDo,omitempty"` // it SUCCEEDED without work
	Unneeded    bool              `dynamodbav:"unneeded,omitempty" json:"unneeded,omitempty"`       // it was SKIPPED by a condition, and not because something failed
	StartedAt   time.Time         `dynamodbav:"startedAt,omitzero" json:"startedAt,omitzero"`
	EndedAt     time.Time         `dynamodbav:"endedAt,omitzero" json:"endedAt,omitzero"`
	Outputs     map[string]string `dynamodbav:"outputs,omitempty" json:"outputs,omitempty"`
	LogsCut     bool              `dynamodbav:"logsCut,omitempty" json:"logsCut,omitempty"` // CloudWatch does not have all of its output
	Tail        []string          `dynamodbav:"tail,omitempty" json:"tail,omitempty"`
	Findings    []job.Finding     `dynamodbav:"findings,omitempty" json:"findings,omitempty"`
	Tables      []job.Table       `dynamodbav:"tables,omitempty" json:"tables,omitempty"`   // that it has read and written, as far as its program says so
	Resize      string            `dynamodbav:"resize,omitempty" json:"resize,omitempty"`   // result of its resize request
	Earlier     []Attempt         `dynamodbav:"earlier,omitempty" json:"earlier,omitempty"` // earlier attempts, which failed

	Background []string `dynamodbav:"background,omitempty" json:"background,omitempty"` // processes that outlived the program and were ended
}

// StepEnd is how the engine's service has reported the end of a step by an event.
// It may come before the step's id is recorded in the job.
type StepEnd struct {
	ClusterID string `dynamodbav:"clusterId"`
	StepID    string `dynamodbav:"stepId"`
	State     string `dynamodbav:"state"` // in the words of the service
}

// Ended returns how the step of j's newest attempt has ended, as far as an event has
// reported it, or "".
func (j Job) Ended() string {
	if e := j.StepEnd; e != nil && e.StepID == j.StepID && e.ClusterID == j.ClusterID {
		return e.State
	}
	return ""
}

// Attempt is a failed attempt that another followed.
type Attempt struct {
	Attempt   int       `dynamodbav:"attempt" json:"attempt"`
	StepID    string    `dynamodbav:"stepId" json:"stepId"`
	ClusterID string    `dynamodbav:"clusterId,omitempty" json:"clusterId,omitempty"` // empty in older records
	Class     job.Class `dynamodbav:"class" json:"class"`
	Reason    string    `dynamodbav:"reason" json:"reason"`
	ExitCode  *int      `dynamodbav:"exitCode,omitempty" json:"exitCode,omitempty"`
	StartedAt time.Time `dynamodbav:"startedAt,omitzero" json:"startedAt,omitzero"`
	EndedAt   time.Time `dynamodbav:"endedAt" json:"endedAt"`
	LogsCut   bool      `dynamodbav:"logsCut,omitempty" json:"logsCut,omitempty"`

	Background []string `dynamodbav:"background,omitempty" json:"background,omitempty"`
}

// Decision is what was decided on a job.
type Decision string

// The decisions.
const (
	Approved Decision = "approved"
	Refused  Decision = "refused"
	Expired  Decision = "expired" // there was none in time
)

// Approval is a job's wait for a person.
type Approval struct {
	Message  string    `dynamodbav:"message,omitempty" json:"message,omitempty"`
	Keep     bool      `dynamodbav:"keep,omitempty" json:"keep,omitempty"` // the cluster
	AskedAt  time.Time `dynamodbav:"askedAt" json:"askedAt"`
	Until    time.Time `dynamodbav:"until" json:"until"`
	Decision Decision  `dynamodbav:"decision,omitempty" json:"decision,omitempty"` // "" = none yet
	By       string    `dynamodbav:"by,omitempty" json:"by,omitempty"`             // as the caller says
	Why      string    `dynamodbav:"why,omitempty" json:"why,omitempty"`
	At       time.Time `dynamodbav:"at,omitzero" json:"at,omitzero"`
}

// Awaiting reports whether j waits for a decision.
func (j Job) Awaiting() bool {
	return j.State == JobPending && j.Approval != nil && j.Approval.Decision == ""
}

// Past is j's newest attempt as an entry of Earlier.
func (j Job) Past() Attempt {
	return Attempt{
		Attempt: j.Attempt, StepID: j.StepID, ClusterID: j.ClusterID, Class: j.Class, Reason: j.Reason, ExitCode: j.ExitCode,
		StartedAt: j.Began(), EndedAt: j.EndedAt, LogsCut: j.LogsCut, Background: j.Background,
	}
}

// Step is the name of j's newest attempt. On the run's own cluster it is also the
// name of the step that carries it.
func (j Job) Step() string { return StepName(j.Name, j.Attempt) }

// Began is when j's newest attempt began: by its runner's clock, or else when it was
// submitted.
func (j Job) Began() time.Time {
	if j.StartedAt.Before(j.IntentAt) {
		return j.IntentAt
	}
	return j.StartedAt
}
