// Package lambdacall invokes functions of the stage and waits for their answers.
package lambdacall

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"ephemr/internal/cli/exit"
	"ephemr/internal/cli/session"
	"ephemr/internal/fault"
	"ephemr/internal/operation"
	"ephemr/internal/stage"
)

// InvokeAPI invokes functions.
type InvokeAPI interface {
	Invoke(context.Context, *lambda.InvokeInput, ...func(*lambda.Options)) (*lambda.InvokeOutput, error)
}

// Invoke sends in to the named function and decodes its answer into out. An
// error that the function reports for an invalid request is a usage error.
func Invoke(ctx context.Context, api InvokeAPI, name string, in, out any) error {
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
	payload, err := operation.PayloadFrom(session.Who(), op, request)
	if err != nil {
		return err
	}
	return Invoke(ctx, api, s.ControlFunction, payload, out)
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
		return exit.Usage("%s", e.Message)
	case e.Type == string(fault.Throttled):
		return fault.New(fault.Throttled, "%s", e.Message) // the caller may retry
	}
	return errors.New(e.Message)
}
