package test

import (
	"fmt"
	"strings"
	"time"

	"ephemr/internal/cli/terminal"
	"ephemr/internal/rows"
)

// Report is what -o json prints.
type Report struct {
	Tests   []Result `json:"tests"`
	Passed  int      `json:"passed"`
	Failed  int      `json:"failed"`
	Seconds float64  `json:"seconds"`
}

// Result is the result of a test.
type Result struct {
	Name     string    `json:"name"`
	File     string    `json:"file"`
	Passed   bool      `json:"passed"`
	Seconds  float64   `json:"seconds"`
	RunID    string    `json:"runId,omitempty"`
	Failures []Failure `json:"failures"`
	Log      []string  `json:"log,omitempty"`   // the last lines of the jobs of a test that failed
	Notes    []string  `json:"notes,omitempty"` // what remained afterwards, and why
}

// Failure is something that is not as expected.
type Failure struct {
	What    string     `json:"what"` // outcome, job …, a dataset, or error
	Message string     `json:"message"`
	Diff    *rows.Diff `json:"diff,omitempty"`
}

func (r *Result) fail(what, message string) {
	r.Failures = append(r.Failures, Failure{What: what, Message: message})
}

func (r *Report) count() {
	for _, t := range r.Tests {
		if t.Passed {
			r.Passed++
		} else {
			r.Failed++
		}
	}
}

// show prints the report.
func (r *Report) show(o Options, io *terminal.IO) error {
	if o.JSON {
		return io.JSON(r)
	}
	style := io.OutStyle()
	for _, t := range r.Tests {
		took := terminal.Duration(seconds(t.Seconds))
		if t.Passed {
			io.Printf("%s  %s  %s\n", style.Green("PASS"), t.Name, took)
		} else {
			io.Printf("%s  %s  %s  %s\n", style.Red("FAIL"), t.Name, took, t.RunID)
		}
		for _, f := range t.Failures {
			for _, line := range f.lines() {
				io.Printf("  %s\n", terminal.Clean(line))
			}
		}
		if len(t.Log) > 0 && t.broken() {
			io.Printf("  %s\n", style.Dim("last lines of its jobs:"))
			for _, line := range t.Log {
				io.Printf("    %s\n", style.Dim(terminal.Clean(line)))
			}
		}
		t.notes(io)
	}
	io.Printf("%s: %d passed, %d failed, in %s\n", terminal.Count(len(r.Tests), "test"), r.Passed, r.Failed, terminal.Duration(seconds(r.Seconds)))
	return nil
}

// notes prints what remained after a test.
func (r *Result) notes(io *terminal.IO) {
	for _, note := range r.Notes {
		io.Notef("%s\n", note)
	}
}

// broken reports whether the run itself was not as expected, so that its log explains it.
func (r *Result) broken() bool {
	for _, f := range r.Failures {
		if f.Diff == nil && (f.What == "outcome" || f.What == "run" || strings.HasPrefix(f.What, "job ")) {
			return true
		}
	}
	return false
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

const maxDiff = 20 // rows that are shown

// lines describe a failure.
func (f Failure) lines() []string {
	all := []string{f.What + ": " + f.Message}
	if f.Diff == nil {
		return all
	}
	for _, c := range f.Diff.Columns {
		all = append(all, "  "+c)
	}
	for i, d := range f.Diff.Differences {
		if i == maxDiff {
			all = append(all, fmt.Sprintf("  and %d more", len(f.Diff.Differences)-maxDiff))
			break
		}
		line := fmt.Sprintf("  %-10s  %s", d.Kind, d.Row)
		for _, v := range d.Values {
			line += fmt.Sprintf("  %s: want %s, got %s;", v.Column, v.Want, v.Got)
		}
		all = append(all, strings.TrimSuffix(line, ";"))
	}
	return all
}
