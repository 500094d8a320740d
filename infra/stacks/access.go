package stacks

import (
	"slices"

	"ephemr/infra/constructs"
)

// grant says who may do what: exactly the calls that each function makes.
// Functions that answer task tokens may do so for the run's state machine.
func (p *Platform) grant() {
	p.grantAdmission()
	p.grantClusters()
	p.grantSteps()
	p.grantWatchers()
	p.grantRegister()
}

// What is done to the items of a run: itself, its jobs, its clusters.
var readAndWrite = []string{"GetItem", "Query", "PutItem", "UpdateItem"}

// Who waits with a token, or answers one, also removes the waiter's item.
var readWriteAndWake = and(readAndWrite, "DeleteItem")

func (p *Platform) grantAdmission() {
	intake := p.functions.intake
	p.runs.Grant(intake, "GetItem", "PutItem", "UpdateItem")
	p.pipelines.Grant(intake, "GetItem", "Query")
	p.events.Dead.GrantSend(intake)
	p.requests.Dead.GrantSend(intake)
	p.functions.admit.GrantInvoke(intake)

	admit := p.functions.admit
	p.runs.Grant(admit, and(readWriteAndWake, "ConditionCheckItem")...)
	p.runs.GrantIndex(admit, byState)
	p.clusters.Grant(admit, "GetItem", "PutItem", "UpdateItem", "DeleteItem", "ConditionCheckItem") // slots
	p.pipelines.Grant(admit, "GetItem")
	p.machine.GrantStart(admit)
	p.machine.GrantDescribe(admit)
	p.machine.GrantAnswer(admit)

	prepareRun := p.functions.prepareRun
	p.runs.Grant(prepareRun, readWriteAndWake...)
	p.pipelines.Grant(prepareRun, "GetItem")
	p.clusters.Grant(prepareRun, "GetItem", "UpdateItem") // slots
	p.machine.GrantAnswer(prepareRun)
}

func (p *Platform) grantClusters() {
	createCluster := p.functions.createCluster
	p.runs.Grant(createCluster, readWriteAndWake...)
	p.clusters.Grant(createCluster, "GetItem", "PutItem", "UpdateItem")
	p.profiles.GrantRead(createCluster)
	p.emr.GrantCreate(createCluster)
	p.emr.GrantList(createCluster)
	p.emr.Grant(createCluster, "DescribeCluster")
	p.roles.GrantPass(createCluster)
	p.machine.GrantAnswer(createCluster)

	terminateCluster := p.functions.terminateCluster
	p.runs.Grant(terminateCluster, readAndWrite...)
	p.clusters.Grant(terminateCluster, "GetItem", "UpdateItem")
	p.emr.GrantList(terminateCluster)
	p.emr.Grant(terminateCluster, "DescribeCluster", "SetTerminationProtection", "TerminateJobFlows")
}

func (p *Platform) grantSteps() {
	submitSteps := p.functions.submitSteps
	p.runs.Grant(submitSteps, readWriteAndWake...)
	p.clusters.Grant(submitSteps, "GetItem", "UpdateItem") // call budget
	p.lake.Logs.Grant(submitSteps, "runs/*", "GetObject", "PutObject")
	p.lake.Logs.GrantList(submitSteps)
	p.emr.Grant(submitSteps, "AddJobFlowSteps", "ListSteps", "DescribeCluster")
	p.machine.GrantAnswer(submitSteps)

	finishRun := p.functions.finishRun
	p.runs.Grant(finishRun, readWriteAndWake...)
	p.clusters.Grant(finishRun, "GetItem", "UpdateItem")
	p.profiles.GrantRead(finishRun)
	p.lake.Logs.Grant(finishRun, "runs/*", "GetObject")
	p.lake.Logs.GrantList(finishRun)
	p.bus.GrantPut(finishRun)
	p.topic.GrantPublish(finishRun)
}

func (p *Platform) grantWatchers() {
	watch := p.functions.watch
	p.runs.Grant(watch, readWriteAndWake...)
	p.runs.GrantIndex(watch, byState)
	p.clusters.Grant(watch, "GetItem", "UpdateItem")
	p.lake.Logs.Grant(watch, "runs/*", "GetObject")
	p.lake.Logs.GrantList(watch)
	p.emr.GrantList(watch)
	p.emr.Grant(watch, "DescribeCluster", "ListSteps")
	p.machine.GrantAnswer(watch)

	sweep := p.functions.sweep
	p.runs.Grant(sweep, readWriteAndWake...)
	p.runs.GrantIndex(sweep, byState)
	p.clusters.Grant(sweep, and(readAndWrite, "DeleteItem", "Scan")...)
	p.emr.GrantList(sweep)
	p.emr.Grant(sweep, "DescribeCluster", "TerminateJobFlows")
	p.machine.GrantDescribe(sweep)
	p.bus.GrantPut(sweep)
	p.topic.GrantPublish(sweep) // it finishes runs that nobody else will
	constructs.GrantMetrics(sweep)
}

func (p *Platform) grantRegister() {
	register := p.functions.register
	p.pipelines.Grant(register, and(readAndWrite, "DeleteItem")...)
	p.schedules.GrantManage(register)
}

func and(actions []string, more ...string) []string { return slices.Concat(actions, more) }
