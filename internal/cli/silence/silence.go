// Package silence is ephemr silence, unsilence and silences: they keep notices back.
package silence

import (
	"context"
	"fmt"
	"time"

	"ephemr/internal/cli/exit"
	"ephemr/internal/cli/lambdacall"
	"ephemr/internal/cli/terminal"
	"ephemr/internal/job"
	"ephemr/internal/operation"
	"ephemr/internal/outbox"
	"ephemr/internal/pipeline"
	"ephemr/internal/stage"
)

// Options of silence and unsilence.
type Options struct {
	Pipeline string
	For      string // "" = end it
	Class    string // "" = all
	By       string
	JSON     bool
}

// Run begins or ends a silence. With JSON it prints an operation.Silenced.
func Run(ctx context.Context, o Options, io *terminal.IO, s stage.Settings, api lambdacall.InvokeAPI) error {
	request := operation.SilenceRequest{Pipeline: o.Pipeline, Class: job.Class(o.Class), By: o.By}
	if o.For != "" {
		var d pipeline.Duration
		if err := d.UnmarshalText([]byte(o.For)); err != nil || d <= 0 {
			return exit.Usage("invalid duration %q (example: 2h)", o.For)
		}
		request.For = d
	}
	var out operation.Silenced
	if err := lambdacall.Control(ctx, api, s, operation.Silence, request, &out); err != nil {
		return err
	}
	switch {
	case o.JSON:
		return io.JSON(out)
	case o.For == "":
		io.Printf("notices of pipeline %s%s are sent again; those that were kept back follow within a minute\n", o.Pipeline, ofClass(o.Class))
	default:
		io.Printf("notices of pipeline %s%s are kept back until %s; ephemr silences lists them\n", o.Pipeline, ofClass(o.Class), out.Until.UTC().Format(time.RFC3339))
	}
	return nil
}

func ofClass(class string) string {
	if class == "" {
		return ""
	}
	return " of class " + class
}

// Lister lists silences.
type Lister interface {
	Silences(ctx context.Context, now time.Time) ([]outbox.Held, error)
}

// List prints the silences of the stage. With JSON that is an array of outbox.Held.
func List(ctx context.Context, io *terminal.IO, store Lister, now time.Time, asJSON bool) error {
	all, err := store.Silences(ctx, now)
	if err != nil {
		return err
	}
	if asJSON {
		return io.JSON(all)
	}
	if len(all) == 0 {
		io.Notef("no silences; begin one with ephemr silence PIPELINE 2h\n")
		return nil
	}
	var rows [][]string
	for _, h := range all {
		span := ""
		if h.First != nil && h.Last != nil {
			span = h.First.RunID + " to " + h.Last.RunID
		}
		rows = append(rows, []string{h.Pipeline, h.Class, h.Until.UTC().Format(time.RFC3339), terminal.OneLine(h.By), fmt.Sprint(h.Count), span})
	}
	io.Table([]string{"PIPELINE", "CLASS", "UNTIL", "BY", "KEPT BACK", "RUNS"}, rows)
	return nil
}
