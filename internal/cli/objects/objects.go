// Package objects is ephemr objects: it shows which run took an object of S3, and which
// objects no run took.
package objects

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"ephemr/internal/cli/exit"
	"ephemr/internal/cli/terminal"
	"ephemr/internal/ledger"
	"ephemr/internal/stage"
)

// Options of the command.
type Options struct {
	Pipeline string // whose missing objects are listed
	Feed     bool
	Since    string
	Older    time.Duration
	JSON     bool
}

// Taken is a version of an object that a pipeline has taken.
type Taken struct {
	ledger.Entry

	State    ledger.State `json:"state,omitempty"`   // of its batch
	ClosesAt time.Time    `json:"closesAt,omitzero"` // of a batch that is open
	Runs     []string     `json:"runs"`              // its run, and those that had it again
}

// Show prints what pipelines have taken of an object.
func Show(ctx context.Context, uri string, o Options, io *terminal.IO, s stage.Settings, l *ledger.Store) error {
	bucket, key, err := ledger.Parse(uri)
	if err != nil {
		return exit.Usage("%w", err)
	}
	bucket = s.BucketOf(bucket)
	entries, err := l.Entries(ctx, bucket, key, "")
	if err != nil {
		return err
	}
	all := []Taken{}
	for _, e := range entries {
		t, err := taken(ctx, e, l)
		if err != nil {
			return err
		}
		all = append(all, t)
	}
	if o.JSON {
		err = io.JSON(all)
	} else if len(all) > 0 {
		table(io, all)
	}
	if len(all) == 0 && err == nil {
		err = fmt.Errorf("no pipeline has taken s3://%s/%s; ephemr pipelines lists the triggers, ephemr objects --missing PIPELINE what one has not taken", bucket, key)
	}
	return err
}

// taken adds the runs of e's batch to those that had it by itself.
func taken(ctx context.Context, e ledger.Entry, l *ledger.Store) (Taken, error) {
	t := Taken{Entry: e, Runs: slices.Clone(e.Runs)}
	if e.Batch != "" {
		b, err := l.Batch(ctx, e.Batch)
		if err != nil {
			return t, err
		}
		if b != nil {
			t.State, t.Runs = b.State, append(slices.Clone(b.Runs), t.Runs...)
			if b.State == ledger.Open {
				t.ClosesAt = b.ClosesAt
			}
		}
	}
	if t.Runs == nil {
		t.Runs = []string{}
	}
	return t, nil
}

func table(io *terminal.IO, all []Taken) {
	var rows [][]string
	for _, t := range all {
		rows = append(rows, []string{
			t.Pipeline, cmp.Or(t.Version, "-"), fmt.Sprint(t.Size), t.Time.UTC().Format(time.DateTime), t.At.UTC().Format(time.DateTime), t.where(),
		})
	}
	io.Table([]string{"PIPELINE", "VERSION", "BYTES", "CREATED", "TAKEN", "RUN"}, rows)
}

// where is the run of t, or what it waits for.
func (t Taken) where() string {
	switch {
	case t.As != "":
		return string(t.As) + " of a batch"
	case len(t.Runs) > 0:
		return strings.Join(t.Runs, " ")
	case t.State == ledger.Open:
		return "in a batch that closes at " + t.ClosesAt.UTC().Format(time.DateTime)
	}
	return "in a batch that is being started"
}
