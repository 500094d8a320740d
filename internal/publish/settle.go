package publish

import (
	"context"
	"log/slog"

	"ephemr/internal/fault"
	"ephemr/internal/iceberg"
	"ephemr/internal/run"
	"ephemr/internal/run/store"
)

// Settler finds out what became of a publication that an invocation has begun and not
// recorded: whether the partition points at the run's location is the proof.
type Settler struct {
	Runs     *store.Runs
	Store    *Store
	Glue     ReadAPI
	S3       iceberg.GetAPI
	Database string // Glue's
	Caller   func(context.Context) string
}

// Settle returns rec with a publication that is not pending.
func (s *Settler) Settle(ctx context.Context, rec *run.Record) (*run.Record, error) {
	pub := rec.Run.Publication
	if !pub.Pending() {
		return rec, nil
	}
	p, err := s.Store.Read(ctx, pub.Table, pub.Partition)
	if err != nil {
		return nil, err
	}
	if p.Claim != nil {
		if err := s.claim(ctx, &p); err != nil {
			return nil, err
		}
	}
	rec, err = s.Runs.Load(ctx, rec.Run.ID)
	if err == nil && rec.Run.Publication.Pending() {
		err = fault.New(fault.Throttled, "run %s is publishing to %s", rec.Run.ID, pub.Table)
	}
	return rec, err
}

// seen is what readers of p see: after its claim has taken effect, the target of that, even if another client has
// committed to the branch since.
func (s *Settler) seen(ctx context.Context, p Pointer) (uri string, found bool, err error) {
	if !p.isBranch() {
		return location(ctx, s.Glue, s.Database, tableOf(p), p.Values)
	}
	t, err := iceberg.Read(ctx, s.Glue, s.S3, s.Database, tableOf(p))
	if err != nil {
		return "", false, refusal(err, "read table "+p.Table)
	}
	id, found := t.Branch(iceberg.Main)
	if found && p.Claim != nil && reached(t, id, *p.Claim) {
		return p.Claim.Target.Location, true, nil
	}
	return snapshotAt(id), found, nil
}

// claim settles or withdraws the claim of p. The error is fault.Throttled while the
// invocation that has written it may still call the catalog.
func (s *Settler) claim(ctx context.Context, p *Pointer) error {
	c := *p.Claim
	uri, found, err := s.seen(ctx, *p)
	switch {
	case err != nil:
		return err
	case found && same(uri, c.Target.Location):
		slog.InfoContext(ctx, "publication had taken effect", "runId", c.RunID, "table", p.Table, "partition", p.Partition, "location", uri)
		return s.Store.settle(ctx, p)
	case c.held(s.Caller(ctx)):
		return fault.New(fault.Throttled, "partition %s of %s is being published for run %s", p.Partition, p.Table, c.RunID)
	}
	slog.InfoContext(ctx, "publication had not taken effect", "runId", c.RunID, "table", p.Table, "partition", p.Partition)
	return s.Store.withdraw(ctx, p)
}
