// Package run has the records of a run and their rules: the run itself, its jobs,
// the attempts to get a cluster for it and the one task token that waits. Package
// store keeps them in DynamoDB. The types carry the attribute names of their
// items, because separate types for the table would be a second copy of each.
package run

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"ephemr/internal/access"
	"ephemr/internal/job"
)

// State of a run.
type State string

// The states of a run: REJECTED, SUCCEEDED, FAILED and CANCELLED are final.
const (
	Queued    State = "QUEUED"    // accepted, waits for a slot
	Admitted  State = "ADMITTED"  // has its slots; its execution is being started
	Running   State = "RUNNING"   // its execution has started
	Succeeded State = "SUCCEEDED" // every job succeeded
	Failed    State = "FAILED"
	Cancelled State = "CANCELLED"
	Rejected  State = "REJECTED" // the request was invalid; no execution
)

// States lists all states of a run.
var States = []State{Queued, Admitted, Running, Succeeded, Failed, Cancelled, Rejected}

// Final reports whether s is final.
func (s State) Final() bool {
	return s == Succeeded || s == Failed || s == Cancelled || s == Rejected
}

// Trigger kinds.
const (
	BySchedule = "schedule"
	ByBackfill = "backfill"
	ByAfter    = "after"
	ByS3       = "s3"
	ByRequest  = "request"
	ByManual   = "manual"
)

// Trigger is what requested a run.
type Trigger struct {
	Kind      string `dynamodbav:"kind" json:"kind"`
	Schedule  string `dynamodbav:"schedule,omitempty" json:"schedule,omitempty"` // cron fields and time zone
	Bucket    string `dynamodbav:"bucket,omitempty" json:"bucket,omitempty"`
	Key       string `dynamodbav:"key,omitempty" json:"key,omitempty"`
	Version   string `dynamodbav:"version,omitempty" json:"version,omitempty"`   // S3 version id
	Size      int64  `dynamodbav:"size,omitempty" json:"size,omitempty"`         // bytes
	Batch     string `dynamodbav:"batch,omitempty" json:"batch,omitempty"`       // id of the batch of objects
	Count     int    `dynamodbav:"count,omitempty" json:"count,omitempty"`       // objects of the batch
	Bytes     int64  `dynamodbav:"bytes,omitempty" json:"bytes,omitempty"`       // of the batch
	Manifest  string `dynamodbav:"manifest,omitempty" json:"manifest,omitempty"` // address of the list of the batch's objects
	RequestID string `dynamodbav:"requestId,omitempty" json:"requestId,omitempty"`
	Sender    string `dynamodbav:"sender,omitempty" json:"sender,omitempty"` // IAM principal that sent the request
	RedoOf    string `dynamodbav:"redoOf,omitempty" json:"redoOf,omitempty"` // run that had the same objects before

	Oldest   time.Time `dynamodbav:"oldest,omitzero" json:"oldest,omitzero"`       // creation of the batch's oldest object
	Newest   time.Time `dynamodbav:"newest,omitzero" json:"newest,omitzero"`       // and of its newest
	Objects  []string  `dynamodbav:"-" json:"objects,omitempty"`                   // addresses of the batch's objects, if they are few; an item of their own
	Upstream []string  `dynamodbav:"upstream,omitempty" json:"upstream,omitempty"` // runs of other pipelines that it was waiting for; some of them, if they are many
}

// Run is one execution of a pipeline for one logical time and one set of params.
type Run struct {
	ID            string            `dynamodbav:"id" json:"id"`
	Pipeline      string            `dynamodbav:"pipeline" json:"pipeline"`
	Identity      string            `dynamodbav:"identity,omitempty" json:"-"`                // hex digest; runs with an equal one are the same run
	Fingerprint   string            `dynamodbav:"wish,omitempty" json:"-"`                    // hex digest of the request without its id; of sensitive params by a secret
	Version       int               `dynamodbav:"version,omitempty" json:"version,omitempty"` // of the pipeline; 0 = ad hoc
	Owner         string            `dynamodbav:"owner,omitempty" json:"owner,omitempty"`
	Team          string            `dynamodbav:"team,omitempty" json:"team,omitempty"` // its limits apply
	User          string            `dynamodbav:"user,omitempty" json:"user,omitempty"` // its jobs run as; "" = with the permissions of the cluster's instances
	Role          string            `dynamodbav:"role,omitempty" json:"role,omitempty"` // ARN of the user's IAM role
	Trigger       Trigger           `dynamodbav:"trigger" json:"trigger"`
	LogicalTime   time.Time         `dynamodbav:"logicalTime" json:"logicalTime"`
	LogicalDate   string            `dynamodbav:"logicalDate,omitempty" json:"logicalDate,omitempty"`   // in Timezone; "" = the day of LogicalTime in UTC
	Timezone      string            `dynamodbav:"timezone,omitempty" json:"timezone,omitempty"`         // IANA name; "" = UTC
	IntervalStart time.Time         `dynamodbav:"intervalStart,omitzero" json:"intervalStart,omitzero"` // of the half-open span that the run is for
	IntervalEnd   time.Time         `dynamodbav:"intervalEnd,omitzero" json:"intervalEnd,omitzero"`
	Params        map[string]string `dynamodbav:"params,omitempty" json:"params,omitempty"`
	Secrets       map[string]string `dynamodbav:"secrets,omitempty" json:"-"` // values of sensitive params, until the run ends; Params has pipeline.Hidden
	Priority      int               `dynamodbav:"priority,omitempty" json:"priority,omitempty"`
	Matrix        map[string]string `dynamodbav:"matrix,omitempty" json:"matrix,omitempty"` // params that the pipeline's matrix sets
	MaxActive     int               `dynamodbav:"maxActive,omitempty" json:"-"`             // of the pipeline, at the time of the request
	MaxPerValue   int               `dynamodbav:"maxPerValue,omitempty" json:"-"`           // likewise, for runs with equal Matrix
	MaxDuration   time.Duration     `dynamodbav:"maxDuration,omitempty" json:"-"`           // likewise, nanoseconds: the pipeline's deadline

	WarnBefore time.Duration `dynamodbav:"warnBefore,omitempty" json:"-"` // nanoseconds: that long before its deadline a notice is sent; 0 = none
	Warned     bool          `dynamodbav:"warned,omitempty" json:"-"`     // that notice was recorded

	Backfill string `dynamodbav:"backfill,omitempty" json:"backfill,omitempty"` // id of the backfill that has made or retried it
	Parallel int    `dynamodbav:"parallel,omitempty" json:"-"`                  // runs of the backfill at a time

	// After is the id of a run that must have succeeded before this one starts: that of
	// the date before, with dependsOnPast. Until then it waits outside of its team's queue.
	After string `dynamodbav:"after,omitempty" json:"after,omitempty"`

	// Publication is nil until the run has published, or has ended without.
	Publication *Publication `dynamodbav:"publication,omitempty" json:"publication,omitempty"`

	Chain *Chain `dynamodbav:"chain,omitempty" json:"chain,omitempty"` // of runs that an object has started; nil = it follows from no run

	State       State     `dynamodbav:"state" json:"state"`
	Class       job.Class `dynamodbav:"class,omitempty" json:"class,omitempty"`
	Reason      string    `dynamodbav:"reason,omitempty" json:"reason,omitempty"`
	Cause       string    `dynamodbav:"cause,omitempty" json:"cause,omitempty"`             // the line that the job which failed has printed about it
	NothingToDo bool      `dynamodbav:"nothingToDo,omitempty" json:"nothingToDo,omitempty"` // it SUCCEEDED, and no job had work to do
	RequestedAt time.Time `dynamodbav:"requestedAt" json:"requestedAt"`
	AdmittedAt  time.Time `dynamodbav:"admittedAt,omitzero" json:"admittedAt,omitzero"`
	StartedAt   time.Time `dynamodbav:"startedAt,omitzero" json:"startedAt,omitzero"`
	EndedAt     time.Time `dynamodbav:"endedAt,omitzero" json:"endedAt,omitzero"`
	Deadline    time.Time `dynamodbav:"deadline,omitzero" json:"deadline,omitzero"`
	Execution   string    `dynamodbav:"execution,omitempty" json:"execution,omitempty"` // ARN
	ClusterID   string    `dynamodbav:"clusterId,omitempty" json:"clusterId,omitempty"`
	CostUSD     float64   `dynamodbav:"costUsd,omitempty" json:"costUsd,omitempty"` // estimate; what Cost adds up to
	Cost        *Cost     `dynamodbav:"cost,omitempty" json:"cost,omitempty"`       // of a run that has ended
	Booked      float64   `dynamodbav:"booked,omitempty" json:"-"`                  // of CostUSD, in what its team has spent
	Cancel      string    `dynamodbav:"cancel,omitempty" json:"cancel,omitempty"`   // who cancelled it, and why
	CancelAt    time.Time `dynamodbav:"cancelAt,omitzero" json:"-"`
	Kill        bool      `dynamodbav:"kill,omitempty" json:"kill,omitempty"`         // with SIGKILL, without SIGTERM before
	CleanUp     time.Time `dynamodbav:"cleanUp,omitzero" json:"cleanUp,omitzero"`     // until when it cleans up after it was cancelled or its deadline passed; zero = it does not
	Restarts    int       `dynamodbav:"restarts,omitempty" json:"restarts,omitempty"` // how often it was retried after it had ended
	Body        string    `dynamodbav:"body,omitempty" json:"body,omitempty"`         // of a rejected request, at most 4 KiB
	HintedAt    time.Time `dynamodbav:"hintedAt,omitzero" json:"-"`                   // an event came while the run waited for nothing
	Noticed     bool      `dynamodbav:"noticed,omitempty" json:"-"`                   // the notice about its end is recorded
	Announced   bool      `dynamodbav:"announced,omitempty" json:"-"`                 // RunFinished has been sent
	Cleared     bool      `dynamodbav:"cleared,omitempty" json:"-"`                   // jobs and slots are settled, although RunFinished has not been sent
}

// Ends is when r gives up its capacity at the latest: its deadline, or the end of its
// clean-up after it.
func (r Run) Ends() time.Time {
	if r.CleanUp.After(r.Deadline) {
		return r.CleanUp
	}
	return r.Deadline
}

// Settled reports whether FinishRun has finished with r's jobs and slots, so that a
// retry can have them.
func (r Run) Settled() bool { return r.Announced || r.Cleared }

// LogPrefix is the prefix of the log streams of an attempt of a job of r. Each user
// has a prefix that other users' jobs cannot write to.
func (r Run) LogPrefix(jobName string, attempt int) string {
	dir := job.Dir(r.ID, jobName, attempt)
	if r.User != "" {
		return access.Dir(r.User) + dir
	}
	return dir
}

// ObjectPrefix is the prefix of what the runner of j's newest attempt is told and
// leaves in S3. Write access to it is equivalent to the identity of the run's user,
// and jobs without a user share a role, so it cannot be guessed: it ends in the
// attempt's nonce. Attempts that were submitted before nonces existed have none.
func (r Run) ObjectPrefix(j Job) string { return path.Join(r.LogPrefix(j.Name, j.Attempt), j.Nonce) }

// NewNonce is a name that cannot be guessed: at least 128 random bits.
func NewNonce() string { return rand.Text() }

// Lease is how long other invocations respect an intent. It is longer than the
// timeout of every function that writes one.
const Lease = 60 * time.Second

// ClusterState is the state of an attempt to get a cluster.
type ClusterState string

// The states of a cluster attempt.
const (
	ClusterIntended    ClusterState = "INTENDED"    // RunJobFlow may or may not have been called
	ClusterCreated     ClusterState = "CREATED"     // it has an id
	ClusterReady       ClusterState = "READY"       // it can run steps
	ClusterFailed      ClusterState = "FAILED"      // it never became ready
	ClusterTerminating ClusterState = "TERMINATING" // its termination was requested
	ClusterReleased    ClusterState = "RELEASED"    // its lease was released
)

// Cluster is one attempt to get a cluster for a run.
type Cluster struct {
	Attempt   int          `dynamodbav:"attempt" json:"attempt"`                     // counts from 1
	Rung      int          `dynamodbav:"rung" json:"rung"`                           // fallback of the profile, counted from 0
	Rungs     int          `dynamodbav:"rungs" json:"rungs"`                         // number of fallbacks, and one
	Restart   int          `dynamodbav:"restart,omitempty" json:"restart,omitempty"` // restarts of the run when it was created
	Name      string       `dynamodbav:"name" json:"name"`
	State     ClusterState `dynamodbav:"state" json:"state"`
	Intent    string       `dynamodbav:"intent,omitempty" json:"-"`
	IntentAt  time.Time    `dynamodbav:"intentAt" json:"intentAt"`
	ID        string       `dynamodbav:"clusterId,omitempty" json:"clusterId,omitempty"`
	CreatedAt time.Time    `dynamodbav:"createdAt,omitzero" json:"createdAt,omitzero"`
	ReadyAt   time.Time    `dynamodbav:"readyAt,omitzero" json:"readyAt,omitzero"`
	EndedAt   time.Time    `dynamodbav:"endedAt,omitzero" json:"endedAt,omitzero"` // when its end was requested or observed
	Class     job.Class    `dynamodbav:"class,omitempty" json:"class,omitempty"`
	Reason    string       `dynamodbav:"reason,omitempty" json:"reason,omitempty"`
	Units     []Units      `dynamodbav:"units,omitempty" json:"units,omitempty"`
	Release   string       `dynamodbav:"release,omitempty" json:"release,omitempty"`   // of EMR
	Resizes   []Resize     `dynamodbav:"resizes,omitempty" json:"resizes,omitempty"`   // oldest first
	Shortage  string       `dynamodbav:"shortage,omitempty" json:"shortage,omitempty"` // what EC2 lacked while it started, in EMR's words
	GivenUp   bool         `dynamodbav:"givenUp,omitempty" json:"givenUp,omitempty"`   // it ends because of Class and Reason, before it was ready
	Unended   string       `dynamodbav:"unended,omitempty" json:"unended,omitempty"`   // why its end failed; it still runs

	// Of a pool's cluster. Name is the name of the run's lease, CreatedAt is when the
	// lease began and EndedAt when it was released.
	Pool   string `dynamodbav:"pool,omitempty" json:"pool,omitempty"`
	Leased bool   `dynamodbav:"leased,omitempty" json:"leased,omitempty"` // it existed before
	Steps  int    `dynamodbav:"steps,omitempty" json:"steps,omitempty"`   // that the run may run in parallel
	Of     int    `dynamodbav:"of,omitempty" json:"of,omitempty"`         // that the cluster runs in parallel
	Hash   string `dynamodbav:"profileHash,omitempty" json:"-"`           // of the profile when the attempt began
}

// Units is what a cluster was created with, for the cost.
type Units struct {
	Kind  string `dynamodbav:"kind,omitempty" json:"kind,omitempty"` // of node: primary, core or task
	Type  string `dynamodbav:"type" json:"type"`                     // first instance type of the fleet
	Count int    `dynamodbav:"count" json:"count"`
	Spot  int    `dynamodbav:"spot,omitempty" json:"spot,omitempty"`   // of Count, bought as Spot
	Price *Price `dynamodbav:"price,omitempty" json:"price,omitempty"` // of one; nil = not known, or not recorded by earlier versions
}

// Kinds of nodes.
const (
	Primary = "primary"
	Core    = "core"
	Task    = "task"
)

// Resize is a change of a cluster's size: how many more units of a kind it has,
// from then on, than it was created with.
type Resize struct {
	At   time.Time `dynamodbav:"at" json:"at"` // when EMR accepted it; the units follow some minutes later
	Kind string    `dynamodbav:"kind" json:"kind"`
	Type string    `dynamodbav:"type,omitempty" json:"type,omitempty"` // first instance type of the fleet
	More int       `dynamodbav:"more" json:"more"`                     // units; negative = fewer
	Spot bool      `dynamodbav:"spot,omitempty" json:"spot,omitempty"` // they are bought as Spot
	Note string    `dynamodbav:"note,omitempty" json:"note,omitempty"` // who requested it, or why it was refused
}

// Kinds of waiters: what a run waits for.
const (
	ForAdmission = "admission"
	ForCluster   = "cluster"
	ForSteps     = "steps"
	ForStop      = "stop" // of its steps
	ForObjects   = "objects"
	ForApproval  = "approval"
)

// Waiter is the task token that a run waits with. A run has at most one.
type Waiter struct {
	RunID     string        `dynamodbav:"pk" json:"runId"`
	Kind      string        `dynamodbav:"kind" json:"kind"`
	Token     string        `dynamodbav:"token" json:"-"`
	Execution string        `dynamodbav:"execution" json:"execution"`
	ClusterID string        `dynamodbav:"clusterId,omitempty" json:"clusterId,omitempty"`
	Attempts  []string      `dynamodbav:"attempts,omitempty" json:"attempts,omitempty"` // attempts in flight when it was registered, as job#n; the last one when the others have ended
	Shared    bool          `dynamodbav:"shared,omitempty" json:"shared,omitempty"`     // other runs may use the cluster
	Limited   bool          `dynamodbav:"limited,omitempty" json:"-"`                   // its pipeline limits its cost
	Events    int           `dynamodbav:"events,omitempty" json:"-"`                    // of the execution's history; see History
	Since     time.Time     `dynamodbav:"since" json:"since"`
	CheckAt   time.Time     `dynamodbav:"checkAt,omitzero" json:"checkAt,omitzero"` // from then on, a cluster that is starting is checked at every tick; of steps: when the next attempt is due
	Deadline  time.Time     `dynamodbav:"deadline" json:"deadline"`
	Objects   []string      `dynamodbav:"objects,omitempty" json:"objects,omitempty"` // addresses that must exist
	Remaining time.Duration `dynamodbav:"remaining,omitempty" json:"-"`               // that the run had left when it began to wait without a cluster
}

// ID derives a run's id from its identity: equal identities give equal ids.
func ID(pipelineName string, logical time.Time, identity ...string) string {
	return pipelineName + "-" + logical.UTC().Format("20060102T1504") + "-" + Digest(identity...)[:idDigits]
}

// OfDate is the identity of a pipeline's run for a planned time, whatever requests it.
// params are those that a trigger or a matrix sets.
func OfDate(pipelineName string, planned time.Time, params map[string]string) []string {
	return OfValue([]string{BySchedule, pipelineName, planned.UTC().Format(time.RFC3339)}, params)
}

// With are params with those that a matrix sets.
func With(params, matrix map[string]string) map[string]string {
	if len(matrix) == 0 {
		return params
	}
	all := map[string]string{}
	maps.Copy(all, params)
	maps.Copy(all, matrix)
	return all
}

// OfValue adds the params that a matrix sets to an identity; without any it is the same.
func OfValue(identity []string, matrix map[string]string) []string {
	identity = slices.Clone(identity)
	for _, name := range slices.Sorted(maps.Keys(matrix)) {
		identity = append(identity, name+"="+matrix[name])
	}
	return identity
}

// Value is what runs of the same pipeline with an equal Matrix have in common; "" without
// a matrix.
func (r Run) Value() string {
	if len(r.Matrix) == 0 {
		return ""
	}
	return Digest(OfValue(nil, r.Matrix)...)[:8]
}

// OfRequest is the identity of a request on the queue: a request id is its sender's.
func OfRequest(sender, requestID string) []string {
	return []string{ByRequest, access.Principal(sender), requestID}
}

// OfRejection is the identity of the record of a rejected request that has an id: a message
// whose answer was lost is sent again, and has another message id. The reason is a part of it,
// because the message may be sent again when its cause is fixed, and so is the body as r has it.
func (r Run) OfRejection(sender, requestID string) []string {
	return []string{"rejection", access.Principal(sender), requestID, r.Reason, r.Body}
}

// OfMessage is the identity of the record of a rejected message that has no request id or
// no logical time.
func OfMessage(messageID string) []string { return []string{"message", messageID} }

// Digest is the whole of an identity: 64 hex digits.
func Digest(identity ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(identity, "\x00")))
	return hex.EncodeToString(sum[:])
}

// idDigits is how many hex digits of an identity are in an id: 80 bits, which cannot
// be searched for the id of another's run. With the longest name of a pipeline, and
// the number of a restart, 20 are as many as fit into the name of an execution. Runs
// of earlier versions have 8 or 32.
const idDigits = 20

// MaxQueued is how long a run waits in the queue at most.
const MaxQueued = 14 * 24 * time.Hour

// MaxRestarts is how often a run can be retried: the number has four digits.
const MaxRestarts = 9999

// ExecutionName is the name of the execution that admission starts for r. A retry
// needs another name, because Step Functions accepts each only once.
func (r Run) ExecutionName() string {
	if r.Restarts == 0 {
		return r.ID
	}
	return r.ID + "." + strconv.Itoa(r.Restarts)
}

// OfExecution returns the run, and its number of restarts, whose execution admission
// starts under this name.
func OfExecution(name string) (id string, restarts int) {
	if id := OfCluster(name); id != "" {
		n, _ := strconv.Atoi(name[len(id)+1:]) // OfCluster has checked the digits
		return id, n
	}
	return name, 0
}

// ClusterName is the name of the cluster of an attempt. A cluster whose id was lost
// is found by it.
func ClusterName(id string, attempt int) string { return id + "." + strconv.Itoa(attempt) }

// StepName is the name of the step that carries an attempt of a job.
func StepName(jobName string, attempt int) string { return jobName + "#" + strconv.Itoa(attempt) }

// OfCluster returns the run whose cluster has this name, or "" if it is not a name
// that ClusterName returns.
func OfCluster(name string) string {
	i := strings.LastIndexByte(name, '.')
	if i < 0 || strings.Trim(name[i+1:], "0123456789") != "" {
		return ""
	}
	return name[:i]
}

// PipelineOf is the pipeline of the run with this id.
func PipelineOf(id string) string {
	for range 2 { // hash, logical time
		if i := strings.LastIndexByte(id, '-'); i >= 0 {
			id = id[:i]
		}
	}
	return id
}
