package stacks

import (
	"maps"
	"slices"

	"ephemr/infra/constructs"
	"ephemr/internal/stage"
)

// grant allows each function exactly the calls that it makes. Functions that
// report results for task tokens may do so for the run's state machine only.
func (p *Platform) grant() {
	p.grantAdmission()
	p.grantClusters()
	p.grantSteps()
	p.grantCheckData()
	p.grantCheckSQL()
	p.grantPublish()
	p.grantHold()
	p.grantNotify()
	p.grantWatchers()
	p.grantRegister()
	p.grantCalendar()
	p.grantControl()
	p.grantLineage()
}

// grantLineage allows writing the lineage events of runs, each once. Runs start, change and end
// by these functions; Admit ends runs that never started, and have none.
func (p *Platform) grantLineage() {
	for _, name := range []string{"PrepareRun", "SubmitSteps", "StopSteps", "Watch", "FinishRun", "Sweep", "Control"} {
		p.lake.Logs.GrantNew(p.functions.named(name), stage.LineagePrefix+"*")
	}
	for _, name := range []string{"FinishRun", "Sweep"} { // SubmitSteps and those that look at steps list results as well; PrepareRun has one event
		p.lake.Logs.GrantList(p.functions.named(name))
	}
	lineage, notify := p.stage.Lineage, p.functions.named("Notify")
	if lineage.Sends() {
		p.lake.Logs.Grant(notify, stage.LineagePrefix+"*", "GetObject")
	}
	if lineage.HTTP.Secret != "" {
		constructs.GrantReadSecret(p.stack, notify, lineage.HTTP.Secret)
	}
	if lineage.Domain != "" {
		constructs.GrantPostLineage(notify)
	}
}

// inRun are the calls of functions that work on a run: its items are read by one
// query and written one by one; waiters are deleted.
var inRun = []string{"Query", "PutItem", "UpdateItem", "DeleteItem"}

func (p *Platform) grantAdmission() {
	intake := p.functions.named("Intake")
	p.runs.Grant(intake, "PutItem", "Query", "DeleteItem")              // runs; successes that others wait for, and what is due of paused pipelines
	p.pipelines.Grant(intake, "GetItem", "Query", "ConditionCheckItem") // that a pipeline is paused
	p.users.GrantRead(intake)
	p.events.Dead.GrantSend(intake)
	p.requests.Dead.GrantSend(intake)
	p.grantRequest(intake)
	p.clusters.Grant(intake, "GetItem", "PutItem") // the secret of fingerprints
	p.ledger.Grant(intake, "GetItem", "PutItem", "UpdateItem", "Query", "ConditionCheckItem")
	p.ledger.GrantIndex(intake, byClosing)
	p.events.GrantSend(intake) // reminders of batches
	p.grantSources(intake)     // to read manifests that close batches
	p.grantManifests(intake)

	admit := p.functions.named("Admit")
	p.runs.Grant(admit, "Query", "PutItem", "UpdateItem", "DeleteItem")
	p.runs.GrantIndex(admit, byState)
	p.clusters.Grant(admit, "GetItem", "UpdateItem") // slots
	p.machine.GrantStart(admit)
	p.machine.GrantSucceed(admit) // of manual executions that wait
	p.bus.GrantPut(admit)

	awaitAdmission := p.functions.named("AwaitAdmission")
	p.runs.Grant(awaitAdmission, "Query", "PutItem", "DeleteItem") // the waiter
	p.machine.GrantAnswer(awaitAdmission)
	p.grantRequest(awaitAdmission)

	prepareRun := p.functions.named("PrepareRun")
	p.grantListLake(prepareRun) // objects that start runs may be gone
	p.runs.Grant(prepareRun, inRun...)
	p.runs.GrantIndex(prepareRun, byState, byPipeline) // runs that may have written them
	p.pipelines.Grant(prepareRun, "GetItem")
	p.users.GrantRead(prepareRun)
	p.clusters.Grant(prepareRun, "UpdateItem") // slots
	p.machine.GrantSucceed(prepareRun)         // of a manual execution that waits
	constructs.GrantDescribeSecrets(p.stack, prepareRun, p.stage.AllSecrets())
}

// grantSources allows reading the objects that triggers can be about.
func (p *Platform) grantSources(fn *constructs.Function) {
	for _, zone := range p.stage.EventZones() {
		p.lake.Zones[zone].Grant(fn, "*", "GetObject")
		p.lake.Zones[zone].GrantList(fn)
	}
	for _, source := range p.stage.Sources {
		bucket := constructs.SourceBucket(p.stack, p.stage, source.Bucket)
		bucket.Grant(fn, source.Prefix+"*", "GetObject")
		bucket.GrantList(fn)
	}
}

// grantManifests allows writing the lists of the objects of batches.
func (p *Platform) grantManifests(fn *constructs.Function) {
	p.lake.Logs.Grant(fn, "runs/*/manifest.jsonl", "PutObject")
	p.users.GrantManifests(fn, p.lake.Logs)
}

// grantRequest allows requesting a pass of admission.
func (p *Platform) grantRequest(fn *constructs.Function) {
	p.clusters.Grant(fn, "UpdateItem") // the pending pass
	p.functions.named("Admit").GrantInvoke(fn)
}

func (p *Platform) grantClusters() {
	createCluster := p.functions.named("CreateCluster")
	p.runs.Grant(createCluster, inRun...)
	p.clusters.Grant(createCluster, "GetItem", "PutItem", "UpdateItem") // owner, pools, call budget
	p.namespace.GrantRegister(createCluster)
	p.profiles.GrantRead(createCluster)
	if p.stage.Network != nil {
		p.profiles.GrantNetwork(createCluster)
	}
	p.emr.GrantCreate(createCluster)
	p.emr.GrantList(createCluster)
	p.emr.GrantSpotPrices(createCluster)
	p.emr.Grant(createCluster, "DescribeCluster")
	p.emr.GrantTerminate(createCluster) // clusters that are given up
	p.roles.GrantPass(createCluster)
	p.machine.GrantAnswer(createCluster)

	terminateCluster := p.functions.named("TerminateCluster")
	p.runs.Grant(terminateCluster, "Query", "PutItem")
	p.clusters.Grant(terminateCluster, "GetItem", "PutItem", "UpdateItem") // owner, pools, sizes, call budget, termination
	p.namespace.GrantRemove(terminateCluster)
	p.emr.GrantList(terminateCluster)
	p.emr.GrantTerminate(terminateCluster)
	p.emr.Grant(terminateCluster, "ListSteps", "CancelSteps", "ListInstanceFleets", "ModifyInstanceFleet")
}

func (p *Platform) grantSteps() {
	submitSteps := p.functions.named("SubmitSteps")
	p.runs.Grant(submitSteps, inRun...)
	p.clusters.Grant(submitSteps, "GetItem", "PutItem", "UpdateItem") // pools, sizes, call budget
	p.profiles.GrantRead(submitSteps)                                 // for jobs that request task units
	p.lake.Logs.Grant(submitSteps, "runs/*", "GetObject", "PutObject")
	p.users.GrantLogs(submitSteps, p.lake.Logs, "GetObject", "PutObject")
	p.lake.Logs.GrantList(submitSteps)
	p.emr.GrantSubmit(submitSteps, p.users)
	p.emr.Grant(submitSteps, "ListSteps", "DescribeCluster", "ListInstanceFleets", "ModifyInstanceFleet", "AddInstanceFleet")
	constructs.GrantReadLogs(p.stage, p.runLogs, submitSteps)
	p.machine.GrantAnswer(submitSteps)

	stopSteps := p.functions.named("StopSteps")
	p.runs.Grant(stopSteps, inRun...)
	p.clusters.Grant(stopSteps, "UpdateItem") // call budget
	p.lake.Logs.Grant(stopSteps, "runs/*", "GetObject")
	p.users.GrantLogs(stopSteps, p.lake.Logs, "GetObject")
	p.lake.Logs.GrantList(stopSteps)
	p.emr.Grant(stopSteps, "CancelSteps", "ListSteps", "DescribeCluster")
	constructs.GrantReadLogs(p.stage, p.runLogs, stopSteps)
	p.machine.GrantSucceed(stopSteps)

	finishRun := p.functions.named("FinishRun")
	p.runs.Grant(finishRun, inRun...)
	p.clusters.Grant(finishRun, "UpdateItem") // slots
	p.bus.GrantPut(finishRun)
}

// grantCheckData allows reading the datasets of the lake, and recording what is found.
func (p *Platform) grantCheckData() {
	checkData := p.functions.named("CheckData")
	p.runs.Grant(checkData, "Query", "GetItem", "PutItem") // statistics, findings
	p.grantListLake(checkData)
	for _, zone := range slices.Sorted(maps.Keys(p.lake.Zones)) {
		p.lake.Zones[zone].Grant(checkData, "*", "GetObject")
	}
	constructs.GrantCatalog(p.stack, checkData, p.stage, "GetTables") // which metadata file of an Iceberg table is current
}

// grantCheckSQL allows running the queries of checks with the rights of a run's team.
func (p *Platform) grantCheckSQL() {
	checkSQL := p.functions.named("CheckSQL")
	p.runs.Grant(checkSQL, "Query", "PutItem")
	p.profiles.GrantQuery(checkSQL)
	constructs.NewCheckRoles(p.stack, "CheckRoles", p.stage, checkSQL)
}

// grantPublish allows making partitions of the stage's database point elsewhere, and finding
// out whether they do.
func (p *Platform) grantPublish() {
	publish := p.functions.named("Publish")
	p.runs.Grant(publish, "Query", "PutItem", "UpdateItem")
	p.grantListLake(publish) // whether there is data
	constructs.GrantCatalog(p.stack, publish, p.stage, "GetTable", "UpdateTable", "GetPartition", "CreatePartition", "UpdatePartition")
	control := p.functions.named("Control") // undo
	p.grantListLake(control)
	constructs.GrantCatalog(p.stack, control, p.stage, "GetTable", "UpdateTable", "GetPartition", "CreatePartition", "UpdatePartition")
	constructs.GrantCatalog(p.stack, p.functions.named("FinishRun"), p.stage, "GetTable", "GetPartition") // of a publication that was interrupted
	constructs.GrantCatalog(p.stack, p.functions.named("Sweep"), p.stage, "GetTable", "GetPartition")
	constructs.GrantCatalog(p.stack, p.functions.named("PrepareRun"), p.stage, "GetTable") // whether Spark writes to branches of it
	for _, zone := range slices.Sorted(maps.Keys(p.lake.Zones)) {
		for _, reader := range []string{"FinishRun", "Sweep", "PrepareRun"} {
			p.lake.Zones[zone].Grant(p.functions.named(reader), icebergMetadata, "GetObject")
		}
		p.lake.Zones[zone].Grant(publish, icebergMetadata, "GetObject", "PutObject")
		p.lake.Zones[zone].Grant(control, icebergMetadata, "GetObject", "PutObject")
	}
}

// icebergMetadata are the metadata files of Iceberg tables.
const icebergMetadata = "*/metadata/*"

// grantHold allows waiting without a cluster.
func (p *Platform) grantHold() {
	hold := p.functions.named("HoldRun")
	p.runs.Grant(hold, inRun...)
	p.grantListLake(hold)
	p.machine.GrantAnswer(hold)
}

// grantNotify allows sending notices.
func (p *Platform) grantNotify() {
	notify := p.functions.named("Notify")
	p.runs.Grant(notify, inRun...) // entries, threads, messages; runs near their deadline
	p.runs.GrantIndex(notify, byState)
	p.topic.GrantPublish(notify)
	p.others.GrantPublish(notify)
	p.bus.GrantPut(notify)
}

// grantListLake allows finding out whether objects of the lake exist, not reading them.
func (p *Platform) grantListLake(fn *constructs.Function) {
	for _, zone := range slices.Sorted(maps.Keys(p.lake.Zones)) {
		p.lake.Zones[zone].GrantList(fn)
	}
}

func (p *Platform) grantWatchers() {
	watch := p.functions.named("Watch")
	p.runs.Grant(watch, inRun...)
	p.grantListLake(watch)
	p.runs.GrantIndex(watch, byState)
	p.clusters.Grant(watch, "GetItem", "UpdateItem") // owner, call budget
	p.namespace.GrantRegister(watch)
	p.lake.Logs.Grant(watch, "runs/*", "GetObject")
	p.users.GrantLogs(watch, p.lake.Logs, "GetObject")
	p.lake.Logs.GrantList(watch)
	p.emr.GrantList(watch)
	p.emr.Grant(watch, "DescribeCluster", "ListSteps", "CancelSteps")
	p.emr.GrantTerminate(watch) // clusters that are given up
	constructs.GrantReadLogs(p.stage, p.runLogs, watch)
	p.machine.GrantAnswer(watch)

	sweep := p.functions.named("Sweep")
	p.runs.Grant(sweep, inRun...)
	p.runs.GrantIndex(sweep, byState)
	p.clusters.Grant(sweep, "GetItem", "PutItem", "UpdateItem") // slots, pools, sizes, call budget, owner
	p.pipelines.Grant(sweep, "Query")                           // records that cannot be decoded
	p.namespace.GrantRegister(sweep)
	p.namespace.GrantTidy(sweep)
	p.emr.GrantList(sweep)
	p.emr.GrantTerminate(sweep)
	p.emr.Grant(sweep, "DescribeCluster", "ListSteps", "CancelSteps", "ListInstanceFleets", "ModifyInstanceFleet")
	p.machine.GrantEnd(sweep)
	p.bus.GrantPut(sweep)
	constructs.GrantMetrics(p.stage, sweep)
}

func (p *Platform) grantRegister() {
	register := p.functions.named("Register")
	p.pipelines.Grant(register, "GetItem", "Query", "PutItem", "UpdateItem", "DeleteItem", "ConditionCheckItem") // versions and triggers, together
	p.runs.Grant(register, "PutItem", "UpdateItem")                                                              // who has asked
	p.profiles.GrantRead(register)                                                                               // step concurrency and the primary's memory
}

func (p *Platform) grantCalendar() {
	calendar := p.functions.named("Calendar")
	p.pipelines.Grant(calendar, "UpdateItem", "DeleteItem")                                  // schedules
	p.pipelines.Grant(calendar, "Scan", "Query", "GetItem", "PutItem", "ConditionCheckItem") // those of pipelines that were registered without
	p.pipelines.GrantIndex(calendar, byDue)
	p.runs.Grant(calendar, "Query", "PutItem", "UpdateItem") // runs before; skipped dates; cancel
	p.runs.GrantIndex(calendar, byState)                     // backfills that are open
	p.runs.GrantIndex(calendar, byPipeline)                  // what backfills have cost
	p.clusters.Grant(calendar, "UpdateItem")                 // slots of backfills
	p.grantRequest(calendar)
	p.users.GrantRead(calendar)
	p.functions.named("Control").GrantInvoke(calendar)
	p.functions.named("Calendar").GrantInvokeMutual(p.stage, calendar) // it continues with a backfill
	p.events.GrantSend(calendar)
}

// grantControl allows what the operations do: cancel answers waiters, looks at the
// steps of runs that are being stopped, and finishes queued runs; retry requests a
// pass of admission; resize and terminate call EMR; pause, resume, delete and rollback
// change pipelines.
func (p *Platform) grantControl() {
	control := p.functions.named("Control")
	p.grantRequest(control)
	p.machine.GrantAnswer(control)
	p.runs.Grant(control, inRun...)
	p.runs.GrantIndex(control, byState)                                                                         // active runs of a pipeline
	p.clusters.Grant(control, "GetItem", "PutItem", "UpdateItem")                                               // slots, sizes, pools, call budget, termination
	p.pipelines.Grant(control, "GetItem", "Query", "PutItem", "UpdateItem", "DeleteItem", "ConditionCheckItem") // versions and triggers, together
	p.lake.Artifacts.Grant(control, "packages/*", "GetObject")                                                  // of a version before
	p.lake.Artifacts.GrantList(control)
	p.users.GrantRead(control)
	p.ledger.Grant(control, "GetItem", "Query", "UpdateItem")
	p.events.GrantSend(control) // objects that no event has reported
	p.grantManifests(control)
	p.profiles.GrantRead(control)
	p.namespace.GrantRemove(control)
	p.lake.Logs.Grant(control, "runs/*", "GetObject")
	p.users.GrantLogs(control, p.lake.Logs, "GetObject")
	p.lake.Logs.GrantList(control)
	constructs.GrantReadLogs(p.stage, p.runLogs, control)
	p.emr.GrantTerminate(control)
	p.emr.Grant(control, "DescribeCluster", "ListSteps", "CancelSteps")
	p.emr.Grant(control, "ListInstanceFleets", "GetManagedScalingPolicy")
	p.emr.Grant(control, "ModifyInstanceFleet", "AddInstanceFleet", "PutManagedScalingPolicy", "ModifyCluster")
	p.pipelines.Grant(control, "GetItem") // of backfills
	p.runs.GrantIndex(control, byPipeline)
	p.functions.named("Calendar").GrantInvokeMutual(p.stage, control)
	p.bus.GrantPut(control)
}
