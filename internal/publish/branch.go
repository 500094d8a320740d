package publish

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"ephemr/internal/fault"
	"ephemr/internal/iceberg"
	"ephemr/internal/job"
	"ephemr/internal/pipeline"
	"ephemr/internal/run"
)

// snapshotPrefix is what the locations of snapshots of Iceberg tables begin with.
const snapshotPrefix = "snapshot "

func snapshotAt(id int64) string { return snapshotPrefix + strconv.FormatInt(id, 10) }

// snapshotOf is the id in the location of a snapshot; 0 = it is none.
func snapshotOf(location string) int64 {
	id, err := strconv.ParseInt(strings.TrimPrefix(location, snapshotPrefix), 10, 64)
	if err != nil {
		return 0
	}
	return id
}

// reached reports whether main, at a snapshot, shows that c has taken effect.
func reached(t *iceberg.Table, main int64, c Claim) bool {
	undone := c.Undo && c.Before != nil && t.Contains(main, snapshotOf(c.Before.Location))
	return t.Contains(main, snapshotOf(c.Target.Location)) && !undone
}

// publishBranch moves main to the head of the run's branch, which must be what the checks have read and a successor of
// main.
func (p *Publisher) publishBranch(ctx context.Context, rec *run.Record, want pipeline.Publish) (*run.Publication, error) {
	at, err := p.read(ctx, want.Table, iceberg.Main)
	if err != nil {
		return nil, err
	}
	t, err := iceberg.Read(ctx, p.Glue, p.S3, p.Settings.Database(), want.TableName())
	if err != nil {
		return nil, refusal(err, "read table "+want.Table)
	}
	head, err := audited(rec, t, want.Table)
	if err != nil {
		return nil, err
	}
	main, exists := t.Branch(iceberg.Main)
	target := snapshotAt(head)
	was := before(at, snapshotAt(main), exists, target)
	pub := run.Publication{State: run.Publishing, Table: want.Table, Partition: iceberg.Main, Location: target, At: time.Now().UTC()}
	if was != nil {
		pub.Previous = was.Location
	}
	want.Location = target
	if err := p.Store.claim(ctx, &at, p.claim(ctx, rec, want, was, pub.At), rec.Run.Execution, pub); err != nil {
		return nil, err
	}
	if err := p.effect(ctx, &at, func() error {
		if exists && t.Contains(main, head) { // an earlier call has taken effect
			return nil
		}
		return refusal(t.SetMain(ctx, p.Glue, p.S3, head), "publish "+target)
	}); err != nil {
		return nil, err
	}
	pub.State = run.Published
	return &pub, nil
}

// audited is the head of the run's branch of t. It is an error if checks have read another snapshot of t, or if main has
// moved since the branch began.
func audited(rec *run.Record, t *iceberg.Table, table string) (head int64, _ error) {
	branch := rec.Spec.Branch(rec.Run.ID)
	head, ok := t.Branch(branch)
	if !ok {
		return 0, fault.New(fault.Data, "table %s has no branch %s: no job of the run has written to it with Spark; exit with 77 if there is nothing to do", table, branch)
	}
	read := readByChecks(rec)
	other := func(id string) bool { n := snapshotOf(id); return n != head && t.Has(n) }
	if i := slices.IndexFunc(read, other); i >= 0 {
		return 0, fault.New(fault.Data, "branch %s of %s is at snapshot %d, and the checks have read snapshot %s: something writes to the branch after the jobs; end it, then ephemr redo %s", branch, table, head, read[i], rec.Run.ID)
	}
	if main, exists := t.Branch(iceberg.Main); exists && !t.Contains(head, main) && !t.Contains(main, head) {
		return 0, fault.New(fault.Data, "main of %s has moved to snapshot %d since the jobs began to write to branch %s: the branch does not contain that, and is not published; run it again on the new data (ephemr redo %s)", table, main, branch, rec.Run.ID)
	}
	return head, nil
}

// readByChecks are the ids of the snapshots of the run's branch that checks have read, of all tables.
func readByChecks(rec *run.Record) (read []string) {
	for _, j := range rec.Jobs {
		if j.Type == job.Quality {
			read = append(read, strings.Split(j.Outputs[job.SnapshotsOutput], ",")...)
		}
	}
	if found := rec.Found(); found != nil {
		read = append(read, found.Snapshots...)
	}
	return read
}

// restoreBranch moves main back to the snapshot before the run.
func (p *Publisher) restoreBranch(ctx context.Context, at *Pointer, in UndoRequest) error {
	if len(at.Earlier) == 0 {
		return fault.New(fault.InvalidInput, "%s was empty before run %s: delete its rows with SQL", at.Table, in.RunID)
	}
	earlier := at.Earlier[0]
	t, err := iceberg.Read(ctx, p.Glue, p.S3, p.Settings.Database(), tableOf(*at))
	if err != nil {
		return refusal(err, "read table "+at.Table)
	}
	id := snapshotOf(earlier.Location)
	main, exists := t.Branch(iceberg.Main)
	switch moved := !exists || snapshotAt(main) != at.Current.Location; {
	case !t.Has(id):
		return fault.New(fault.InvalidInput, "%s of %s has expired and cannot be restored", earlier.Location, at.Table)
	case moved && !in.Force:
		return fault.New(fault.InvalidInput, "main of %s is at snapshot %d, to which another client has moved it since run %s published %s; add --force to move it to %s anyway, which removes those changes", at.Table, main, in.RunID, at.Current.Location, earlier.Location)
	}
	claim := Claim{RunID: in.RunID, Target: earlier, Before: before(*at, snapshotAt(main), exists, earlier.Location), Undo: true, By: p.Caller(ctx), At: time.Now().UTC()}
	if err := p.Store.claimUndo(ctx, at, claim); err != nil {
		return err
	}
	return p.effect(ctx, at, func() error {
		return refusal(t.SetMain(ctx, p.Glue, p.S3, id), "restore "+earlier.Location+" of "+at.Table)
	})
}
