// Package publish makes a partition of a table point at the data of a run, after its jobs
// and checks have succeeded, or branch main of an Iceberg table: write, audit, publish. Readers see the data before or the
// new data, and nothing between (ADR 46).
//
// Tested here, by statemachines and by internal/proof/simulation.
package publish

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"time"

	"ephemr/internal/dataset"
	"ephemr/internal/fault"
	"ephemr/internal/iceberg"
	"ephemr/internal/pipeline"
	"ephemr/internal/run"
	"ephemr/internal/run/store"
	"ephemr/internal/stage"
)

// S3API is the part of S3 that publishing calls.
type S3API interface {
	dataset.S3API
	iceberg.PutAPI
}

// Publisher is the Publish state.
type Publisher struct {
	Settings stage.Settings
	Runs     *store.Runs
	Store    *Store
	Glue     GlueAPI
	S3       S3API
	Settler  *Settler
	Caller   func(context.Context) string
}

// Input is the payload of the Publish state.
type Input struct {
	RunID     string `json:"runId"`
	Execution string `json:"execution"`
}

// Output is what the run has published; it is empty if there was nothing to publish.
type Output struct {
	State    run.PublicationState `json:"state"`
	Location string               `json:"location"`
}

// Publish publishes the data of the run, once. A call that was interrupted is continued by
// the next.
func (p *Publisher) Publish(ctx context.Context, in Input) (Output, error) {
	rec, err := p.Runs.Load(ctx, in.RunID)
	if err != nil {
		return Output{}, err
	}
	if rec, err = p.Settler.Settle(ctx, rec); err != nil {
		return Output{}, err
	}
	if !rec.ToPublish() {
		return outputOf(rec.Run.Publication), nil
	}
	if err := rec.Refuse(in.Execution); err != nil {
		return Output{}, err
	}
	pub, err := p.publish(ctx, rec)
	if err != nil {
		return Output{}, err
	}
	slog.InfoContext(ctx, "run published", "runId", rec.Run.ID, "state", string(pub.State), "table", pub.Table, "partition", pub.Partition, "location", pub.Location, "previous", pub.Previous)
	return outputOf(pub), nil
}

func outputOf(pub *run.Publication) Output {
	if pub == nil {
		return Output{}
	}
	return Output{State: pub.State, Location: pub.Location}
}

func (p *Publisher) catalog() catalog { return catalog{p.Glue, p.Settings.Database()} }

func (p *Publisher) publish(ctx context.Context, rec *run.Record) (*run.Publication, error) {
	want, err := rec.Spec.RenderPublish(rec.Context(p.Settings))
	if err != nil {
		return nil, fault.New(fault.InvalidInput, "%w", err)
	}
	if want.Iceberg {
		return p.publishBranch(ctx, rec, *want)
	}
	return p.publishPartition(ctx, rec, want)
}

func (p *Publisher) publishPartition(ctx context.Context, rec *run.Record, want *pipeline.Publish) (*run.Publication, error) {
	if err := p.hasData(ctx, want.Location); err != nil {
		return nil, err
	}
	c := p.catalog()
	table, err := c.table(ctx, want.TableName(), slices.Sorted(maps.Keys(want.Partition)))
	if err != nil {
		return nil, err
	}
	values, name, err := partitionOf(p.Settings.Database()+"."+want.TableName(), keysOf(table), want.Partition)
	if err != nil {
		return nil, err
	}
	at, err := p.read(ctx, want.Table, name)
	if err != nil {
		return nil, err
	}
	pub := run.Publication{State: run.Publishing, Table: want.Table, Partition: name, Location: want.Location, At: time.Now().UTC()}
	if at.Current.supersedes(rec.Run.ID, rec.Began()) {
		pub.State, pub.By, pub.Previous = run.Superseded, at.Current.RunID, at.Current.Location
		return &pub, p.Runs.Supersede(ctx, rec.Run, pub)
	}
	uri, exists, err := location(ctx, p.Glue, p.Settings.Database(), want.TableName(), values)
	if err != nil {
		return nil, err
	}
	at.Values = values
	was := before(at, uri, exists, want.Location)
	if was != nil {
		pub.Previous = was.Location
	}
	if err := p.Store.claim(ctx, &at, p.claim(ctx, rec, *want, was, pub.At), rec.Run.Execution, pub); err != nil {
		return nil, err
	}
	if err := p.effect(ctx, &at, func() error { return c.point(ctx, table, values, want.Location, exists) }); err != nil {
		return nil, err
	}
	pub.State = run.Published
	return &pub, nil
}

// read returns the record of a partition without a claim.
func (p *Publisher) read(ctx context.Context, table, partition string) (Pointer, error) {
	at, err := p.Store.Read(ctx, table, partition)
	if err == nil && at.Claim != nil {
		err = p.Settler.claim(ctx, &at)
	}
	return at, err
}

func (p *Publisher) claim(ctx context.Context, rec *run.Record, want pipeline.Publish, was *Entry, at time.Time) Claim {
	return Claim{
		RunID: rec.Run.ID, By: p.Caller(ctx), At: at, Before: was,
		Target: Entry{RunID: rec.Run.ID, Location: want.Location, Began: rec.Began().UTC(), At: at},
	}
}
