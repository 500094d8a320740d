package stacks

import "ephemr/infra/constructs"

// grant says who may do what: exactly the calls that each function makes.
// Functions that answer task tokens may do so for the run's state machine.
func (p *Platform) grant() {
	p.grantAdmission()
	p.grantClusters()
	p.grantSteps()
	p.grantWatchers()
	p.grantRegister()
	p.grantResize()
}

// inRun is what is done to the items of a run by whoever takes part in it: they
// are read together, written one by one, and removed with a waiter.
var inRun = []string{"Query", "PutItem", "UpdateItem", "DeleteItem"}

func (p *Platform) grantAdmission() {
	intake := p.functions.intake
	p.runs.Grant(intake, "PutItem")
	p.pipelines.Grant(intake, "GetItem", "Query")
	p.users.GrantRead(intake)
	p.events.Dead.GrantSend(intake)
	p.requests.Dead.GrantSend(intake)
	p.functions.admit.GrantInvoke(intake)

	admit := p.functions.admit
	p.runs.Grant(admit, inRun...)
	p.runs.GrantIndex(admit, byState)
	p.clusters.Grant(admit, "GetItem", "UpdateItem") // slots
	p.machine.GrantStart(admit)
	p.machine.GrantAnswer(admit)

	prepareRun := p.functions.prepareRun
	p.runs.Grant(prepareRun, inRun...)
	p.pipelines.Grant(prepareRun, "GetItem")
	p.users.GrantRead(prepareRun)
	p.clusters.Grant(prepareRun, "UpdateItem") // slots
	p.machine.GrantAnswer(prepareRun)
}

func (p *Platform) grantClusters() {
	createCluster := p.functions.createCluster
	p.runs.Grant(createCluster, "Query", "PutItem", "DeleteItem")
	p.clusters.Grant(createCluster, "GetItem", "PutItem", "UpdateItem") // whose it is, pools, call budget
	p.namespace.GrantRegister(createCluster)
	p.profiles.GrantRead(createCluster)
	p.emr.GrantCreate(createCluster)
	p.emr.GrantList(createCluster)
	p.emr.Grant(createCluster, "DescribeCluster")
	p.roles.GrantPass(createCluster)
	p.machine.GrantAnswer(createCluster)

	terminateCluster := p.functions.terminateCluster
	p.runs.Grant(terminateCluster, "Query", "PutItem")
	p.clusters.Grant(terminateCluster, "GetItem", "PutItem", "UpdateItem") // whose it is, pools, sizes, call budget, that it ends
	p.namespace.GrantRemove(terminateCluster)
	p.emr.GrantList(terminateCluster)
	p.emr.Grant(terminateCluster, "DescribeCluster", "TerminateJobFlows", "ListSteps", "CancelSteps", "ListInstanceFleets", "ModifyInstanceFleet")
}

func (p *Platform) grantSteps() {
	submitSteps := p.functions.submitSteps
	p.runs.Grant(submitSteps, inRun...)
	p.clusters.Grant(submitSteps, "GetItem", "PutItem", "UpdateItem") // pools, sizes, call budget
	p.profiles.GrantRead(submitSteps)                                 // for jobs that want more task units
	p.lake.Logs.Grant(submitSteps, "runs/*", "GetObject", "PutObject")
	p.users.GrantLogs(submitSteps, p.lake.Logs, "GetObject", "PutObject")
	p.lake.Logs.GrantList(submitSteps)
	p.emr.GrantSubmit(submitSteps, p.users)
	p.emr.Grant(submitSteps, "ListSteps", "DescribeCluster", "ListInstanceFleets", "ModifyInstanceFleet", "AddInstanceFleet")
	constructs.GrantReadLogs(p.stage, p.runLogs, submitSteps)
	p.machine.GrantAnswer(submitSteps)

	stopSteps := p.functions.stopSteps
	p.runs.Grant(stopSteps, inRun...)
	p.clusters.Grant(stopSteps, "UpdateItem") // call budget
	p.lake.Logs.Grant(stopSteps, "runs/*", "GetObject")
	p.users.GrantLogs(stopSteps, p.lake.Logs, "GetObject")
	p.lake.Logs.GrantList(stopSteps)
	p.emr.Grant(stopSteps, "CancelSteps", "ListSteps", "DescribeCluster")
	constructs.GrantReadLogs(p.stage, p.runLogs, stopSteps)
	p.machine.GrantAnswer(stopSteps)

	finishRun := p.functions.finishRun
	p.runs.Grant(finishRun, inRun...)
	p.clusters.Grant(finishRun, "UpdateItem") // slots
	p.bus.GrantPut(finishRun)
	p.topic.GrantPublish(finishRun)
}

func (p *Platform) grantWatchers() {
	watch := p.functions.watch
	p.runs.Grant(watch, inRun...)
	p.runs.GrantIndex(watch, byState)
	p.clusters.Grant(watch, "GetItem", "UpdateItem") // whose it is, call budget
	p.namespace.GrantRegister(watch)
	p.lake.Logs.Grant(watch, "runs/*", "GetObject")
	p.users.GrantLogs(watch, p.lake.Logs, "GetObject")
	p.lake.Logs.GrantList(watch)
	p.emr.GrantList(watch)
	p.emr.Grant(watch, "DescribeCluster", "ListSteps", "CancelSteps")
	constructs.GrantReadLogs(p.stage, p.runLogs, watch)
	p.machine.GrantAnswer(watch)
	p.bus.GrantPut(watch)
	p.topic.GrantPublish(watch) // it ends runs that are cancelled in the queue

	sweep := p.functions.sweep
	p.runs.Grant(sweep, inRun...)
	p.runs.GrantIndex(sweep, byState)
	p.clusters.Grant(sweep, "GetItem", "PutItem", "UpdateItem") // slots, pools, sizes, call budget, whose a cluster is
	p.namespace.GrantRegister(sweep)
	p.namespace.GrantTidy(sweep)
	p.emr.GrantList(sweep)
	p.emr.Grant(sweep, "DescribeCluster", "TerminateJobFlows", "ListSteps", "CancelSteps", "ListInstanceFleets", "ModifyInstanceFleet")
	p.machine.GrantDescribe(sweep)
	p.bus.GrantPut(sweep)
	p.topic.GrantPublish(sweep) // it finishes runs that nobody else will
	constructs.GrantMetrics(p.stage, sweep)
}

func (p *Platform) grantRegister() {
	register := p.functions.register
	p.pipelines.Grant(register, "GetItem", "PutItem", "DeleteItem")
	p.schedules.GrantManage(register)
}

func (p *Platform) grantResize() {
	resizeCluster := p.functions.resizeCluster
	p.runs.Grant(resizeCluster, "Query", "UpdateItem")
	p.clusters.Grant(resizeCluster, "GetItem", "PutItem", "UpdateItem") // whose it is, sizes, call budget
	p.profiles.GrantRead(resizeCluster)
	p.emr.Grant(resizeCluster, "DescribeCluster", "ListInstanceFleets", "GetManagedScalingPolicy")
	p.emr.Grant(resizeCluster, "ModifyInstanceFleet", "AddInstanceFleet", "PutManagedScalingPolicy", "ModifyCluster")
}
