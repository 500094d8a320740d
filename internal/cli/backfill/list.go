package backfill

import (
	"context"
	"time"

	"ephemr/internal/backfill"
	"ephemr/internal/cli/lambdacall"
	"ephemr/internal/cli/terminal"
	"ephemr/internal/operation"
	"ephemr/internal/stage"
)

// List prints the backfills of the stage, the newest first. With JSON that is a list of
// Progress.
func List(ctx context.Context, io *terminal.IO, c Clients, asJSON bool) error {
	all, err := c.Store.List(ctx)
	if err != nil {
		return err
	}
	shown := []Progress{}
	var rows [][]string
	for _, b := range all {
		p, err := progressOf(ctx, c, b, time.Now())
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
		io.Notef("no backfills; start one with ephemr backfill PIPELINE\n")
		return nil
	}
	io.Table(columns, rows)
	return nil
}

// Show prints the progress of a backfill, its estimated end and what has failed. With JSON
// that is a Progress.
func Show(ctx context.Context, id string, io *terminal.IO, c Clients, asJSON bool) error {
	b, err := c.Store.Head(ctx, id)
	if err != nil {
		return err
	}
	now := time.Now()
	p, err := progressOf(ctx, c, *b, now)
	if err != nil {
		return err
	}
	if asJSON {
		return io.JSON(p)
	}
	io.Table(columns, [][]string{p.row()})
	io.Notef("%s\n", p.line(now))
	p.notes(io)
	return nil
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
func Retry(ctx context.Context, q backfill.RetryRequest, io *terminal.IO, s stage.Settings, c Clients, asJSON bool) error {
	var next backfill.Backfill
	if err := lambdacall.Control(ctx, c.Lambda, s, operation.RetryBackfill, q, &next); err != nil {
		return err
	}
	if asJSON {
		return io.JSON(next)
	}
	io.Printf("%s\n", next.ID)
	io.Notef("%s to retry; follow them with: ephemr backfills %s -f\n", terminal.Count(next.Total, "run"), next.ID)
	return nil
}
