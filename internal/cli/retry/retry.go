// Package retry is ephemr retry: it lets a run that failed go on.
package retry

import (
	"context"

	"ephemr/internal/admission"
	"ephemr/internal/cli/call"
	"ephemr/internal/cli/terminal"
	"ephemr/internal/stage"
)

// Options of the command.
type Options struct {
	RunID string
	JSON  bool
}

// Retried is what -o json prints.
type Retried struct {
	RunID    string `json:"runId"`
	Admitted bool   `json:"admitted"` // false = it waits for room
}

// Run asks for it.
func Run(ctx context.Context, o Options, io *terminal.IO, s stage.Settings, api call.InvokeAPI) error {
	in := map[string]map[string]string{"retry": {"runId": o.RunID}}
	var out admission.Output
	if err := call.Function(ctx, api, s.AdmitFunction, in, &out); err != nil {
		return err
	}
	r := Retried{RunID: o.RunID}
	for _, id := range out.Admitted {
		r.Admitted = r.Admitted || id == o.RunID
	}
	switch {
	case o.JSON:
		return io.JSON(r)
	case !r.Admitted:
		io.Notef("%s waits for room\n", o.RunID)
	default:
		io.Printf("%s goes on from what has not succeeded; follow it with: ephemr logs -f %s\n", o.RunID, o.RunID)
	}
	return nil
}
