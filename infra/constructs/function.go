package constructs

import (
	"strings"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/constructs-go/constructs/v10"

	"ephemr/infra/config"
)

// FunctionProps configures a Function.
type FunctionProps struct {
	Stage    Stage
	Alarms   *Alarms
	Function config.Function
	Code     Binaries
	Settings *string // stage.Settings as JSON
}

// Function is a Go binary on Lambda with its own role and log group, and an
// alarm on its errors.
type Function struct {
	Name     string // without the stage's prefix, e.g. createcluster
	timeout  time.Duration
	resource awslambda.Function
	role     awsiam.Role
}

// NewFunction adds a function named ephemr-<stage>-<name in lower case>.
func NewFunction(scope constructs.Construct, props FunctionProps) *Function {
	scope = constructs.NewConstruct(scope, &props.Function.Name)
	name := props.Function.Folder()
	logs := NewLogs(scope, "Logs", props.Stage, props.Stage.LogGroup("functions/"+name))
	role := awsiam.NewRole(scope, new("Role"), &awsiam.RoleProps{
		AssumedBy: awsiam.NewServicePrincipal(new("lambda.amazonaws.com"), nil),
	})
	// Not AWSLambdaBasicExecutionRole, which allows writing to every log group.
	logs.GrantWrite(role)
	tracing := awslambda.Tracing_DISABLED
	if props.Stage.Tracing {
		tracing = awslambda.Tracing_ACTIVE // adds actions, which do not support resources
	}
	resource := awslambda.NewFunction(scope, new("Function"), &awslambda.FunctionProps{
		FunctionName: new(FunctionName(props.Stage, props.Function.Name)),
		Runtime:      awslambda.Runtime_PROVIDED_AL2023(),
		Architecture: props.Code.architecture(),
		Handler:      new("bootstrap"),
		Code:         props.Code.function(name),
		MemorySize:   new(float64(props.Function.MemoryMiB)),
		Timeout:      awscdk.Duration_Seconds(new(props.Function.Timeout.Seconds())),
		Environment:  &map[string]*string{settingsVariable: props.Settings},
		Role:         role,
		LogGroup:     logs,
		Tracing:      tracing,
	})
	alarm := props.Stage.ErrorAlarm(props.Function)
	props.Alarms.atLeast(scope, "Errors", name+"-errors", "Invocations of "+FunctionName(props.Stage, props.Function.Name)+" fail repeatedly: see its log group.",
		float64(alarm.Errors), resource.MetricErrors(sum(alarm.Period.Minutes())))
	return &Function{Name: name, timeout: props.Function.Timeout, resource: resource, role: role}
}

// FunctionName is a function's name, also before the function is defined.
func FunctionName(stage Stage, name string) string { return stage.Name(strings.ToLower(name)) }

// ARN is the function's ARN.
func (f *Function) ARN() *string { return f.resource.FunctionArn() }

// GrantInvoke allows invoking the function.
func (f *Function) GrantInvoke(to Rights) {
	to.allow(statement(of("lambda", "InvokeFunction"), []*string{f.ARN()}, nil))
}

// GrantInvokeMutual allows invoking a function that may invoke to in turn: a reference from
// the policy of each to the other would be a cycle, so the policy has the function's name.
func (f *Function) GrantInvokeMutual(stage Stage, to Rights) {
	to.allow(statement(of("lambda", "InvokeFunction"), []*string{arn(f.resource, "lambda", "function:"+FunctionName(stage, f.Name))}, nil))
}

func (f *Function) allow(s awsiam.PolicyStatement) { f.role.AddToPolicy(s) }
