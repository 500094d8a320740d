// Package checkdata looks at the data that a run has written, after its last job and
// before its cluster is released: it records statistics of each dataset and decides the
// checks that need no more than these. It reads the footers of files by ranges.
//
// Tested here, by statemachines and by internal/proof/simulation.
package checkdata

import (
	"context"
	"log/slog"
	"time"

	"ephemr/internal/dataset"
	"ephemr/internal/fault"
	"ephemr/internal/pipeline"
	"ephemr/internal/result"
	"ephemr/internal/run"
	"ephemr/internal/run/store"
	"ephemr/internal/snapshot"
	"ephemr/internal/stage"
	"ephemr/internal/statistics"
)

// Checker is the CheckData state.
type Checker struct {
	Settings   stage.Settings
	Runs       *store.Runs
	Statistics *statistics.Store
	S3         dataset.S3API
	Catalog    snapshot.Catalog // of Iceberg tables
}

// Input is the payload of the function.
type Input struct {
	RunID     string `json:"runId"`
	Execution string `json:"execution"` // ARN
	Retries   int    `json:"retries"`   // of the state
}

// Output is the result of the function.
type Output struct {
	Passed  bool `json:"passed"`  // the run has succeeded so far, and nothing was found that makes it fail
	Publish bool `json:"publish"` // it publishes its data next
	Ask     bool `json:"ask"`     // queries decide the rest of its checks next
}

// output is what follows for a run whose data is as it was found.
func output(rec *run.Record, passed bool) Output {
	return Output{Passed: passed, Publish: passed && rec.ToPublish(), Ask: passed && rec.Undecided()}
}

// Check records what it finds, once for each time that the run is started. It is
// idempotent: statistics that are recorded are not read again.
func (c *Checker) Check(ctx context.Context, in Input) (Output, error) {
	rec, err := c.Runs.Load(ctx, in.RunID)
	if err != nil {
		return Output{}, err
	}
	if !rec.Run.Owns(in.Execution) {
		return Output{}, fault.New(fault.Conflict, "check data of run %s: it is %s and does not belong to execution %s", rec.Run.ID, rec.Run.State, in.Execution)
	}
	if !rec.HasWritten() {
		return output(rec, rec.Succeeded()), nil
	}
	if found := rec.Found(); found != nil {
		return output(rec, found.Failed() == nil), nil
	}
	found, err := c.find(ctx, rec, in.Retries)
	if err != nil {
		return Output{}, concealed(err, rec.Run.Secrets)
	}
	found.Findings = result.Conceal(found.Findings, rec.Run.Secrets)
	first, err := c.Runs.RecordData(ctx, rec.Run.ID, found)
	if err != nil {
		return Output{}, err
	}
	if !first { // another try was faster
		return Output{}, fault.New(fault.Throttled, "the data of run %s was checked at the same moment", rec.Run.ID)
	}
	rec.Data = &found
	return output(rec, found.Failed() == nil), nil
}

// find reads the datasets of a run.
func (c *Checker) find(ctx context.Context, rec *run.Record, retries int) (run.Data, error) {
	found := run.Data{Restart: rec.Run.Restarts}
	written, err := rec.Spec.Written(rec.Context(c.Settings))
	if err != nil { // the checks themselves have failed before, in the run's last job
		slog.WarnContext(ctx, "datasets of run unknown", "runId", rec.Run.ID, "error", pipeline.HideValues(err.Error(), rec.Run.Secrets))
	}
	r := c.newReader(ctx, rec, retries)
	recorded := map[pipeline.Output]statistics.Statistics{}
	for _, o := range written {
		if recorded[o], err = c.record(ctx, rec.Run, o, r); err != nil {
			return found, err
		}
		s := recorded[o]
		found.Sizes = append(found.Sizes, run.Size{Address: pipeline.HideValues(o.Address(), rec.Run.Secrets), Rows: s.Rows, Bytes: s.Bytes, Files: s.Files})
	}
	found.Datasets = len(recorded)
	if found.Findings, err = c.decide(ctx, rec, r); err != nil {
		return found, err
	}
	drift, err := c.drift(ctx, rec, recorded)
	found.Findings = append(found.Findings, drift...)
	found.Snapshots = r.branched()
	found.At = time.Now().UTC()
	return found, err
}

// record returns the statistics that are recorded of an output, and records them if there
// are none. The values of sensitive params are hidden in them, as in the addresses that
// are rendered after the run.
func (c *Checker) record(ctx context.Context, r run.Run, o pipeline.Output, from *reader) (statistics.Statistics, error) {
	shown := pipeline.Output{Dataset: pipeline.HideValues(o.Dataset, r.Secrets), Partition: pipeline.HideValues(o.Partition, r.Secrets)}
	s := statistics.Statistics{
		Dataset: shown.Dataset, Partition: shown.Partition, Keys: o.Keys(), Pipeline: r.Pipeline, RunID: r.ID, Restart: r.Restarts,
		Values:      pipeline.Values(r.Matrix),
		LogicalTime: r.LogicalTime.UTC(), LogicalDate: r.Occasion().Context(r.LogicalTime).LogicalDate,
	}
	before, err := c.Statistics.Get(ctx, s)
	if err != nil {
		return s, err
	}
	if before != nil && before.Restart >= s.Restart {
		return *before, nil
	}
	if err := from.read(ctx, o.Address(), &s); err != nil {
		return s, err
	}
	s.Conceal(func(text string) string { return pipeline.HideValues(text, r.Secrets) })
	first, err := c.Statistics.Put(ctx, s)
	if err == nil && !first {
		err = fault.New(fault.Throttled, "statistics of %s were recorded at the same moment for run %s", shown.Address(), r.ID)
	}
	if err == nil {
		slog.InfoContext(ctx, "statistics recorded", "runId", r.ID, "dataset", shown.Address(), "files", s.Files, "bytesRead", s.BytesRead, "partial", s.Partial)
	}
	return s, err
}

// concealed is err without the values of sensitive params: Step Functions keeps it.
func concealed(err error, secrets map[string]string) error {
	if len(secrets) == 0 {
		return err
	}
	return fault.New(fault.NameOf(err), "%s", pipeline.HideValues(err.Error(), secrets))
}
