package control

import (
	"context"
	"encoding/json"
	"strings"

	"ephemr/internal/entry"
)

// Function is one of the control plane's functions.
type Function struct {
	Name string // CreateCluster: construct of the CDK app and, in lower case, folder of functions/

	build func(*Wiring) raw
}

// Folder is the function's folder below functions/, and its name in AWS without
// the stage's prefix.
func (f Function) Folder() string { return strings.ToLower(f.Name) }

// Placeholder is what stands for the function's address in state machines.
func (f Function) Placeholder() string { return f.Name + "Function" }

// Handler returns the function as Lambda runs it: JSON in, and JSON or a named
// error out.
func (f Function) Handler(w *Wiring) func(context.Context, json.RawMessage) (json.RawMessage, error) {
	return f.build(w)
}

// Functions lists all functions by name. It links everything; the functions'
// mains must not call it.
func Functions() []Function {
	return []Function{
		{"Admit", wrap((*Wiring).Admit)},
		{"AwaitAdmission", wrap((*Wiring).AwaitAdmission)},
		{"Calendar", wrap((*Wiring).Calendar)},
		{"CheckData", wrap((*Wiring).CheckData)},
		{"CheckSQL", wrap((*Wiring).CheckSQL)},
		{"Control", wrap((*Wiring).Control)},
		{"CreateCluster", wrap((*Wiring).CreateCluster)},
		{"FinishRun", wrap((*Wiring).FinishRun)},
		{"HoldRun", wrap((*Wiring).HoldRun)},
		{"Intake", wrap((*Wiring).Intake)},
		{"Notify", wrap((*Wiring).Notify)},
		{"PrepareRun", wrap((*Wiring).PrepareRun)},
		{"Publish", wrap((*Wiring).Publish)},
		{"Register", wrap((*Wiring).Register)},
		{"StopSteps", wrap((*Wiring).StopSteps)},
		{"SubmitSteps", wrap((*Wiring).SubmitSteps)},
		{"Sweep", wrap((*Wiring).Sweep)},
		{"TerminateCluster", wrap((*Wiring).TerminateCluster)},
		{"Watch", wrap((*Wiring).Watch)},
	}
}

type raw = func(context.Context, json.RawMessage) (json.RawMessage, error)

// wrap gives a function's handler the types of the wire.
func wrap[In, Out any](build func(*Wiring) Handler[In, Out]) func(*Wiring) raw {
	return func(w *Wiring) raw {
		handle := entry.Wrap(build(w))
		return func(ctx context.Context, payload json.RawMessage) (json.RawMessage, error) {
			out, err := handle(ctx, payload)
			if err != nil {
				return nil, err
			}
			return json.Marshal(out)
		}
	}
}
