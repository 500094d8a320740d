package asl

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/aws/aws-lambda-go/lambda/messages"
)

// Error names that Step Functions itself reports.
const (
	errAll               = "States.ALL"
	errTimeout           = "States.Timeout"
	errTaskFailed        = "States.TaskFailed"
	errRuntime           = "States.Runtime"
	errDataLimit         = "States.DataLimitExceeded"
	errResultPath        = "States.ResultPathMatchFailure"
	errNoChoice          = "States.NoChoiceMatched"
	errIntrinsic         = "States.IntrinsicFailure"
	errParameterPath     = "States.ParameterPathFailure"
	errHeartbeat         = "States.HeartbeatTimeout"
	errPermissions       = "States.Permissions"
	errBranch            = "States.BranchFailed"
	errTolerated         = "States.ExceedToleratedFailureThreshold"
	errItemReader        = "States.ItemReaderFailed"
	errResultWriter      = "States.ResultWriterFailed"
	errQueryEvaluation   = "States.QueryEvaluationError"
	errSandboxTimedOut   = "Sandbox.Timedout"
	errFunctionNotFound  = "Lambda.ResourceNotFoundException"
	maxErrorName         = 256
	maxErrorCause        = 32768
	maxHistory           = 25000
	eventsForStartAndEnd = 2
)

var stateErrors = []string{
	errAll, errTimeout, errTaskFailed, errRuntime, errDataLimit, errResultPath, errNoChoice, errIntrinsic, errParameterPath,
	errHeartbeat, errPermissions, errBranch, errTolerated, errItemReader, errResultWriter, errQueryEvaluation,
}

// failure is an error as a state machine sees it.
type failure struct{ name, cause string }

func (f *failure) Error() string { return f.name + ": " + f.cause }

func fail(name, format string, args ...any) *failure {
	return &failure{name, fmt.Sprintf(format, args...)}
}

// matches implements ErrorEquals: States.Runtime is never handled,
// States.DataLimitExceeded only by its name, and States.TaskFailed stands for
// everything else but a timeout.
func matches(errorEquals []string, f *failure) bool {
	if f.name == errRuntime {
		return false
	}
	if slices.Contains(errorEquals, f.name) {
		return true
	}
	if f.name == errDataLimit {
		return false
	}
	if f.name == errHeartbeat && slices.Contains(errorEquals, errTimeout) {
		return true
	}
	return slices.Contains(errorEquals, errAll) || f.name != errTimeout && slices.Contains(errorEquals, errTaskFailed)
}

// fromFunction names a handler's error as aws-lambda-go does, which neither
// unwraps nor knows any error but InvokeResponse_Error by value. The cause is
// the JSON that Lambda answers.
func fromFunction(err error) *failure {
	reply, ok := err.(messages.InvokeResponse_Error) //nolint:errorlint // aws-lambda-go does not unwrap either
	if !ok {
		t := reflect.TypeOf(err)
		if t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		reply = messages.InvokeResponse_Error{Type: t.Name(), Message: err.Error()}
	}
	return &failure{reply.Type, string(encode(struct {
		Message string `json:"errorMessage"`
		Type    string `json:"errorType"`
	}{reply.Message, reply.Type}))}
}
