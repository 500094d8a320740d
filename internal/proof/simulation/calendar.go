package simulation

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"

	"ephemr/internal/calendar"
	"ephemr/internal/pipeline"
	"ephemr/internal/records"
	"ephemr/internal/run"
)

// scheduled is the pipeline of a storm that has a schedule.
const scheduled = "cal"

// addSchedule adds a pipeline whose schedule has planned times in the first two hours of
// a storm.
func (s *story) addSchedule(d *dice) {
	overlap := pick(d, pipeline.OverlapQueue, pipeline.OverlapQueue, pipeline.OverlapSkip, pipeline.OverlapLatest, pipeline.OverlapCancel)
	past := ""
	if (overlap == pipeline.OverlapQueue || overlap == pipeline.OverlapSkip) && d.chance(0.4) {
		past = ", dependsOnPast: true"
	}
	file := fmt.Sprintf("pipeline: %s\ntriggers: [{schedule: \"*/%d 0-1 1 1 *\", catchup: %s, overlap: %s%s}]\ncluster: {profile: small}\nlimits: {maxActive: %d}\njobs: [{name: j0, type: bash, source: j0, retries: 1}]",
		scheduled, pick(d, 12, 15, 20), pick(d, "none", "latest", "all", "all"), overlap, past, 1+d.below(3))
	spec, err := pipeline.Parse(scheduled, []byte(file))
	if err != nil {
		panic(fmt.Sprintf("generated pipeline is wrong: %v\n%s", err, file))
	}
	s.files, s.specs[scheduled] = append(s.files, file), &spec
}

// calendarTicks invokes the calendar every minute, but for ticks that are lost, late or
// come twice, and for a gap in which none comes.
func (w *World) calendarTicks(seed uint64) {
	d := roll(seed, "calendar ticks")
	gap, long := d.between(0, over), d.between(10*time.Minute, time.Hour)
	began := time.Now()
	w.busy.Go(func() {
		for w.pause(time.Minute) {
			at := time.Since(began)
			if at < over+30*time.Minute && (at > gap && at < gap+long || d.chance(0.3)) {
				continue
			}
			delays := []time.Duration{phase / 4} // not at a whole minute, at which the faults of a storm end
			if d.chance(0.2) {
				delays = append(delays, pick(d, phase/4, phase+d.between(0, 40*time.Minute)))
			}
			for _, late := range delays {
				w.busy.Go(func() {
					if w.pause(late) {
						w.async("calendar", []byte("{}"))
					}
				})
			}
		}
	})
}

// vain reports whether a run waits for one that will not succeed any more by itself.
// The caller holds the lock.
func (c *checker) vain(id string) bool {
	past := c.past[id]
	return c.states[id] == run.Queued && past != "" && c.states[past] != run.Succeeded && (c.states[past].Final() || c.states[past] == "" || c.vain(past))
}

// turn checks that a run of a date starts after the date before has succeeded.
func (c *checker) turn(id string) {
	if past := c.past[id]; past != "" && c.states[past] != run.Succeeded {
		c.fail(Dates, "run %s starts while %s is %s", id, past, c.states[past])
	}
}

// dates checks that each planned time is one run, or was skipped by a rule.
func (c *checker) dates(runs []run.Run) {
	spec := c.specs[scheduled]
	s := calendar.Schedules(spec, 1, c.begin)[0]
	planned, err := s.Due(c.begin.Add(over + 31*time.Minute))
	if err != nil {
		panic(fmt.Sprintf("plan the schedule of the storm: %v", err))
	}
	made := dated(runs)
	spans, missing := c.spans(s), 0
	for t := range planned {
		if made[t] > 1 {
			c.fail(Dates, "the date %s is %d runs", t.Format(time.RFC3339), made[t])
		}
		if made[t] == 0 && !slices.ContainsFunc(spans, func(k calendar.Skipped) bool { return !t.Before(k.First) && !t.After(k.Last) }) {
			missing++
		}
		delete(made, t)
	}
	if missing > len(c.w.dead) {
		c.fail(Dates, "%d dates of %s became neither a run nor were skipped, and %d messages were given up", missing, s, len(c.w.dead))
	}
	for _, t := range slices.SortedFunc(maps.Keys(made), time.Time.Compare) {
		c.fail(Dates, "the run of %s is for no planned time", t.Format(time.RFC3339))
	}
}

// dated counts the runs by schedule of each date.
func dated(runs []run.Run) map[time.Time]int {
	made := map[time.Time]int{}
	for _, r := range runs {
		if r.Pipeline == scheduled && r.Trigger.Kind == run.BySchedule {
			made[r.LogicalTime.UTC()]++
		}
	}
	return made
}

// spans are the dates that were skipped, each by a rule of the schedule.
func (c *checker) spans(s calendar.Schedule) []calendar.Skipped {
	var all []calendar.Skipped
	for _, it := range c.w.DB.Items(c.w.Settings.RunsTable) {
		if text(it["pk"]) != records.SkippedPartition(scheduled) {
			continue
		}
		var k calendar.Skipped
		if err := attributevalue.UnmarshalMap(it, &k); err != nil {
			panic(fmt.Sprintf("read skipped dates: %v", err))
		}
		byCatchup := strings.HasPrefix(k.Reason, fmt.Sprintf("catchup: %s", s.Catchup)) && s.Catchup != pipeline.CatchupAll
		byOverlap := strings.HasPrefix(k.Reason, fmt.Sprintf("overlap: %s", s.Overlap)) && s.Overlap != pipeline.OverlapQueue
		if !byCatchup && !byOverlap {
			c.fail(Dates, "dates from %s are skipped by %q, which is no rule of the schedule", k.First.Format(time.RFC3339), k.Reason)
		}
		all = append(all, k)
	}
	return all
}
