// Package events defines every event that is received or sent: its Go type, its
// source and detail type, and a sample in testdata.
package events

import (
	"encoding/json"
	"time"
)

// Envelope is the structure of an EventBridge event.
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
	TypeProvisioning  = "EMR Instance Fleet Provisioning"
	TypeExecution     = "Step Functions Execution Status Change"
	TypeScheduled     = "Scheduled Event" // the tick of a rule with a schedule
	TypeRunFinished   = "RunFinished"
	TypeRepaired      = "Repaired"
	TypeNotice        = "Notice"
)

// Sources.
const (
	SourceS3     = "aws.s3"
	SourceEMR    = "aws.emr" // of AWS; the stage's configuration names the source
	SourceStates = "aws.states"
	SourceEvents = "aws.events" // EventBridge itself: rules with a schedule
	Source       = "ephemr"     // events that ephemr sends
)

// ObjectCreated is the detail of S3's "Object Created": durable, at least once.
// Source: Amazon S3 User Guide, "EventBridge event message structure".
type ObjectCreated struct {
	Bucket struct {
		Name string `json:"name"`
	} `json:"bucket"`
	Object struct {
		Key       string `json:"key"` // not URL-encoded
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
	Message           string `json:"message"`           // for humans; never parsed
}

// AwaitedStates are the states of clusters and of steps that a run can wait for.
// Events about other states are not needed.
var AwaitedStates = []string{"WAITING", "TERMINATED", "TERMINATED_WITH_ERRORS", "COMPLETED", "FAILED", "CANCELLED"}

// StepStatus is the detail of EMR's "EMR Step Status Change": best effort.
type StepStatus struct {
	ClusterID string `json:"clusterId"`
	StepID    string `json:"stepId"`
	Name      string `json:"name"`
	State     string `json:"state"`
	Message   string `json:"message"` // for humans; never parsed
}

// FleetProvisioning is the detail of EMR's "EMR Instance Fleet Provisioning": best
// effort, and repeated for as long as EC2 has no instances for a fleet.
// Source: Amazon EMR Management Guide, "Responding to Amazon EMR cluster
// insufficient instance capacity events".
type FleetProvisioning struct {
	ClusterID         string `json:"clusterId"`
	Name              string `json:"name"` // of the cluster
	EventCode         string `json:"eventCode"`
	State             string `json:"state"` // CREATING or RESIZING
	InstanceFleetID   string `json:"instanceFleetId"`
	InstanceFleetType string `json:"instanceFleetType"` // MASTER, CORE or TASK
	Message           string `json:"message"`           // for humans; never parsed
}

// CodeInsufficientCapacity is the event code of a FleetProvisioning that reports
// that EC2 lacks instances.
const CodeInsufficientCapacity = "EC2 provisioning - Insufficient Instance Capacity"

// ExecutionStatus is the detail of Step Functions' "Step Functions Execution Status Change": best effort.
// Source: AWS Step Functions Developer Guide, "Automating Step Functions event delivery with EventBridge".
type ExecutionStatus struct {
	ExecutionARN string `json:"executionArn"`
	Name         string `json:"name"`
	Status       string `json:"status"`
	StartDate    int64  `json:"startDate"` // milliseconds since 1970
	Input        string `json:"input"`     // JSON; missing if it is very long
}

// StoppedStatuses are those of executions that may have ended without recording it.
var StoppedStatuses = []string{"ABORTED", "FAILED", "TIMED_OUT"}

// ScheduleTick is the message that the calendar sends to the events queue when a planned
// time of a pipeline's schedule has come.
type ScheduleTick struct {
	Kind          string            `json:"kind"` // "schedule"
	Pipeline      string            `json:"pipeline"`
	ScheduledTime string            `json:"scheduledTime"` // RFC 3339
	Params        map[string]string `json:"params,omitempty"`
	Priority      *int              `json:"priority,omitempty"` // default: the pipeline's
	Schedule      string            `json:"schedule,omitempty"` // cron fields and time zone
	After         string            `json:"after,omitempty"`    // RFC 3339: planned time whose run must succeed before
}

// KindSchedule marks a ScheduleTick.
const KindSchedule = "schedule"

// BatchDue is the message that intake sends to the events queue, for the time when a batch
// of objects is to be closed.
type BatchDue struct {
	Kind  string `json:"kind"` // "batch"
	Batch string `json:"batch"`
}

// KindBatch marks a BatchDue.
const KindBatch = "batch"

// Request is a message on the requests queue: run a registered pipeline, or the
// one in Spec.
type Request struct {
	RequestID   string            `json:"requestId"` // idempotency token: one run for each id and sender
	Pipeline    string            `json:"pipeline"`
	User        string            `json:"user,omitempty"`        // the user to run as; its sender must be permitted to use it
	LogicalTime string            `json:"logicalTime,omitempty"` // RFC 3339 or 2006-01-02; default: when it was sent
	Params      map[string]string `json:"params,omitempty"`
	Priority    *int              `json:"priority,omitempty"` // 0..9; default: the pipeline's
	Spec        json.RawMessage   `json:"spec,omitempty"`     // an ad-hoc pipeline, as ephemr submit sends it
	Object      *Object           `json:"object,omitempty"`   // of S3, given to the run as an event would
}

// Object is a version of an object of S3.
type Object struct {
	URI     string `json:"uri"`               // s3://bucket/key
	Version string `json:"version,omitempty"` // none in a bucket without versions
	ETag    string `json:"etag,omitempty"`
	Size    int64  `json:"size,omitempty"` // bytes
	Time    string `json:"time,omitempty"` // RFC 3339: when it was created
}

// Objects is the message that the control function sends to the events queue about objects
// that no event of S3 has reported.
type Objects struct {
	Kind     string   `json:"kind"` // "objects"
	Pipeline string   `json:"pipeline"`
	Objects  []Object `json:"objects"`
}

// KindObjects marks an Objects.
const KindObjects = "objects"

// MaxRequest is the maximum size of a request in bytes: the run's item, which holds
// it, must fit into DynamoDB's 400 KiB.
const MaxRequest = 128 << 10

// Manual is the input of a manually started execution.
type Manual struct {
	RunID       string            `json:"runId,omitempty"` // set by admission only
	Pipeline    string            `json:"pipeline"`
	LogicalTime string            `json:"logicalTime,omitempty"`
	LogicalDate string            `json:"logicalDate,omitempty"` // alternative name of LogicalTime
	Params      map[string]string `json:"params,omitempty"`
	// StartedBy is what Step Functions adds to the input when another execution
	// starts this one. Source: AWS Step Functions Developer Guide, "Starting
	// workflow executions from a task state".
	StartedBy string `json:"AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID,omitempty"`
}

// Notice is the detail of the event with a message for a webhook or PagerDuty, delivered at
// least once. Body is what a rule of the stage sends to the destination: notify.Message in
// JSON, or an event of PagerDuty's Events API v2.
type Notice struct {
	Destination string          `json:"destination"` // as in pipeline files, e.g. webhook:ops
	MessageID   string          `json:"messageId"`   // the same whenever the message is sent again
	Body        json.RawMessage `json:"body"`
}

// RunFinished is the detail of the event about a run's outcome, delivered at least once.
type RunFinished struct {
	RunID       string    `json:"runId"`
	Pipeline    string    `json:"pipeline"`
	State       string    `json:"state"`
	Class       string    `json:"class,omitempty"`
	Reason      string    `json:"reason,omitempty"`
	NothingToDo bool      `json:"nothingToDo,omitempty"` // SUCCEEDED, and no job had anything to process
	ClusterID   string    `json:"clusterId,omitempty"`
	CostUSD     float64   `json:"costUsd,omitempty"`
	EndedAt     time.Time `json:"endedAt"`
}

// Repaired is the detail of the event about a repair by sweep. Each one indicates a
// bug or an outside intervention.
type Repaired struct {
	What      string `json:"what"` // e.g. cluster-terminated, slot-released, run-finished
	RunID     string `json:"runId,omitempty"`
	ClusterID string `json:"clusterId,omitempty"`
	Reason    string `json:"reason"`
}
