// Package events holds every event that comes in or goes out: its Go type, the
// source and detail type it is recognised by, and a sample in testdata.
package events

import (
	"encoding/json"
	"time"
)

// Envelope is EventBridge's wrapping of an event.
// Source: Amazon EventBridge User Guide, "Events: structure".
type Envelope struct {
	ID         string          `json:"id"`
	Source     string          `json:"source"`
	DetailType string          `json:"detail-type"`
	Account    string          `json:"account"`
	Region     string          `json:"region"`
	Time       time.Time       `json:"time"`
	Resources  []string        `json:"resources"`
	Detail     json.RawMessage `json:"detail"`
}

// Detail types.
const (
	TypeObjectCreated = "Object Created"
	TypeClusterState  = "EMR Cluster State Change"
	TypeStepStatus    = "EMR Step Status Change"
	TypeRunFinished   = "RunFinished"
	TypeRepaired      = "Repaired"
)

// Sources.
const (
	SourceS3  = "aws.s3"
	SourceEMR = "aws.emr" // on a laptop the stage's configuration names another
	Source    = "ephemr"  // our own events
)

// ObjectCreated is the detail of S3's "Object Created": durable, at least once.
// Source: Amazon S3 User Guide, "EventBridge event message structure".
type ObjectCreated struct {
	Bucket struct {
		Name string `json:"name"`
	} `json:"bucket"`
	Object struct {
		Key       string `json:"key"` // as it is, not URL-encoded
		Size      int64  `json:"size"`
		ETag      string `json:"etag"`
		VersionID string `json:"version-id"`
		Sequencer string `json:"sequencer"`
	} `json:"object"`
	Reason string `json:"reason"`
}

// ClusterState is the detail of EMR's "EMR Cluster State Change": best effort.
// Source: Amazon EMR Management Guide, "Monitor EMR events with CloudWatch".
type ClusterState struct {
	ClusterID         string `json:"clusterId"`
	Name              string `json:"name"`
	State             string `json:"state"`
	StateChangeReason string `json:"stateChangeReason"` // a JSON string
	Message           string `json:"message"`           // for people; never parsed
}

// NewsStates are the states, of clusters and of steps, that somebody may wait
// for. Events about others need not be delivered.
var NewsStates = []string{"WAITING", "TERMINATED", "TERMINATED_WITH_ERRORS", "COMPLETED", "FAILED", "CANCELLED"}

// StepStatus is the detail of EMR's "EMR Step Status Change": best effort.
type StepStatus struct {
	ClusterID string `json:"clusterId"`
	StepID    string `json:"stepId"`
	Name      string `json:"name"`
	State     string `json:"state"`
	Message   string `json:"message"` // for people; never parsed
}

// ScheduleTick is what a pipeline's schedule sends to the events queue.
type ScheduleTick struct {
	Kind          string `json:"kind"` // "schedule"
	Pipeline      string `json:"pipeline"`
	ScheduledTime string `json:"scheduledTime"` // RFC 3339, filled in by EventBridge Scheduler
}

// KindSchedule marks a ScheduleTick.
const KindSchedule = "schedule"

// ScheduledTimePlaceholder is what Scheduler replaces by the planned time.
// Source: EventBridge Scheduler User Guide, "Adding context attributes".
const ScheduledTimePlaceholder = "<aws.scheduler.scheduled-time>"

// Request is a message on the requests queue: run this pipeline, or this
// pipeline that comes along.
type Request struct {
	RequestID   string            `json:"requestId"` // same id, same run
	Pipeline    string            `json:"pipeline"`
	User        string            `json:"user,omitempty"`        // whom it wants to run as; who sent it decides whether it may
	LogicalTime string            `json:"logicalTime,omitempty"` // RFC 3339 or 2006-01-02; default: when it was sent
	Params      map[string]string `json:"params,omitempty"`
	Priority    *int              `json:"priority,omitempty"` // 0..9, default the pipeline's
	Spec        json.RawMessage   `json:"spec,omitempty"`     // of an ad-hoc pipeline, as ephemr submit sends it
}

// MaxRequest is how large a request may be, in bytes: the record it becomes
// must fit into DynamoDB's 400 KiB beside everything else.
const MaxRequest = 128 << 10

// Manual is the input of a hand-started execution.
type Manual struct {
	RunID       string            `json:"runId,omitempty"` // set by admission, not by people
	Pipeline    string            `json:"pipeline"`
	LogicalTime string            `json:"logicalTime,omitempty"`
	LogicalDate string            `json:"logicalDate,omitempty"` // the same under the name people use
	Params      map[string]string `json:"params,omitempty"`
}

// RunFinished is the detail of our own event about an outcome. At least once.
type RunFinished struct {
	RunID       string    `json:"runId"`
	Pipeline    string    `json:"pipeline"`
	State       string    `json:"state"`
	Class       string    `json:"class,omitempty"`
	Reason      string    `json:"reason,omitempty"`
	NothingToDo bool      `json:"nothingToDo,omitempty"` // SUCCEEDED, and no job had any work
	ClusterID   string    `json:"clusterId,omitempty"`
	CostUSD     float64   `json:"costUsd,omitempty"`
	EndedAt     time.Time `json:"endedAt"`
}

// Repaired is the detail of our own event about something sweep had to mend:
// each one is a bug somewhere.
type Repaired struct {
	What      string `json:"what"` // e.g. cluster-terminated, slot-released, run-finished
	RunID     string `json:"runId,omitempty"`
	ClusterID string `json:"clusterId,omitempty"`
	Reason    string `json:"reason"`
}
