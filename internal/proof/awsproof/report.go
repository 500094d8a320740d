package awsproof

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
)

// Report is what was observed, and the answers to the doubts.
type Report struct {
	Local        bool
	Region       string
	Version      string // of the stage
	Begun        time.Time
	Took         time.Duration
	Observations []Observation
	Findings     []Finding
	Left         []string // what the probes have left in the account

	accounts []string // ids that the text does not contain, so that it can be shared
}

// judge answers every doubt.
func (r *Report) judge() {
	for _, d := range Doubts {
		f := d.find(r.Observations)
		if r.Local && f.Verdict != NotSettled {
			f.Would, f.Verdict = f.Verdict, OnLaptop
		}
		r.Findings = append(r.Findings, f)
	}
}

// broken joins the errors of probes that could not observe anything.
func (r *Report) broken() error {
	var errs []error
	for _, o := range r.Observations {
		if o.Err != nil {
			errs = append(errs, fmt.Errorf("probe %s: %w", o.Probe.Name, o.Err))
		}
	}
	return errors.Join(errs...)
}

// Count is the number of doubts with a verdict.
func (r *Report) Count(v Verdict) int {
	n := 0
	for _, f := range r.Findings {
		if f.Verdict == v {
			n++
		}
	}
	return n
}

// Write writes the report as Markdown.
func (r *Report) Write(to io.Writer) error {
	var b strings.Builder
	line := func(format string, args ...any) { _, _ = fmt.Fprintf(&b, format+"\n", args...) }
	where := "AWS, Region " + r.Region
	if r.Local {
		where = "the local region: **nothing here says what AWS does**"
	}
	line("# What aws-proof observed\n")
	line("* on %s", where)
	line("* stage version %s, %s, took %s", r.Version, r.Begun.UTC().Format(time.RFC3339), r.Took.Round(time.Second))
	line("* of %d doubts %s\n", len(r.Findings), r.counts())
	line("| doubt | verdict | the product assumes |\n|---|---|---|")
	for _, f := range r.Findings {
		line("| [%s](#%[1]s) | %s | %s |", f.Doubt.ID, f.Verdict, f.Doubt.Assumes)
	}
	line("\n## Doubts")
	for _, f := range r.Findings {
		line("\n### %s\n\n%s\n", f.Doubt.ID, f.Doubt.Question)
		line("* **verdict**: %s", f.verdict())
		line("* **the product assumes**: %s", f.Doubt.Assumes)
		line("* **observed** by probe `%s`: %s", f.Doubt.Probe, oneLine(f.Evidence))
	}
	line("\n## Observations")
	for _, o := range r.Observations {
		r.observation(line, o)
	}
	line("\n## Left behind\n")
	if len(r.Left) == 0 {
		line("nothing")
	}
	for _, arn := range r.Left {
		line("* `%s`", arn)
	}
	text := b.String()
	for _, id := range r.accounts {
		text = strings.ReplaceAll(text, id, "<account>")
	}
	_, err := io.WriteString(to, text)
	return err
}

func (r *Report) observation(line func(string, ...any), o Observation) {
	line("\n### probe %s\n\n%s, %.0f s.", o.Probe.Name, o.Probe.About, o.Took.Seconds())
	if o.Err != nil {
		line("Failed: %s", oneLine(o.Err.Error()))
	}
	if len(o.Facts) == 0 {
		return
	}
	line("\n```text")
	for _, name := range slices.Sorted(maps.Keys(o.Facts)) {
		line("%s = %s", name, strings.ReplaceAll(strings.TrimSpace(o.Facts[name]), "\n", "\n    "))
	}
	line("```")
}

func (r *Report) counts() string {
	var parts []string
	for _, v := range []Verdict{AsAssumed, Different, NotSettled, OnLaptop} {
		if n := r.Count(v); n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, v))
		}
	}
	return strings.Join(parts, ", ")
}

func (f Finding) verdict() string {
	if f.Would != "" {
		return fmt.Sprintf("%s (%s)", f.Verdict, f.Would)
	}
	return string(f.Verdict)
}

func oneLine(text string) string {
	if text = strings.Join(strings.Fields(text), " "); text == "" {
		return "nothing"
	}
	return text
}
