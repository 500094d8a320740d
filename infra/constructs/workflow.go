package constructs

import (
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	sfn "github.com/aws/aws-cdk-go/awscdk/v2/awsstepfunctions"
	"github.com/aws/constructs-go/constructs/v10"
)

// WorkflowProps configures a Workflow.
type WorkflowProps struct {
	Stage      Stage
	Alarms     *Alarms
	Machine    *Machine
	Definition string               // Amazon States Language
	Functions  map[string]*Function // CreateCluster: Definition's ${CreateClusterFunction}
}

// NewWorkflow adds a state machine with logs, tracing and alarms, and the
// right to invoke the functions that its definition names.
func NewWorkflow(scope constructs.Construct, id string, props WorkflowProps) {
	scope = constructs.NewConstruct(scope, &id)
	name := props.Stage.Name(props.Machine.name)
	role := awsiam.NewRole(scope, new("Role"), &awsiam.RoleProps{
		AssumedBy: awsiam.NewServicePrincipal(new("states.amazonaws.com"), nil),
	})
	substitutions := map[string]*string{}
	for _, name := range sortedKeys(props.Functions) {
		placeholder := name + "Function"
		if !strings.Contains(props.Definition, "${"+placeholder+"}") {
			continue
		}
		substitutions[placeholder] = props.Functions[name].ARN()
		props.Functions[name].GrantInvoke(roleRights{role})
	}
	machine := sfn.NewStateMachine(scope, new("StateMachine"), &sfn.StateMachineProps{
		StateMachineName:        &name,
		DefinitionBody:          sfn.DefinitionBody_FromString(&props.Definition),
		DefinitionSubstitutions: &substitutions,
		Role:                    role,
		TracingEnabled:          &props.Stage.Tracing,
		RemovalPolicy:           props.Stage.removal(),
		// Under this prefix log delivery does not fill up the account's
		// resource policies.
		Logs: &sfn.LogOptions{
			Destination: NewLogs(scope, "Logs", props.Stage, "/aws/vendedlogs/states/"+name), Level: sfn.LogLevel_ERROR,
		},
	})
	props.Alarms.atLeast(scope, "Timeouts", props.Machine.name+"-timed-out", "Runs outlive every deadline: watch does not wake them.", 1, machine.MetricTimedOut(sum(5)))
}

type roleRights struct{ awsiam.Role }

func (r roleRights) allow(s awsiam.PolicyStatement) { r.AddToPolicy(s) }

// Machine is a state machine by name: the functions that it invokes know its
// address before it is made.
type Machine struct {
	name       string
	arn        *string
	executions *string
	answered   []*string // resources of SendTask*
}

// NewMachine names the state machine ephemr-<stage>-<name>.
func NewMachine(scope constructs.Construct, stage Stage, name string) *Machine {
	m := &Machine{
		name:       name,
		arn:        arn(scope, "states", "stateMachine:"+stage.Name(name)),
		executions: arn(scope, "states", "execution:"+stage.Name(name)+":*"),
	}
	m.answered = []*string{m.arn}
	if stage.CoarseRights {
		m.answered = anything // the emulator cannot tell a token's state machine
	}
	return m
}

// ARN is the state machine's address.
func (m *Machine) ARN() *string { return m.arn }

// GrantStart lets to start executions.
func (m *Machine) GrantStart(to Rights) {
	to.allow(statement(of("states", "StartExecution"), []*string{m.arn}, nil))
}

// GrantDescribe lets to ask how an execution stands.
func (m *Machine) GrantDescribe(to Rights) {
	to.allow(statement(of("states", "DescribeExecution"), []*string{m.executions}, nil))
}

// GrantAnswer lets to answer task tokens.
func (m *Machine) GrantAnswer(to Rights) {
	to.allow(statement(of("states", "SendTaskSuccess", "SendTaskFailure"), m.answered, nil))
}
