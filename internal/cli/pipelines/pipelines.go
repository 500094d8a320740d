// Package pipelines is ephemr pipelines: it lists the registered pipelines.
package pipelines

import (
	"context"
	"fmt"
	"strings"
	"time"

	"ephemr/internal/calendar"
	"ephemr/internal/cli/due"
	"ephemr/internal/cli/terminal"
	"ephemr/internal/pipeline"
	"ephemr/internal/view/pipelinelist"
)

// Options of the command.
type Options struct{ JSON bool }

// Run prints the current versions. With JSON that is an array of pipelinelist.Pipeline.
func Run(ctx context.Context, o Options, io *terminal.IO, api pipelinelist.ScanAPI, table string) error {
	found, err := pipelinelist.List(ctx, api, table)
	if err != nil {
		return err
	}
	if o.JSON {
		return io.JSON(found)
	}
	if len(found) == 0 {
		io.Notef("no pipelines; register one with: ephemr apply FILE\n")
		return nil
	}
	now := time.Now()
	var rows [][]string
	for _, v := range found {
		state := io.OutStyle().Green("active")
		if v.Paused {
			state = io.OutStyle().Yellow("paused" + waiting(v.Due))
		}
		rows = append(rows, []string{
			v.Spec.Name, fmt.Sprint(v.Number), state, terminal.Ago(v.AppliedAt, now), fmt.Sprint(len(v.Spec.Jobs)), triggers(v.Spec), v.Spec.Owner,
			terminal.OneLine(v.Spec.Description),
		})
	}
	io.Table([]string{"PIPELINE", "VERSION", "STATE", "APPLIED", "JOBS", "TRIGGERS", "OWNER", "DESCRIPTION"}, rows)
	return nil
}

// waiting says how many dates have become due, ", 3 dates due".
func waiting(all []calendar.Dates) string {
	n := 0
	for _, d := range all {
		n += d.Due
	}
	if n == 0 {
		return ""
	}
	return ", " + due.Count(n) + " due"
}

func triggers(s pipeline.Spec) string {
	var all []string
	for _, t := range s.Triggers {
		switch {
		case t.S3 != nil:
			all = append(all, "s3://"+t.S3.String())
		case t.After != nil:
			all = append(all, "after "+t.After.String())
		default:
			all = append(all, strings.TrimSpace(t.Schedule+" "+t.Timezone))
		}
	}
	return strings.Join(all, ", ")
}
