package intake

import (
	"context"
	"slices"
	"time"

	"ephemr/internal/admission"
	"ephemr/internal/engine"
	"ephemr/internal/fault"
	"ephemr/internal/ledger"
	"ephemr/internal/pipeline"
	"ephemr/internal/run"
	"ephemr/internal/run/store"
	"ephemr/internal/stage"
)

// Redoer gives the objects of a run to a new one. It is an operation of the control
// function.
type Redoer struct {
	Settings  stage.Settings
	Runs      *store.Runs
	Pipelines Pipelines
	Users     Users
	Engines   engine.Catalog
	Ledger    *ledger.Store
	Manifests *ledger.Manifests
	Admission *admission.Requester
}

// RedoRequest makes a new run of the objects of a run.
type RedoRequest struct {
	RunID     string `json:"runId"`
	RequestID string `json:"requestId"` // idempotency token: one new run for each
}

// Redone is the answer to a RedoRequest.
type Redone struct {
	RunID string `json:"runId"` // of the new run
}

// Redo makes the run, with the pipeline's current version.
func (d *Redoer) Redo(ctx context.Context, in RedoRequest) (Redone, error) {
	rec, err := d.Runs.Load(ctx, in.RunID)
	if err != nil {
		return Redone{}, err
	}
	t := rec.Run.Trigger
	switch {
	case in.RequestID == "":
		return Redone{}, fault.New(fault.InvalidInput, "redo %s: the request has no requestId", in.RunID)
	case t.Batch == "" && t.Key == "":
		return Redone{}, fault.New(fault.InvalidInput, "run %s was not started by objects; use ephemr start", in.RunID)
	case !rec.Run.State.Final():
		return Redone{}, fault.New(fault.InvalidInput, "run %s is %s; wait for its end or cancel it", in.RunID, rec.Run.State)
	}
	objects, err := d.objects(ctx, rec.Run)
	if err != nil {
		return Redone{}, err
	}
	w, err := d.newRun(ctx, rec.Run, in.RequestID, objects)
	if err != nil {
		return Redone{}, err
	}
	if err := d.Manifests.Write(ctx, w.Run, objects); err != nil {
		return Redone{}, err
	}
	id, _, err := d.Runs.Create(ctx, w.Run, w.Spec, w.With...)
	if err != nil {
		return Redone{}, err
	}
	if id == "" {
		return Redone{}, fault.New(fault.Conflict, "batch %s has changed; try again", t.Batch)
	}
	d.Admission.Request(ctx, id)
	return Redone{RunID: id}, nil
}

// objects are those of r.
func (d *Redoer) objects(ctx context.Context, r run.Run) ([]ledger.Object, error) {
	if r.Trigger.Batch == "" {
		return d.object(ctx, r)
	}
	b, err := d.Ledger.Batch(ctx, r.Trigger.Batch)
	if err != nil {
		return nil, err
	}
	if b == nil {
		return nil, fault.New(fault.InvalidInput, "the batch %s of run %s has expired", r.Trigger.Batch, r.ID)
	}
	return d.Ledger.Members(ctx, *b)
}

// object is the only one of r, as the ledger has it.
func (d *Redoer) object(ctx context.Context, r run.Run) ([]ledger.Object, error) {
	entries, err := d.Ledger.Entries(ctx, r.Trigger.Bucket, r.Trigger.Key, r.Pipeline)
	for _, e := range entries {
		if slices.Contains(e.Runs, r.ID) {
			return []ledger.Object{e.Object}, err
		}
	}
	return []ledger.Object{{
		Bucket: r.Trigger.Bucket, Key: r.Trigger.Key, Version: r.Trigger.Version, Size: r.Trigger.Size, Time: r.LogicalTime,
	}}, err
}

func (d *Redoer) newRun(ctx context.Context, r run.Run, requestID string, objects []ledger.Object) (NewRun, error) {
	t := run.Trigger{
		Kind: run.ByS3, Bucket: r.Trigger.Bucket, Key: r.Trigger.Key, Version: r.Trigger.Version, Size: r.Trigger.Size,
		Batch: r.Trigger.Batch, Count: r.Trigger.Count, Bytes: r.Trigger.Bytes, RedoOf: r.ID,
	}
	if t.Batch != "" {
		t.Objects = few(objects)
	}
	params, err := d.params(ctx, r)
	if err != nil {
		return NewRun{}, err
	}
	runs, err := RunRequest{
		Pipeline: r.Pipeline, Params: params, Logical: r.LogicalTime, RequestedAt: time.Now(), Trigger: t,
		Identity: []string{"redo", r.ID, requestID},
	}.NewRuns(ctx, d.Settings, d.Pipelines, d.Users, d.Engines)
	if err != nil {
		return NewRun{}, err
	}
	if len(runs) != 1 {
		return NewRun{}, fault.New(fault.InvalidInput, "the matrix of pipeline %s has changed since run %s: %d runs would take its objects; use ephemr start with --object", r.Pipeline, r.ID, len(runs))
	}
	w := runs[0]
	if t.Batch != "" {
		redo, err := d.Ledger.Redo(t.Batch, w.Run.ID)
		w.With = append(w.With, redo)
		return w, err
	}
	given, err := d.Ledger.Give(ledger.Entry{Object: objects[0], Pipeline: r.Pipeline, At: time.Now().UTC(), Runs: []string{w.Run.ID}})
	w.With = append(w.With, given)
	return w, err
}

// params are those of r that the pipeline still has, without the hidden ones.
func (d *Redoer) params(ctx context.Context, r run.Run) (map[string]string, error) {
	v, err := d.Pipelines.Current(ctx, r.Pipeline)
	if v == nil || err != nil {
		return nil, err
	}
	params := map[string]string{}
	for name, value := range r.Params {
		if _, ok := v.Spec.Params[name]; ok && value != pipeline.Hidden {
			params[name] = value
		}
	}
	return params, nil
}

// Restore writes the manifest of a run again that is to be retried: objects of the logs
// bucket expire.
func (d *Redoer) Restore(ctx context.Context, r run.Run) error {
	if r.Trigger.Batch == "" {
		return nil
	}
	objects, err := d.objects(ctx, r)
	if err != nil {
		return err
	}
	return d.Manifests.Write(ctx, r, objects)
}
