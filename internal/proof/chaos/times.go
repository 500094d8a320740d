package chaos

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"ephemr/internal/proof/chaos/evidence"
	"ephemr/internal/run"
)

// clock is how long runs took, and the time until changes in EMR were noticed:
// with events delivered, perhaps late or twice, and with events lost.
type clock struct {
	ready map[string]time.Time // clusters, by id
	steps map[string]time.Time // the last one's end, by run

	queued, whole     []time.Duration
	noticed, finished [2][]time.Duration // events delivered, lost
}

func times(e *evidence.Evidence) []Times {
	c := clock{ready: map[string]time.Time{}, steps: map[string]time.Time{}}
	for _, x := range e.Clusters {
		c.ready[x.ID] = x.Ready
		for _, s := range x.Steps {
			if id := run.OfCluster(x.Name); s.Ended.After(c.steps[id]) {
				c.steps[id] = s.Ended
			}
		}
	}
	for _, rec := range e.Records {
		if r := rec.Run; r.State.Final() && !r.AdmittedAt.IsZero() && r.Restarts == 0 {
			c.add(rec)
		}
	}
	return []Times{
		quantiles("request until admission", c.queued),
		quantiles("admission until outcome", c.whole),
		quantiles("cluster ready until noticed, events delivered", c.noticed[0]),
		quantiles("cluster ready until noticed, events lost", c.noticed[1]),
		quantiles("last step's end until outcome, events delivered", c.finished[0]),
		quantiles("last step's end until outcome, events lost", c.finished[1]),
	}
}

func (c *clock) add(rec *run.Record) {
	r := rec.Run
	c.queued, c.whole = append(c.queued, r.AdmittedAt.Sub(r.RequestedAt)), append(c.whole, r.EndedAt.Sub(r.AdmittedAt))
	side := 0
	if losesEvents(r.ID) {
		side = 1
	}
	for _, x := range rec.Clusters {
		if at := c.ready[x.ID]; !at.IsZero() && !x.ReadyAt.IsZero() {
			c.noticed[side] = append(c.noticed[side], max(0, x.ReadyAt.Sub(at)))
		}
	}
	if at := c.steps[r.ID]; r.State == run.Succeeded && !at.IsZero() {
		c.finished[side] = append(c.finished[side], r.EndedAt.Sub(at))
	}
}

func quantiles(what string, all []time.Duration) Times {
	slices.Sort(all)
	at := func(q float64) Seconds {
		if len(all) == 0 {
			return 0
		}
		return Seconds(all[min(len(all)-1, int(q*float64(len(all))))])
	}
	return Times{What: what, N: len(all), Median: at(0.5), P90: at(0.9), P99: at(0.99), Max: at(1)}
}

// hit counts the invocations that the emulator reports as exited early.
func (r *region) hit() int {
	text, err := os.ReadFile(filepath.Join(r.Dir, "log", "emulator.log"))
	if err != nil {
		return 0
	}
	return strings.Count(string(text), "Runtime exited before returning a response")
}
