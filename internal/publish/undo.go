package publish

import (
	"context"
	"log/slog"
	"time"

	"ephemr/internal/fault"
	"ephemr/internal/run"
)

// UndoRequest makes readers see again what was published before a run.
type UndoRequest struct {
	RunID string `json:"runId"`
}

// UndoAnswer says what readers see.
type UndoAnswer struct {
	RunID     string `json:"runId"`
	Table     string `json:"table"`
	Partition string `json:"partition"`
	Location  string `json:"location"`           // that readers see now
	Restored  string `json:"restored,omitempty"` // the run that wrote it; "" = it was not published by a run
}

// Undo makes the partition that the run has published point at its previous location. A
// newer publication of the partition is undone first.
func (p *Publisher) Undo(ctx context.Context, in UndoRequest) (UndoAnswer, error) {
	pub, err := p.published(ctx, in.RunID)
	if err != nil {
		return UndoAnswer{}, err
	}
	at, err := p.Store.Read(ctx, pub.Table, pub.Partition)
	if err != nil {
		return UndoAnswer{}, err
	}
	interrupted := at.Claim != nil && at.Claim.Undo && at.Claim.RunID == in.RunID
	if at.Claim != nil {
		if err := p.Settler.claim(ctx, &at); err != nil {
			return UndoAnswer{}, err
		}
	}
	if undone := at.Current != nil && at.Current.RunID != in.RunID; !interrupted || !undone {
		if err := p.restore(ctx, &at, in.RunID); err != nil {
			return UndoAnswer{}, err
		}
	}
	slog.InfoContext(ctx, "publication undone", "runId", in.RunID, "table", at.Table, "partition", at.Partition, "location", at.Current.Location)
	return UndoAnswer{RunID: in.RunID, Table: at.Table, Partition: at.Partition, Location: at.Current.Location, Restored: at.Current.RunID}, nil
}

// published is what the run has published.
func (p *Publisher) published(ctx context.Context, runID string) (run.Publication, error) {
	rec, err := p.Runs.Load(ctx, runID)
	if err != nil {
		return run.Publication{}, err
	}
	switch pub := rec.Run.Publication; {
	case pub == nil:
		return run.Publication{}, fault.New(fault.InvalidInput, "run %s is %s and has published nothing", runID, rec.Run.State)
	case pub.State != run.Published:
		return run.Publication{}, fault.New(fault.InvalidInput, "the data of run %s is %s: only a publication that is PUBLISHED can be undone", runID, pub.State)
	default:
		return *pub, nil
	}
}

// restore makes the partition point at what was published before the run.
func (p *Publisher) restore(ctx context.Context, at *Pointer, runID string) error {
	switch {
	case at.Current == nil || at.Current.RunID != runID:
		return fault.New(fault.InvalidInput, "partition %s of %s was published again since, by %s: undo that first", at.Partition, at.Table, at.Current.writer())
	case len(at.Earlier) == 0:
		return fault.New(fault.InvalidInput, "partition %s of %s did not exist before run %s: drop it in the catalog (ALTER TABLE … DROP PARTITION), or publish again", at.Partition, at.Table, runID)
	}
	c, earlier := p.catalog(), at.Earlier[0]
	table, err := c.table(ctx, tableOf(*at), nil)
	if err != nil {
		return err
	}
	claim := Claim{RunID: runID, Target: earlier, Before: at.Current, Undo: true, By: p.Caller(ctx), At: time.Now().UTC()}
	if err := p.Store.claimUndo(ctx, at, claim); err != nil {
		return err
	}
	return p.effect(ctx, at, func() error { return c.point(ctx, table, at.Values, earlier.Location, true) })
}
