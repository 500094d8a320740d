package admission

import (
	"context"
	"encoding/json"
	"log/slog"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// InvokeAPI invokes the admit function.
type InvokeAPI interface {
	Invoke(context.Context, *lambda.InvokeInput, ...func(*lambda.Options)) (*lambda.InvokeOutput, error)
}

// Requester requests passes of admission for functions that queue runs.
type Requester struct {
	Gate     *Gate
	Lambda   InvokeAPI
	Function string // name of the admit function
}

// Request requests a pass for new runs and does not wait for it: what is wrong with
// other runs does not affect the caller. This is a hint: the minute tick admits the
// runs otherwise.
func (r *Requester) Request(ctx context.Context, ids ...string) {
	invoke, err := r.Gate.Request(ctx, ids, time.Now())
	if err == nil && !invoke {
		return
	}
	payload := []byte("{}") // the pass finds the ids with the request
	if err != nil {
		slog.WarnContext(ctx, "request for a pass not recorded: invoking admission", "error", err.Error())
		payload, err = json.Marshal(Input{RunIDs: ids})
	}
	if err == nil {
		_, err = r.Lambda.Invoke(ctx, &lambda.InvokeInput{
			FunctionName: &r.Function, InvocationType: types.InvocationTypeEvent, Payload: payload,
		})
	}
	if err != nil {
		slog.WarnContext(ctx, "cannot invoke admission: deferred to the next tick", "error", err.Error())
	}
}
