package backfill

import (
	"context"
	"fmt"
	"time"

	"ephemr/internal/backfill"
	"ephemr/internal/cli/lambdacall"
	"ephemr/internal/cli/terminal"
	"ephemr/internal/operation"
	"ephemr/internal/run"
	"ephemr/internal/stage"
)

// Progress is a backfill with the states of its runs.
type Progress struct {
	backfill.Backfill

	Runs map[run.State]int `json:"runs"`
}

// List prints the backfills of the stage, the newest first, or the one with an id. With
// JSON that is a list of Progress.
func List(ctx context.Context, id string, io *terminal.IO, c Clients, asJSON bool) error {
	all, err := c.Store.List(ctx)
	if id != "" {
		var b *backfill.Backfill
		if b, err = c.Store.Load(ctx, id); err == nil {
			all = []backfill.Backfill{*b}
		}
	}
	if err != nil {
		return err
	}
	shown := []Progress{}
	var rows [][]string
	for _, b := range all {
		p, err := progress(ctx, c, b)
		if err != nil {
			return err
		}
		shown = append(shown, p)
		rows = append(rows, p.row())
	}
	if asJSON {
		return io.JSON(shown)
	}
	if len(rows) == 0 {
		io.Notef("no backfills\n")
		return nil
	}
	io.Table([]string{"BACKFILL", "STATE", "FROM", "TO", "RUNS", "WAITING", "RUNNING", "SUCCEEDED", "FAILED", "REASON"}, rows)
	return nil
}

func progress(ctx context.Context, c Clients, b backfill.Backfill) (Progress, error) {
	p := Progress{Backfill: b, Runs: map[run.State]int{}}
	q := b.Request
	return p, c.Runs.Dated(ctx, q.Pipeline, q.From, q.To, func(r run.Run) error {
		if r.Backfill == b.ID {
			p.Runs[r.State]++
		}
		return nil
	})
}

func (p Progress) row() []string {
	n := p.Runs
	return []string{
		p.ID, string(p.State), p.Request.From.Format(time.DateOnly), p.Request.To.Format(time.DateOnly), fmt.Sprint(p.Total),
		fmt.Sprint(n[run.Queued] + p.Total - p.Recorded), fmt.Sprint(n[run.Admitted] + n[run.Running]), fmt.Sprint(n[run.Succeeded]),
		fmt.Sprint(n[run.Failed] + n[run.Cancelled] + n[run.Rejected]), p.Reason,
	}
}

// every is how often the progress is read.
const every = 2 * time.Second

// follow prints the progress until the backfill ends.
func follow(ctx context.Context, io *terminal.IO, c Clients, id string) error {
	before := ""
	for {
		b, err := c.Store.Load(ctx, id)
		if err != nil {
			return err
		}
		p, err := progress(ctx, c, *b)
		if err != nil {
			return err
		}
		row := p.row()
		if text := fmt.Sprintf("%s: %s runs, %s waiting, %s running, %s succeeded, %s failed", row[1], row[4], row[5], row[6], row[7], row[8]); text != before {
			io.Printf("%s\n", text)
			before = text
		}
		if b.Final() {
			return nil
		}
		select {
		case <-time.After(every):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Change pauses, resumes or cancels a backfill.
func Change(ctx context.Context, op operation.Op, id string, io *terminal.IO, s stage.Settings, api lambdacall.InvokeAPI, asJSON bool) error {
	var b backfill.Backfill
	if err := lambdacall.Control(ctx, api, s, op, backfill.Named{ID: id}, &b); err != nil {
		return err
	}
	if asJSON {
		return io.JSON(b)
	}
	io.Printf("backfill %s is %s\n", b.ID, b.State)
	return nil
}

// Retry runs what has failed of a backfill again, in a new one.
func Retry(ctx context.Context, id string, io *terminal.IO, s stage.Settings, c Clients, asJSON bool) error {
	b, err := c.Store.Load(ctx, id)
	if err != nil {
		return err
	}
	q := b.Request
	q.Only = backfill.Failed
	var next backfill.Backfill
	if err := lambdacall.Control(ctx, c.Lambda, s, operation.Backfill, q, &next); err != nil {
		return err
	}
	if asJSON {
		return io.JSON(next)
	}
	io.Printf("%s\n", next.ID)
	io.Notef("%s are tried again; follow them with: ephemr backfills %s\n", terminal.Count(next.Total, "run"), next.ID)
	return nil
}
