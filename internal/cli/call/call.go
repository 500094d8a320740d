// Package call asks a function of the stage for something and waits for its answer.
package call

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"ephemr/internal/cli/exit"
	"ephemr/internal/fault"
	"ephemr/internal/operation"
	"ephemr/internal/stage"
)

// InvokeAPI invokes functions.
type InvokeAPI interface {
	Invoke(context.Context, *lambda.InvokeInput, ...func(*lambda.Options)) (*lambda.InvokeOutput, error)
}

// Function sends in to the named function and reads its answer into out. What
// the function says is wrong with the wish is the user's to mend.
func Function(ctx context.Context, api InvokeAPI, name string, in, out any) error {
	payload, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("encode payload of %s: %w", name, err)
	}
	answer, err := api.Invoke(ctx, &lambda.InvokeInput{FunctionName: &name, Payload: payload})
	if err != nil {
		return fmt.Errorf("invoke %s: %w", name, err)
	}
	if aws.ToString(answer.FunctionError) != "" {
		return refusal(name, answer.Payload)
	}
	if err := json.Unmarshal(answer.Payload, out); err != nil {
		return fmt.Errorf("read what %s answered: %w", name, err)
	}
	return nil
}

// Control asks the stage's control function for an operation and reads its answer
// into out.
func Control(ctx context.Context, api InvokeAPI, s stage.Settings, op operation.Op, request, out any) error {
	if s.ControlFunction == "" {
		return fmt.Errorf("%s: stage %s is deployed in a version without the function control; deploy it again", op, s.Stage)
	}
	payload, err := operation.Payload(op, request)
	if err != nil {
		return err
	}
	return Function(ctx, api, s.ControlFunction, payload, out)
}

// refusal is the error that the function answered with.
func refusal(name string, payload []byte) error {
	var e struct {
		Type    string `json:"errorType"`
		Message string `json:"errorMessage"`
	}
	switch err := json.Unmarshal(payload, &e); {
	case err != nil || e.Message == "":
		return fmt.Errorf("%s failed: %s", name, payload)
	case e.Type == string(fault.InvalidInput) || e.Type == string(fault.Conflict):
		return exit.Misuse("%s", e.Message)
	case e.Type == string(fault.Throttled):
		return fault.New(fault.Throttled, "%s", e.Message) // whoever can may wait and ask again
	}
	return errors.New(e.Message)
}
