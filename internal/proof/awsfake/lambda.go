package awsfake

import (
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"sync"

	"github.com/aws/aws-lambda-go/lambda/messages"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// Handler is a Lambda function.
type Handler = func(ctx context.Context, payload json.RawMessage) (json.RawMessage, error)

const (
	maxSync  = 6 << 20
	maxAsync = 1 << 20
)

// Lambda calls registered functions. InvocationType Event calls them in a
// goroutine, once: the retries of asynchronous invocations are not emulated.
type Lambda struct {
	Control

	mu        sync.Mutex
	functions map[string]Handler
	running   sync.WaitGroup
}

// NewLambda returns a Lambda without functions.
func NewLambda() *Lambda {
	return &Lambda{Control: newControl("Lambda"), functions: map[string]Handler{}}
}

// Register adds a function by name.
func (f *Lambda) Register(name string, h Handler) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.functions[name] = h
}

// Wait waits for all asynchronous invocations.
func (f *Lambda) Wait() { f.running.Wait() }

// Invoke calls a function by its name or ARN. A function's error is not
// Invoke's: it comes as FunctionError with the payload aws-lambda-go sends.
func (f *Lambda) Invoke(ctx context.Context, in *lambda.InvokeInput, _ ...func(*lambda.Options)) (*lambda.InvokeOutput, error) {
	return call(ctx, &f.Control, "Invoke", func() (*lambda.InvokeOutput, error) {
		name := aws.ToString(in.FunctionName)
		if _, id, ok := strings.Cut(name, ":function:"); ok {
			name, _, _ = strings.Cut(id, ":")
		}
		f.mu.Lock()
		h, ok := f.functions[name]
		f.mu.Unlock()
		if !ok {
			return nil, &types.ResourceNotFoundException{Message: new("Function not found: " + name), Type: new("User")}
		}
		payload := json.RawMessage(in.Payload)
		if len(payload) == 0 {
			payload = json.RawMessage("{}")
		}
		if !json.Valid(payload) {
			return nil, &types.InvalidRequestContentException{Message: new("Could not parse request body into json"), Type: new("User")}
		}
		return f.invoke(ctx, h, in.InvocationType, payload)
	})
}

func (f *Lambda) invoke(ctx context.Context, h Handler, how types.InvocationType, payload json.RawMessage) (*lambda.InvokeOutput, error) {
	most := maxSync
	if how == types.InvocationTypeEvent {
		most = maxAsync
	}
	if len(payload) > most {
		return nil, &types.RequestTooLargeException{Message: new("Request must be smaller than the limit of the invocation type"), Type: new("User")}
	}
	switch how {
	case types.InvocationTypeDryRun:
		return &lambda.InvokeOutput{StatusCode: 204}, nil
	case types.InvocationTypeEvent:
		detached := context.WithoutCancel(ctx)
		f.running.Go(func() { _, _ = h(detached, payload) })
		return &lambda.InvokeOutput{StatusCode: 202}, nil
	case types.InvocationTypeRequestResponse:
	}
	reply, err := h(ctx, payload)
	out := &lambda.InvokeOutput{StatusCode: 200, Payload: reply, ExecutedVersion: new("$LATEST")}
	if err != nil {
		out.Payload, out.FunctionError = errorPayload(err), new("Unhandled")
	}
	return out, nil
}

// errorPayload is what aws-lambda-go answers for an error: it does not unwrap.
func errorPayload(err error) []byte {
	var reply messages.InvokeResponse_Error
	if own, ok := err.(messages.InvokeResponse_Error); ok { //nolint:errorlint // aws-lambda-go does not unwrap either
		reply = own
	} else {
		t := reflect.TypeOf(err)
		if t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		reply = messages.InvokeResponse_Error{Type: t.Name(), Message: err.Error()}
	}
	raw, jsonErr := json.Marshal(reply)
	if jsonErr != nil {
		panic(errors.Join(err, jsonErr)) // it consists of strings
	}
	return raw
}
