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

// NewWorkflow adds a state machine with logs, tracing and alarms, and with
// permission to invoke the functions that its definition names.
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
		// Log groups with this prefix do not count against the size limit of
		// the account's resource policies.
		Logs: &sfn.LogOptions{
			Destination: NewLogs(scope, "Logs", props.Stage, "/aws/vendedlogs/states/"+name), Level: sfn.LogLevel_ERROR,
		},
	})
	props.Alarms.atLeast(scope, "Timeouts", props.Machine.name+"-timed-out", "Executions exceeded every deadline: watch does not enforce deadlines.", 1, machine.MetricTimedOut(sum(5)))
}

type roleRights struct{ awsiam.Role }

func (r roleRights) allow(s awsiam.PolicyStatement) { r.AddToPolicy(s) }

// Machine refers to a state machine by name, so that the functions that it invokes
// can be granted access before it is defined.
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
		m.answered = anything // the emulator does not evaluate the state machine of a token
	}
	return m
}

// ARN is the state machine's ARN.
func (m *Machine) ARN() *string { return m.arn }

// GrantStart allows starting executions. AWS lists DescribeExecution among the
// actions that authorize StartExecution:
// https://docs.aws.amazon.com/service-authorization/latest/reference/service-reference.html
func (m *Machine) GrantStart(to Rights) {
	to.allow(statement(of("states", "StartExecution"), []*string{m.arn}, nil))
	to.allow(statement(of("states", "DescribeExecution"), []*string{m.executions}, nil))
}

// GrantEnd allows describing executions and stopping them.
func (m *Machine) GrantEnd(to Rights) {
	to.allow(statement(of("states", "DescribeExecution", "StopExecution"), []*string{m.executions}, nil))
}

// GrantAnswer allows reporting results and errors for task tokens.
func (m *Machine) GrantAnswer(to Rights) {
	m.GrantSucceed(to)
	to.allow(statement(of("states", "SendTaskFailure"), m.answered, nil))
}

// GrantSucceed allows reporting results for task tokens.
func (m *Machine) GrantSucceed(to Rights) {
	to.allow(statement(of("states", "SendTaskSuccess"), m.answered, nil))
}
