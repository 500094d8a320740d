package records

import (
	"fmt"
	"time"

	"ephemr/internal/access"
	"ephemr/internal/pipeline"
)

// Sort keys of the items in a run's partition of the Runs table.
const (
	RunSort       = "RUN"
	SpecSort      = "SPEC"
	WaiterSort    = "WAIT"
	ObjectsSort   = "OBJECTS"
	DataSort      = "DATA"
	QueriesSort   = "QUERIES"
	JobPrefix     = "JOB#"
	AttemptPrefix = "CLUSTER#"
)

// Indexes of the Runs table. Both are eventually consistent.
const (
	ByState    = "byState"    // partition StateName, sort StateOrderName
	ByPipeline = "byPipeline" // partition PipelineName, sort PipelineOrderName
)

// Attributes of the indexes. An item without them is in none.
const (
	StateName         = "gsState"    // of a run: its state, QueuePartition or Unannounced; of a waiter: Waiting
	StateOrderName    = "gsOrder"    // QueueOrder or TimeOrder
	PipelineName      = "gpPipeline" // name of the pipeline
	PipelineOrderName = "gpOrder"    // TimeOrder of the logical time
)

// Partitions of ByState that are no states of a run.
const (
	Waiting       = "WAITING"  // waiters
	Held          = "HELD"     // queued runs that wait for another run to succeed
	OpenBackfills = "BACKFILL" // backfills with something left to do
	Unannounced   = "UNTOLD"   // runs that have ended, or are to be cancelled while they are queued, until RunFinished has been sent
)

// RunKey is the key of a run: run.Run. Written by run/store: created by intake
// and PrepareRun, changed by admission, cancel, retry and FinishRun.
// Indexes: ByState, ByPipeline.
func RunKey(runID string) Key { return Key{runID, RunSort} }

// SpecKey is the key of the pipeline as it was when the run was requested, as
// JSON. Written by run/store in the transaction that creates the run. No index.
func SpecKey(runID string) Key { return Key{runID, SpecSort} }

// ObjectsKey is the key of the addresses of the objects of a run's batch, if they are
// few. Written by run/store in the transaction that creates the run. No index.
func ObjectsKey(runID string) Key { return Key{runID, ObjectsSort} }

// DataKey is the key of what was found of the data that a run has written: run.Data.
// Written by run/store for CheckData, once for each time that the run is started. No index.
func DataKey(runID string) Key { return Key{runID, DataSort} }

// QueriesKey is the key of the queries that decide checks of a run: run.Queries. Written by
// run/store for CheckSQL, when they have been started and when they are decided. No index.
func QueriesKey(runID string) Key { return Key{runID, QueriesSort} }

// WaiterKey is the key of the task token that a run waits with: run.Waiter.
// Written by run/store for the states that wait, and deleted when the token has
// been answered. Index: ByState, partition Waiting, by deadline.
func WaiterKey(runID string) Key { return Key{runID, WaiterSort} }

// JobKey is the key of a job of a run: run.Job. Written by run/store: planned by
// PrepareRun, changed by SubmitJobs, by the checks of waiting steps and by
// FinishRun. No index.
func JobKey(runID, job string) Key { return Key{runID, JobPrefix + job} }

// ClusterAttemptKey is the key of an attempt to get a cluster: run.Cluster.
// Written by run/store for the cluster functions, before EMR is called. No index.
func ClusterAttemptKey(runID string, attempt int) Key {
	return Key{runID, fmt.Sprintf(AttemptPrefix+"%03d", attempt)}
}

// RequestKey is the key of the use of a request id: run id and fingerprint of
// the request. Written by run/store in the transaction that creates the run, so
// an id starts one run. It contains the sender as access.Principal names it,
// so one sender cannot use up the ids of another. No index.
func RequestKey(sender, requestID string) Key {
	return Key{"REQUEST#" + access.Principal(sender) + "#" + requestID, "REQUEST"}
}

// RequestValueKey is the key of the use of a request id for a value of a matrix: each
// value has a run, and all have the item of RequestKey. Written with it. No index.
func RequestValueKey(sender, requestID, value string) Key {
	return Key{RequestKey(sender, requestID).Partition, "REQUEST#" + value}
}

// TeamKey is the key of a team that has requested a run at least once. Written
// by run/store when a run is queued, read by admission. No index.
func TeamKey(team string) Key { return Key{TeamsPartition, team} }

// SkippedKey is the key of dates of a schedule that a policy has skipped:
// calendar.Skipped. first is the first of them, schedule the sort key of the
// schedule. Written by calendar.Store in the transaction that moves the schedule on,
// and by register.Store when a pipeline is resumed; read by ephemr calendar. No index.
func SkippedKey(pipeline string, first time.Time, schedule string) Key {
	return Key{SkippedPartition(pipeline), TimeOrder(first, schedule)}
}

// SkippedPartition holds the items of SkippedKey of a pipeline.
func SkippedPartition(pipeline string) string { return "SKIPPED#" + pipeline }

// SpentKey is the key of what a team's runs have cost that ended in the month of a time,
// in UTC: run.Spent, and which notices were sent. Written by run/store, in a transaction with
// the run for FinishRun, and for budget. No index.
func SpentKey(team string, at time.Time) Key { return Key{"SPENT#" + team, at.UTC().Format("2006-01")} }

// StatisticsKey is the key of the statistics of a dataset that a run has written:
// statistics.Statistics. partition is the one that the run has written, such as
// dt=2026-01-02; "" = the whole dataset. Written by statistics.Store for CheckData, once for each time that
// the run is started; read by ephemr stats. No index.
func StatisticsKey(dataset string, logical time.Time, runID, partition string) Key {
	return Key{StatisticsPartition(dataset), TimeOrder(logical, runID) + "#" + partition}
}

// StatisticsPartition holds the items of StatisticsKey of a dataset.
func StatisticsPartition(dataset string) string { return "STATISTICS#" + dataset }

// PublishedKey is the key of what a partition of a table points at: publish.Pointer.
// partition is its keys and values in the table's order. Written by publish.Store in
// transactions with the run that publishes, or whose publication is undone. No index.
func PublishedKey(table, partition string) Key { return Key{PublishedPartition(table), partition} }

// PublishedPartition holds the items of PublishedKey of a table.
func PublishedPartition(table string) string { return "PUBLISHED#" + table }

// SuccessKey is the key of the success of a run of a registered pipeline: follow.Success.
// Written by follow.Store for intake, before it looks what the success requests. No index.
func SuccessKey(pipeline string, logical time.Time, runID string) Key {
	return Key{SuccessPartition(pipeline), TimeOrder(logical, runID)}
}

// SuccessPartition holds the items of SuccessKey of a pipeline.
func SuccessPartition(pipeline string) string { return "SUCCEEDED#" + pipeline }

// OwedKey is the key of a run after other runs that became due while its pipeline was
// paused: follow.Owed. cause is the run whose success made it due. Written by follow.Store
// for intake, which removes it after the pipeline is resumed. No index.
func OwedKey(pipeline string, logical time.Time, cause string) Key {
	return Key{OwedPartition, OwedPrefix(pipeline) + TimeOrder(logical, cause)}
}

// OwedPrefix begins the sort keys of the items of OwedKey of a pipeline.
func OwedPrefix(pipeline string) string { return pipeline + "#" }

// OwedPartition holds the items of OwedKey.
const OwedPartition = "OWED"

// TeamsPartition holds the items of TeamKey.
const TeamsPartition = "TEAMS"

// QueuePartition is the partition of ByState with a team's queued runs: in it the
// queue of each pipeline is contiguous.
func QueuePartition(team string) string { return "QUEUED#" + team }

// QueueOrder sorts queued runs in ByState: the runs of a queue together, in the
// order of QueuePlace, so that a full queue can be skipped by range.
func QueueOrder(queue string, priority int, requestedAt time.Time, runID string) string {
	return queue + "#" + QueuePlace(priority, requestedAt, runID)
}

// ValueQueue is the queue of a pipeline's runs for a value of its matrix, if each value
// has a limit. The queue of other runs is named as the pipeline. The queues of a pipeline
// stand between QueuesFirst and QueuesLast.
func ValueQueue(pipeline, value string) string { return pipeline + "!" + value }

// BackfillQueue is the queue of a backfill's runs, for a value of the matrix if each has a
// limit. It stands behind the other queues of the pipeline.
func BackfillQueue(pipeline, backfill, value string) string {
	if value == "" {
		return pipeline + BackfillMark + backfill
	}
	return pipeline + BackfillMark + backfill + "!" + value
}

// BackfillMark is in the name of each BackfillQueue, and in no other.
const BackfillMark = "%"

// BackfillKey is the key of a backfill: backfill.Backfill without its plan. Written by
// backfill.Store, for the control function and for the calendar. Index: ByState, partition
// OpenBackfills, until nothing is left to do for it.
func BackfillKey(id string) Key { return Key{BackfillsPartition, id} }

// BackfillPlanKey is the key of the plan of a backfill: backfill.Plan. Written by
// backfill.Store in the transaction that creates the backfill. No index.
func BackfillPlanKey(id string) Key { return Key{"BACKFILL#" + id, "PLAN"} }

// BackfillsPartition holds the items of BackfillKey.
const BackfillsPartition = "BACKFILLS"

// QueuesFirst is before the queues of a pipeline, and behind those of the one before:
// names of pipelines contain no character before "-".
func QueuesFirst(pipeline string) string { return pipeline + "!" }

// QueuesLast is behind the queues of a pipeline, and before those of the next.
func QueuesLast(pipeline string) string { return pipeline + "&" }

// HeldOrder sorts runs that wait for others: those of a pipeline that wait for one
// another together, in the order of their logical times. chain is what these have in
// common.
func HeldOrder(pipeline, chain string, logical time.Time, runID string) string {
	return pipeline + "#" + chain + "#" + TimeOrder(logical, runID)
}

// QueuePlace sorts the queued runs of a team: high priority first, then the oldest.
func QueuePlace(priority int, requestedAt time.Time, runID string) string {
	return fmt.Sprintf("%d#%s", pipeline.MaxPriority-priority, TimeOrder(requestedAt, runID))
}

// QueueEnd is behind the QueueOrder of all runs of a queue, and before that of the next
// queue.
func QueueEnd(queue string) string { return queue + "$" }

// EarlierQueues is behind the runs that earlier versions have queued, which sort by
// QueuePlace alone, and before the name of every pipeline.
const EarlierQueues = ":"

// TimeOrder sorts by time, and by run id at the same time.
func TimeOrder(t time.Time, runID string) string {
	return t.UTC().Format("2006-01-02T15:04:05.000000000Z") + "#" + runID
}
