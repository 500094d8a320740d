// Package checksql has Athena run the queries of a run's checks, after everything else was
// found right and the cluster was released: a query returns the rows that are wrong.
//
// Tested here, by statemachines and by internal/proof/simulation.
package checksql

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"ephemr/internal/athena"
	"ephemr/internal/fault"
	"ephemr/internal/job"
	"ephemr/internal/pipeline"
	"ephemr/internal/result"
	"ephemr/internal/run"
	"ephemr/internal/run/store"
	"ephemr/internal/stage"
)

// Checker is the CheckSQL state.
type Checker struct {
	Settings stage.Settings
	Runs     *store.Runs
	Athena   func(ctx context.Context, rec *run.Record) (*athena.Engine, error) // with the rights of the run's team
}

// Input is the payload of the function.
type Input struct {
	RunID     string `json:"runId"`
	Execution string `json:"execution"` // ARN
}

// Output is the result of the function.
type Output struct {
	Again bool `json:"again"` // the queries are to be looked at again
	Wait  int  `json:"wait"`  // after so many seconds
}

// Check starts the queries of a run, or looks whether they have ended. It is idempotent: each is
// started once for each time that the run is started, and what they have found is recorded once.
func (c *Checker) Check(ctx context.Context, in Input) (Output, error) {
	rec, err := c.Runs.Load(ctx, in.RunID)
	if err != nil {
		return Output{}, err
	}
	if !rec.Run.Owns(in.Execution) {
		return Output{}, fault.New(fault.Conflict, "check data of run %s by SQL: it is %s and does not belong to execution %s", rec.Run.ID, rec.Run.State, in.Execution)
	}
	if !rec.Undecided() {
		return Output{}, nil
	}
	engine, err := c.Athena(ctx, rec)
	if err != nil {
		return Output{}, err
	}
	if err := rec.Refuse(in.Execution); err != nil {
		interrupt(ctx, engine, rec)
		return Output{}, err
	}
	queries, err := rec.Spec.RenderSQL(rec.Context(c.Settings), c.Settings.Database())
	if err != nil {
		return Output{}, c.undecidable(ctx, rec, err)
	}
	asked := rec.Asked()
	if asked == nil {
		asked, err = c.start(ctx, engine, rec, queries)
	}
	if err != nil {
		return Output{}, err
	}
	return c.decide(ctx, engine, rec, *asked, queries)
}

// undecidable records that the queries cannot be filled in: the run fails.
func (c *Checker) undecidable(ctx context.Context, rec *run.Record, err error) error {
	found := job.Finding{Expect: "queries that can be filled in", Found: pipeline.HideValues(err.Error(), rec.Run.Secrets), Source: job.SourceAthena}
	now := time.Now().UTC()
	q := run.Queries{Restart: rec.Run.Restarts, StartedAt: now, DecidedAt: now, Findings: job.FitFindings([]job.Finding{found})}
	_, err = c.Runs.RecordQueries(ctx, rec.Run.ID, q)
	return err
}

// start starts every query. A repetition starts none a second time: Athena knows their tokens.
func (c *Checker) start(ctx context.Context, engine *athena.Engine, rec *run.Record, queries []pipeline.Query) (*run.Queries, error) {
	q := run.Queries{Restart: rec.Run.Restarts, StartedAt: time.Now().UTC()}
	for _, query := range queries {
		id, err := engine.Submit(ctx, wrong(query.SQL), token(rec, query))
		s := run.Started{ID: id}
		if refused, ok := errors.AsType[*athena.FailedError](err); ok {
			s.Refused = refused.Execution.Reason
		} else if err != nil {
			return nil, err
		}
		q.Started = append(q.Started, s)
	}
	first, err := c.Runs.RecordQueries(ctx, rec.Run.ID, q)
	if err == nil && !first {
		err = fault.New(fault.Throttled, "the queries of run %s were started at the same moment", rec.Run.ID)
	}
	slog.InfoContext(ctx, "queries of checks started", "runId", rec.Run.ID, "queries", len(queries), "workgroup", engine.Workgroup)
	return &q, err
}

// token makes Athena start a query once for each time that the run is started.
func token(rec *run.Record, q pipeline.Query) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s/%d/%d", rec.Run.ID, rec.Run.Restarts, q.Check))
	return hex.EncodeToString(sum[:])
}

// wrong is the query with the number of all its rows in the first column, of which the first
// are returned.
func wrong(sql string) string {
	return fmt.Sprintf("SELECT count(*) OVER () AS ephemr_rows, ephemr_wrong.* FROM (\n%s\n) AS ephemr_wrong LIMIT %d", sql, job.MaxSamples)
}

// before is the number of lines that wrong adds before a query.
const before = 1

// Bounds of the time between two looks, which grows with the time that the queries take.
const (
	shortest = time.Second
	longest  = 30 * time.Second
)

// decide records what the queries have found, if all have ended.
func (c *Checker) decide(ctx context.Context, engine *athena.Engine, rec *run.Record, q run.Queries, queries []pipeline.Query) (Output, error) {
	ended := make([]athena.Execution, len(q.Started))
	for i, s := range q.Started {
		if s.ID == "" {
			ended[i] = refused(s.Refused)
			continue
		}
		x, err := engine.Look(ctx, s.ID)
		if err != nil {
			return Output{}, err
		}
		if !x.Over() {
			pause := min(max(time.Since(q.StartedAt)/4, shortest), longest)
			return Output{Again: true, Wait: int(pause.Seconds())}, nil
		}
		ended[i] = x
	}
	for i, x := range ended[:min(len(ended), len(queries))] {
		f, err := finding(ctx, engine, queries[i], x)
		if err != nil {
			return Output{}, err
		}
		q.Findings, q.USD = append(q.Findings, f), q.USD+x.CostUSD()
	}
	q.DecidedAt = time.Now().UTC()
	q.Findings = job.FitFindings(result.Conceal(q.Findings, rec.Run.Secrets))
	first, err := c.Runs.DecideQueries(ctx, rec.Run.ID, q)
	if err == nil && first {
		slog.InfoContext(ctx, "queries of checks decided", "runId", rec.Run.ID, "queries", len(queries), "failed", q.Failed() != nil)
	}
	return Output{}, err
}

// interrupt stops the queries of a run that ends. What cannot be stopped ends by itself: they
// only read.
func interrupt(ctx context.Context, engine *athena.Engine, rec *run.Record) {
	asked := rec.Asked()
	if asked == nil {
		return
	}
	for _, s := range asked.Started {
		if s.ID == "" {
			continue
		}
		if err := engine.Interrupt(ctx, s.ID); err != nil {
			slog.WarnContext(ctx, "query not stopped", "runId", rec.Run.ID, "query", s.ID, "error", err.Error())
		}
	}
}
