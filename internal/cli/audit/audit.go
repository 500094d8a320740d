// Package audit is ephemr audit: it lists who asked for what.
package audit

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"ephemr/internal/audit"
	"ephemr/internal/cli/exit"
	"ephemr/internal/cli/terminal"
	"ephemr/internal/pipeline"
)

// Options of the command.
type Options struct {
	Pipeline string // "" = all
	By       string // "" = all
	Last     string
	JSON     bool
}

// longest is how long requests are kept.
const longest = 400 * 24 * time.Hour

// Run lists requests. With JSON that is an array of audit.Entry.
func Run(ctx context.Context, o Options, io *terminal.IO, trail *audit.Trail, runs audit.RunsAPI, now time.Time) error {
	var last pipeline.Duration
	if err := last.UnmarshalText([]byte(o.Last)); err != nil || last <= 0 || last.Std() > longest {
		return exit.Usage("invalid --last %q: use a duration up to 400d (example: 7d)", o.Last)
	}
	q := audit.Query{From: now.Add(-last.Std()), Until: now.Add(time.Minute), Pipeline: o.Pipeline, By: o.By} // clocks differ
	found, err := audit.Report(ctx, q, trail, runs)
	if err != nil {
		return err
	}
	if o.JSON {
		return io.JSON(found)
	}
	if len(found) == 0 {
		io.Notef("no requests in the last %s; extend it with --last\n", o.Last)
		return nil
	}
	rows := make([][]string, 0, len(found))
	for _, e := range found {
		rows = append(rows, []string{
			e.At.UTC().Format(time.RFC3339), terminal.OneLine(e.By), e.Action, terminal.OneLine(cmp.Or(e.RunID, e.Pipeline, e.Target, "-")), string(e.Outcome), terminal.OneLine(detail(e)),
		})
	}
	io.Table([]string{"TIME", "BY", "ACTION", "ON", "OUTCOME", "DETAIL"}, rows)
	return nil
}

// detail is what a row has no other column for.
func detail(e audit.Entry) string {
	var parts []string
	if e.Target != "" && (e.RunID != "" || e.Pipeline != "") {
		parts = append(parts, e.Target)
	}
	for _, name := range slices.Sorted(maps.Keys(e.Detail)) {
		parts = append(parts, name+"="+e.Detail[name])
	}
	if e.Reason != "" {
		parts = append(parts, e.Reason)
	}
	return strings.Join(parts, " ")
}
