package simulation

import (
	"context"
	"testing/synctest"
	"time"

	"ephemr/internal/admission"
	"ephemr/internal/backfill"
	"ephemr/internal/emr/emrapi"
	"ephemr/internal/emr/pool"
	"ephemr/internal/hold"
	"ephemr/internal/proof/awsfake"
	"ephemr/internal/run"
	"ephemr/internal/run/store"
	"ephemr/internal/why"
)

// Why returns what says why runs do not run, as the command line has it.
func (w *World) Why() *why.Reader {
	s := w.Settings
	r := &why.Reader{
		Limits: s.Limits, Runs: &store.Runs{DB: w.DB, Table: s.RunsTable}, Slots: &admission.Slots{DB: w.DB, Table: s.ClustersTable},
		Backfills: &backfill.Store{DB: w.DB, Table: s.RunsTable, Slots: s.ClustersTable}, Pools: &pool.Store{DB: w.DB, Table: s.ClustersTable},
		Budget:  emrapi.Buckets{DB: w.DB, Table: s.ClustersTable, Limits: s.Limits.EMR},
		Missing: func(ctx context.Context, uris []string) ([]string, error) { return hold.Missing(ctx, w.S3, uris) },
	}
	if w.config.Why != nil {
		w.config.Why(r)
	}
	return r
}

// looks is how often a storm asks why each run does not run.
const looks = 5

// ask asks now and then during the storm, when everything stands still, why each run does
// not run.
func (c *checker) ask(d *dice) {
	c.w.busy.Go(func() {
		for range looks {
			if !c.w.pause(d.between(time.Minute, 2*over/looks)) {
				return
			}
			synctest.Wait()
			c.explained()
		}
	})
}

// explained compares the answers about all runs that have not ended with the world.
func (c *checker) explained() {
	ctx := awsfake.Unobserved(c.w.life)
	r, m := c.w.Why(), c.moment()
	for _, x := range m.open {
		a, err := r.Of(ctx, x.ID)
		if err != nil {
			c.mu.Lock()
			c.fail(Explained, "run %s: %s", x.ID, err)
			c.mu.Unlock()
			continue
		}
		c.mu.Lock()
		c.why[a.Cause]++
		c.answer(m, x, a)
		c.mu.Unlock()
	}
}

// BlameStage takes the stage's limit for full, always.
func BlameStage(c *Config) {
	c.Why = func(r *why.Reader) { r.Limits.MaxActive = 0 }
}

// ForgetPast takes the run of the date before for succeeded, always.
func ForgetPast(c *Config) {
	c.Why = func(r *why.Reader) { r.Runs = optimist{r.Runs} }
}

type optimist struct{ why.RunReader }

func (o optimist) Peek(_ context.Context, id string) (*run.Run, error) {
	return &run.Run{ID: id, State: run.Succeeded}, nil
}

// IgnoreWaiters derives what a run waits for from its jobs and clusters alone.
func IgnoreWaiters(c *Config) {
	c.Why = func(r *why.Reader) { r.Runs = tokenless{r.Runs} }
}

type tokenless struct{ why.RunReader }

func (t tokenless) Load(ctx context.Context, id string) (*run.Record, error) {
	rec, err := t.RunReader.Load(ctx, id)
	if err == nil {
		rec.Waiter = nil
	}
	return rec, err
}
