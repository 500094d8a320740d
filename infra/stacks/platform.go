package stacks

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"

	"ephemr/infra/constructs"
	"ephemr/statemachines"
)

// Platform turns events into runs on transient clusters.
type Platform struct {
	stack awscdk.Stack
	stage constructs.Stage
	lake  *Lake
	code  constructs.Binaries

	alarms   *constructs.Alarms
	topic    *constructs.Topic
	others   *constructs.Destinations // of notices
	bus      *constructs.Bus
	runLogs  awslogs.LogGroup
	runner   *constructs.Runner
	profiles *constructs.Profiles

	runs, pipelines, clusters, ledger *constructs.Table
	namespace                         *constructs.Namespace

	machine *constructs.Machine
	emr     *constructs.EMR
	roles   *constructs.EmrRoles
	users   *constructs.Users

	security string // name of the security configuration of clusters for runs without a user

	functions        functions
	events, requests *constructs.Queue
	targets          *constructs.DeadLetters // for events that no rule could deliver
}

// NewPlatform fills the platform's stack.
func NewPlatform(stack awscdk.Stack, stage constructs.Stage, lake *Lake, code constructs.Binaries) *Platform {
	p := &Platform{stack: stack, stage: stage, lake: lake.elsewhere(), code: code}

	// Notifications
	p.alarms = constructs.NewAlarms(stack, stage)
	p.topic = constructs.NewTopic(stack, "Topic", constructs.TopicProps{Stage: stage, Name: "outcomes"})
	p.alarms.AlarmOnSweeps(stack, stage)
	p.bus = constructs.NewBus(stack, "Bus", stage)
	p.targets = constructs.NewDeadLetters(stack, "Targets", constructs.DeadLettersProps{Stage: stage, Alarms: p.alarms, Name: "targets-dlq"})

	p.others = constructs.NewDestinations(stack, "Destinations", constructs.DestinationsProps{Stage: stage, Bus: p.bus, Dead: p.targets})

	// Records and configuration
	p.addTables(stack)
	p.namespace = constructs.NewNamespace(stack, "Namespace", stage)
	p.profiles = constructs.NewProfiles(stack, "Profiles", stage, shapes(stage))
	p.runLogs = constructs.NewLogs(stack, "RunLogs", stage, stage.LogGroup("runs"))

	// Clusters
	p.runner = constructs.NewRunner(stack, "Runner", stage, code)
	p.emr = constructs.NewEMR(stack, stage)
	p.roles = constructs.NewEmrRoles(stack, "Emr", constructs.EmrRolesProps{
		Stage: stage, Zones: p.lake.Zones, Artifacts: p.lake.Artifacts, Logs: p.lake.Logs, RunLogs: p.runLogs, Runner: p.runner,
	})
	p.security = constructs.ClusterSecurity(stack, "Security", stage)
	p.users = constructs.NewUsers(stack, "Users", constructs.UsersProps{
		Stage: stage, Roles: p.roles, Zones: p.lake.Zones, Artifacts: p.lake.Artifacts, Logs: p.lake.Logs, RunLogs: p.runLogs,
	})

	// Resources that are named before they are defined
	p.machine = constructs.NewMachine(stack, stage, "run")

	// Queues, functions and workflow
	p.addQueues(stack)
	p.addFunctions(stack)
	constructs.NewWorkflow(stack, "Run", constructs.WorkflowProps{
		Stage: stage, Alarms: p.alarms, Machine: p.machine, Definition: statemachines.Run, Functions: p.functions,
	})
	p.addRules(stack)
	p.grant()
	return p
}
