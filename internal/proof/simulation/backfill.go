package simulation

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"ephemr/internal/backfill"
	"ephemr/internal/operation"
	"ephemr/internal/pipeline"
	"ephemr/internal/records"
	"ephemr/internal/run/store"
)

// The pipeline with backfills of a storm has a matrix; its schedule has planned times
// before the storm only.
const (
	backfilled = "backfilled"
	ofBackfill = "pipeline: backfilled\nparams: {c: {}}\nmatrix: {c: [a, b]}\ntriggers: [{schedule: \"0 3 * 12 *\"}]\n" +
		"cluster: {profile: small}\nlimits: {maxActive: 3, maxActivePerValue: 2}\njobs: [{name: j0, type: bash, source: j0}]"
	parallel = 2 // of each backfill
)

// addBackfills adds people who start, pause, resume and cancel backfills of the same dates
// as the calendar requests, and one who resumes in the end what is paused.
func (s *story) addBackfills(d *dice, over time.Duration) {
	spec, err := pipeline.Parse(backfilled, []byte(ofBackfill))
	if err != nil {
		panic("generated pipeline is wrong: " + err.Error())
	}
	s.files, s.specs[backfilled] = append(s.files, ofBackfill), &spec
	first := time.Date(1999, 12, 1, 3, 0, 0, 0, time.UTC)
	for range 1 + d.below(3) {
		q := backfill.Request{
			Pipeline: backfilled, From: first, To: first.AddDate(0, 0, d.below(4)), Parallel: parallel,
			Only: pick(d, backfill.Missing, backfill.All), Order: pick(d, backfill.Asc, backfill.Desc),
		}
		s.at(d.between(0, over), func(w *World) { w.control(operation.Backfill, q) })
	}
	for range 3 {
		planned := first.AddDate(0, 0, d.below(4))
		s.at(d.between(0, over), func(w *World) { w.Tick(backfilled, planned) })
	}
	for range d.below(6) {
		op := pick(d, operation.PauseBackfill, operation.ResumeBackfill, operation.CancelBackfill)
		i := d.below(3)
		s.at(d.between(0, over), func(w *World) {
			if ids := w.backfills(""); i < len(ids) {
				w.control(op, backfill.Named{ID: ids[i]})
			}
		})
	}
	s.at(over, func(w *World) {
		for w.pause(10 * time.Minute) {
			for _, id := range w.backfills(backfill.Paused) {
				w.control(operation.ResumeBackfill, backfill.Named{ID: id})
			}
		}
	})
}

// backfills are those in a state, or ("") all.
func (w *World) backfills(state backfill.State) (ids []string) {
	for _, it := range w.DB.Items(w.Settings.RunsTable) {
		if text(it["pk"]) == records.BackfillsPartition && (state == "" || text(it["state"]) == string(state)) {
			ids = append(ids, text(it["sk"]))
		}
	}
	return ids
}

// CancelWithoutQueue cancels a backfill and leaves the runs that wait for it.
func CancelWithoutQueue(c *Config) {
	c.Table = func(db store.DB) store.DB { return forgetsQueue{db} }
}

type forgetsQueue struct{ store.DB }

func (f forgetsQueue) Query(ctx context.Context, in *dynamodb.QueryInput, o ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	out, err := f.DB.Query(ctx, in, o...)
	if err != nil {
		return out, err
	}
	for _, it := range out.Items {
		if text(it["pk"]) == records.BackfillsPartition && text(it["state"]) == string(backfill.Cancelled) {
			it["state"] = records.String(string(backfill.Ended))
		}
	}
	return out, nil
}
