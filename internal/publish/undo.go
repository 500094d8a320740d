package publish

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"time"

	"ephemr/internal/dataset"
	"ephemr/internal/fault"
	"ephemr/internal/run"
)

// UndoRequest makes readers see again what was published before a run.
type UndoRequest struct {
	RunID string `json:"runId"`
	Force bool   `json:"force,omitempty"` // also if another client has changed the partition since, or the previous data has been deleted
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
		if err := p.restore(ctx, &at, in); err != nil {
			return UndoAnswer{}, err
		}
	}
	slog.InfoContext(ctx, "publication undone", "runId", in.RunID, "table", at.Table, "partition", at.Partition, "location", at.Current.Location, "force", in.Force)
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
func (p *Publisher) restore(ctx context.Context, at *Pointer, in UndoRequest) error {
	if at.Current == nil || at.Current.RunID != in.RunID {
		return fault.New(fault.InvalidInput, "partition %s of %s was published again since, by %s: undo that first", at.Partition, at.Table, at.Current.writer())
	}
	if at.isBranch() {
		return p.restoreBranch(ctx, at, in)
	}
	c := p.catalog()
	uri, exists, err := location(ctx, p.Glue, c.database, tableOf(*at), at.Values)
	if err != nil {
		return err
	}
	if len(at.Earlier) == 0 {
		return nothingBefore(*at, exists)
	}
	earlier := at.Earlier[0]
	if err := p.refuse(ctx, *at, uri, exists); err != nil && !in.Force {
		return err
	}
	table, err := c.table(ctx, tableOf(*at), at.keys())
	if err != nil {
		return err
	}
	claim := Claim{RunID: in.RunID, Target: earlier, Before: before(*at, uri, exists, earlier.Location), Undo: true, By: p.Caller(ctx), At: time.Now().UTC()}
	if err := p.Store.claimUndo(ctx, at, claim); err != nil {
		return err
	}
	slog.InfoContext(ctx, "undoing publication", "runId", in.RunID, "table", at.Table, "partition", at.Partition, "from", uri, "to", earlier.Location)
	return p.effect(ctx, at, func() error { return c.point(ctx, table, at.Values, earlier.Location, exists) })
}

// nothingBefore is the error for a partition that did not exist before its publication.
func nothingBefore(at Pointer, exists bool) error {
	if !exists {
		return fault.New(fault.InvalidInput, "partition %s of %s was dropped in the catalog, and did not exist before run %s: there is nothing to undo", at.Partition, at.Table, at.Current.RunID)
	}
	return fault.New(fault.InvalidInput, "partition %s of %s did not exist before run %s: drop it in the catalog (ALTER TABLE … DROP PARTITION), or publish again", at.Partition, at.Table, at.Current.RunID)
}

// refuse compares the catalog with what was published, and looks for the data that would
// be restored.
func (p *Publisher) refuse(ctx context.Context, at Pointer, uri string, exists bool) error {
	const force = "; add --force to make it point at %s anyway"
	earlier := at.Earlier[0].Location
	switch {
	case !exists:
		return fault.New(fault.InvalidInput, "partition %s of %s was dropped in the catalog since run %s published it"+force, at.Partition, at.Table, at.Current.RunID, earlier)
	case !same(uri, at.Current.Location) && !same(uri, earlier):
		return fault.New(fault.InvalidInput, "partition %s of %s points at %s, which another client has set since run %s published it"+force, at.Partition, at.Table, uri, at.Current.RunID, earlier)
	case !p.inLake(earlier): // it cannot be listed
		return nil
	}
	err := p.hasData(ctx, earlier)
	if err != nil && fault.NameOf(err) == fault.Data {
		return fault.New(fault.InvalidInput, "the previous data of partition %s of %s has expired or was deleted"+force, at.Partition, at.Table, earlier)
	}
	return err
}

// inLake reports whether location is in a zone of the lake.
func (p *Publisher) inLake(location string) bool {
	at, err := dataset.Parse(location)
	return err == nil && slices.Contains(slices.Collect(maps.Values(p.Settings.Lake)), at.Bucket)
}
