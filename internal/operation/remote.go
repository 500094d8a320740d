package operation

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"ephemr/internal/run/store"
)

// InvokeAPI invokes the control function.
type InvokeAPI interface {
	Invoke(context.Context, *lambda.InvokeInput, ...func(*lambda.Options)) (*lambda.InvokeOutput, error)
}

// Remote cancels runs from a function that has not the rights to end them.
type Remote struct {
	Runs     *store.Runs
	Lambda   InvokeAPI
	Function string // control
}

// CancelRun records that a run is to be cancelled, and asks the control function to do
// so. This is a hint: watch and sweep cancel the run otherwise.
func (r *Remote) CancelRun(ctx context.Context, id, why string) error {
	active, err := r.Runs.RequestCancel(ctx, id, why, false)
	if err != nil || !active {
		return err
	}
	payload, err := PayloadFrom("ephemr", Cancel, CancelRequest{RunID: id, Why: why})
	if err != nil {
		return fmt.Errorf("cancel run %s: %w", id, err)
	}
	if _, err := r.Lambda.Invoke(ctx, &lambda.InvokeInput{FunctionName: &r.Function, InvocationType: types.InvocationTypeEvent, Payload: payload}); err != nil {
		slog.WarnContext(ctx, "cannot invoke control: cancel deferred to the next tick", "runId", id, "error", err.Error())
	}
	return nil
}
