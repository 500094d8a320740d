package test

import (
	"context"
	"fmt"
	"strings"

	"ephemr/internal/rows"
	"ephemr/internal/run"
)

// verify compares a run that has ended with what is expected. An error means that this
// could not be found out.
func (t *trial) verify(ctx context.Context, rec *run.Record, r *Result) error {
	t.outcome(rec, r)
	if rec.Run.State == run.Rejected { // there are neither jobs nor data
		return nil
	}
	for _, name := range keys(t.test.Expected.Jobs) {
		want := t.test.Expected.Jobs[name]
		j := rec.Job(name)
		if j == nil {
			r.fail("job "+name, "it has no record")
			continue
		}
		if want.State != "" && string(j.State) != want.State {
			r.fail("job "+name, fmt.Sprintf("want %s, got %s%s", want.State, j.State, because(j.Reason)))
		}
		for _, key := range keys(want.Outputs) {
			if got, ok := j.Outputs[key]; !ok {
				r.fail("job "+name, fmt.Sprintf("output %s: want %s, got none", key, want.Outputs[key]))
			} else if got != want.Outputs[key] {
				r.fail("job "+name, fmt.Sprintf("output %s: want %s, got %s", key, want.Outputs[key], got))
			}
		}
	}
	return t.datasets(ctx, r)
}

func because(reason string) string {
	if reason == "" {
		return ""
	}
	return ": " + reason
}

func (t *trial) outcome(rec *run.Record, r *Result) {
	want := t.test.Expected
	if got := string(rec.Run.State); got != want.Outcome {
		class := ""
		if rec.Run.Class != "" {
			class = " (" + string(rec.Run.Class) + ")"
		}
		r.fail("outcome", fmt.Sprintf("want %s, got %s%s%s", want.Outcome, got, class, because(t.shortened(rec.Run.Reason))))
		return
	}
	if want.Class != "" && string(rec.Run.Class) != want.Class {
		r.fail("outcome", fmt.Sprintf("class: want %s, got %s%s", want.Class, rec.Run.Class, because(t.shortened(rec.Run.Reason))))
	}
	if want.Reason != "" && !strings.Contains(rec.Run.Reason, want.Reason) {
		r.fail("outcome", fmt.Sprintf("reason: want a text with %q, got %q", want.Reason, t.shortened(rec.Run.Reason)))
	}
}

// shortened leaves out the folder of the test, which the pipeline's author does not know.
func (t *trial) shortened(text string) string { return strings.ReplaceAll(text, t.folder()+"/", "") }

func (t *trial) datasets(ctx context.Context, r *Result) error {
	for i, want := range t.test.Expected.Datasets {
		got, err := t.readDataset(ctx, want.Dataset)
		if err != nil {
			r.fail(want.Dataset, err.Error())
			continue
		}
		if want.Count != nil && len(got.Rows) != *want.Count {
			r.fail(want.Dataset, fmt.Sprintf("number of rows: want %d, got %d", *want.Count, len(got.Rows)))
		}
		c := t.test.Compares[i]
		if c.Want == nil {
			continue
		}
		if d := rows.Compare(c.Want, got, c.Options); !d.Equal() {
			r.Failures = append(r.Failures, Failure{What: want.Dataset, Message: summary(d), Diff: &d})
		}
	}
	return ctx.Err()
}

// summary is a line about a difference.
func summary(d rows.Diff) string {
	if len(d.Columns) > 0 {
		return "the columns differ"
	}
	counts := map[string]int{}
	for _, x := range d.Differences {
		counts[x.Kind]++
	}
	var parts []string
	for _, kind := range []string{rows.Missing, rows.Unexpected, rows.Different} {
		if counts[kind] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", counts[kind], kind))
		}
	}
	return fmt.Sprintf("rows: want %d, got %d; %s", d.Want, d.Got, strings.Join(parts, ", "))
}
