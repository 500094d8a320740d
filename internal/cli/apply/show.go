package apply

import (
	"fmt"
	"strings"

	"ephemr/internal/cli/terminal"
)

func show(o Options, io *terminal.IO, results []Result) error {
	if o.JSON {
		return io.JSON(results)
	}
	style := io.OutStyle()
	for _, r := range results {
		for _, p := range r.Packages {
			did := "already uploaded"
			switch {
			case o.DryRun && p.Uploaded:
				did = "to be uploaded"
			case p.Uploaded:
				did = "uploaded"
			}
			io.Notef("%s\n", io.ErrStyle().Dim(describe(p, did)))
		}
		switch {
		case o.DryRun:
			io.Printf("%s: %s is valid; %s\n", r.File, style.Bold(r.Pipeline), r.Plan)
			for _, t := range r.Plan.Triggers {
				io.Printf("  %s\n", t)
			}
		case r.Changed:
			io.Printf("%s: %s version %d %s\n", r.File, style.Bold(r.Pipeline), r.Version, style.Green("registered"))
		default:
			io.Printf("%s: %s version %d %s\n", r.File, style.Bold(r.Pipeline), r.Version, style.Dim("unchanged"))
		}
		if len(r.Schedules) > 0 {
			io.Printf("  schedules: %s\n", strings.Join(r.Schedules, ", "))
		}
	}
	return nil
}

// String says what would happen.
func (p Plan) String() string {
	switch p.Action {
	case Create:
		return "it would be registered as a new pipeline"
	case Update:
		return fmt.Sprintf("it would become version %d: %s", p.Version, strings.Join(p.Changes, ", "))
	}
	return fmt.Sprintf("version %d would be unchanged", p.Version)
}

func describe(p Package, did string) string {
	return "  " + p.Source + ": " + terminal.Count(p.Files, "file") + ", " + terminal.Bytes(p.Size) + ", " + did
}
