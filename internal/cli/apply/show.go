package apply

import (
	"fmt"
	"slices"
	"strings"

	"ephemr/internal/cli/terminal"
)

func show(o Options, io *terminal.IO, results []Result) error {
	if o.JSON {
		return io.JSON(results)
	}
	style := io.OutStyle()
	for _, r := range results {
		showPackages(o, io, r.Packages)
		switch {
		case o.DryRun:
			io.Printf("%s: %s is valid; %s\n", r.File, style.Bold(r.Pipeline), r.Plan)
			for _, line := range r.Plan.lines() {
				io.Printf("  %s\n", line)
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

func showPackages(o Options, io *terminal.IO, packages []Package) {
	for _, p := range packages {
		did := "already uploaded"
		switch {
		case o.DryRun && p.Uploaded:
			did = "to be uploaded"
		case p.Uploaded:
			did = "uploaded"
		case o.Diff:
			continue
		}
		io.Notef("%s\n", io.ErrStyle().Dim(describe(p, did)))
	}
}

// String says what would happen.
func (p Plan) String() string {
	paused := ""
	if p.Paused {
		paused = " (paused)"
	}
	switch p.Action {
	case Create:
		return "it would be registered as a new pipeline"
	case Update:
		return fmt.Sprintf("it would become version %d%s: %s", p.Version, paused, strings.Join(p.Changes, ", "))
	}
	return fmt.Sprintf("version %d%s would be unchanged", p.Version, paused)
}

// lines list what would change: + is added, - is removed.
func (p Plan) lines() []string {
	all := slices.Clone(p.Triggers)
	for _, s := range p.Schedules {
		if s.Change == Added && !s.Next.IsZero() {
			all = append(all, fmt.Sprintf("  next of %q: %s", s.Schedule, s.Next.Format("2006-01-02 15:04 MST")))
		}
	}
	for _, j := range p.Jobs {
		if sign := map[string]string{Added: "+", Removed: "-"}[j.Change]; sign != "" {
			all = append(all, sign+" job "+j.Name)
		}
	}
	for _, d := range p.Packages {
		all = append(all, "  package of "+d.Job+": "+short(d.Old)+" -> "+short(d.New))
	}
	return all
}

// short is the beginning of a digest.
func short(digest string) string {
	if digest == "" {
		return "none"
	}
	return digest[:min(len(digest), 12)]
}

func describe(p Package, did string) string {
	return "  " + p.Source + ": " + terminal.Count(p.Files, "file") + ", " + terminal.Bytes(p.Size) + ", " + did
}
