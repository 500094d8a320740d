package simulation

import (
	"strings"
	"time"

	"ephemr/internal/proof/awsfake"
	"ephemr/internal/stage"
)

// breakCalls puts c around every call.
func (w *World) breakCalls(c *chaos) {
	hooks := &awsfake.Hooks{Around: c.around}
	for _, f := range []interface{ Use(*awsfake.Hooks) }{w.DB, w.EMR, w.S3, w.SFN, w.SSM, w.SQS, w.SNS, w.Bus, w.Lambda, w.CloudMap, w.EC2, w.Glue, w.Athena, w.Instant} {
		f.Use(hooks)
	}
}

// ticks starts the clocks of a storm.
func (w *World) ticks(seed uint64, noWatch, noSweep bool) {
	w.calendarTicks(seed)
	w.every(time.Minute, "admit", "{}")
	w.batchTick()
	if !noWatch {
		w.every(time.Minute, "watch", `{"detail-type":"Scheduled Event"}`)
	}
	if !noSweep {
		w.sweep()
	}
}

// drought takes an instance type away now and then, or its support in the zone.
func (w *World) drought(d *dice) {
	kind, from, long := pick(d, LadderTypes...), d.between(0, over), d.between(time.Minute, 40*time.Minute)
	set := w.EMR.SetCapacity
	if d.chance(0.2) {
		set = w.EMR.SetSupported
	}
	w.busy.Go(func() {
		if w.pause(from) {
			set(kind, false)
		}
		if w.pause(long) {
			set(kind, true)
		}
	})
}

// fashion changes a profile now and then: clusters of the old one are to go.
func (w *World) fashion(d *dice) {
	name, at := pick(d, "small", "ladder"), d.between(0, over)
	changed := Config{}.parameters()[stage.ProfileParameter("test", name)]
	w.busy.Go(func() {
		if w.pause(at) {
			w.Parameter(stage.ProfileParameter("test", name), strings.Replace(changed, "emr-7.14.0", "emr-7.14.1", 1))
		}
	})
}

// pause sleeps unless the World ends before.
func (w *World) pause(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-w.life.Done():
		return false
	}
}
