package cost_test

import (
	"testing"
	"time"

	"ephemr/internal/cost"
	"ephemr/internal/fault"
	"ephemr/internal/pipeline"
	"ephemr/internal/run"
)

// The cluster costs 2.70 an hour: 0.045 a minute.
func TestOver(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		limit  string
		began  time.Duration
		change func(*run.Record)
		over   bool
	}{
		"no limit":                        {"", 1000 * time.Hour, nil, false},
		"far from it":                     {"5 USD", time.Hour, nil, false},
		"at the next tick it is reached":  {"2.70 USD", 58 * time.Minute, nil, false},
		"at the next tick it is passed":   {"2.70 USD", 58*time.Minute + time.Second, nil, true},
		"its cluster is gone":             {"2.70 USD", 58*time.Minute + time.Second, func(rec *run.Record) { rec.Clusters[0].EndedAt = ago(time.Minute) }, false},
		"less than the shortest time":     {"0.04 USD", 0, nil, true},
		"what it cost before its retry":   {"2.70 USD", 2 * time.Hour, func(rec *run.Record) { rec.Run.Restarts = 1 }, false},
		"a run whose pipeline is missing": {"2.70 USD", 2 * time.Hour, func(rec *run.Record) { rec.Spec = nil }, false},
	} {
		rec := &run.Record{
			Run:      run.Run{ID: "r", State: run.Running},
			Spec:     &pipeline.Spec{Limits: pipeline.Limits{Cost: tt.limit}},
			Clusters: []run.Cluster{{CreatedAt: ago(tt.began), Units: two(0)}},
		}
		if tt.change != nil {
			tt.change(rec)
		}
		err := cost.Over(rec, now)
		if over := err != nil; over != tt.over || over && fault.NameOf(err) != fault.CostLimit {
			t.Errorf("%s: %v", name, err)
		}
	}
}
