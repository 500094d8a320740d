package calendarview

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"ephemr/internal/pipeline"
	"ephemr/internal/run"
)

// afterLabel is what stands for the schedule of runs after runs of other pipelines.
const afterLabel = "after"

// addAfter adds the runs after runs of other pipelines, which no schedule plans.
func (c *Calendar) addAfter(known *history) {
	byTime := map[time.Time]*Date{}
	var times []time.Time
	at := func(t time.Time, zone, label string) *Date {
		t = t.UTC()
		if byTime[t] == nil {
			loc, err := time.LoadLocation(zone)
			if err != nil {
				zone, loc = "UTC", time.UTC
			}
			byTime[t] = &Date{Planned: t, Local: t.In(loc).Format(time.RFC3339), Schedule: label, Timezone: zone}
			times = append(times, t)
		}
		return byTime[t]
	}
	for _, r := range known.byID {
		if r.Trigger.Kind == run.ByAfter {
			d := at(r.LogicalTime, cmp.Or(r.Timezone, "UTC"), afterLabel)
			d.Cells = append(d.Cells, Cell{State: ofRun[r.State], By: r.Trigger.Kind, RunID: r.ID, Value: pipeline.Values(r.Matrix), Reason: r.Reason})
		}
	}
	for _, k := range known.spans {
		if strings.HasPrefix(k.Schedule, afterLabel+" ") {
			d := at(k.First, "UTC", k.Schedule)
			d.Cells = append(d.Cells, Cell{State: Skipped, Reason: k.Reason})
		}
	}
	for _, t := range times {
		d := byTime[t]
		slices.SortFunc(d.Cells, func(a, b Cell) int { return cmp.Or(cmp.Compare(a.Value, b.Value), cmp.Compare(a.RunID, b.RunID)) })
		c.Dates = append(c.Dates, *d)
	}
}
