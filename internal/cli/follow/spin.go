package follow

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"ephemr/internal/cli/terminal"
	"ephemr/internal/run"
)

// spin keeps the last line of a terminal moving.
func (v *View) spin() {
	for {
		select {
		case <-v.ended:
			return
		case <-v.ticker.C:
			v.mu.Lock()
			if !v.closed {
				v.draw()
			}
			v.mu.Unlock()
		}
	}
}

// erase removes the moving line, so that something else can be written.
func (v *View) erase() {
	if v.shown {
		_, _ = fmt.Fprint(v.Notes, terminal.Erase)
		v.shown = false
	}
}

func (v *View) draw() {
	v.frame++
	width := 80
	if v.Columns != nil {
		width = v.Columns()
	}
	text := fmt.Sprintf("%s %c %s", v.stamp(time.Now()), terminal.Frame(v.frame), now(v.rec, time.Now()))
	_, _ = fmt.Fprint(v.Notes, terminal.Erase+v.Style.Dim(terminal.Clip(text, width-1)))
	v.shown = true
}

// now says what a run is about at this moment.
func now(rec *run.Record, at time.Time) string {
	running, ended := jobs(rec, at)
	switch c := rec.Cluster(); {
	case rec.Run.State.Final():
		return "reading the last lines"
	case rec.Run.State == run.Queued:
		return "queued, waits for room"
	case running != "":
		return fmt.Sprintf("%s; %d of %d jobs over", running, ended, len(rec.Jobs))
	case c != nil && c.State == run.ClusterCreated:
		return "cluster " + c.ID + " starts"
	case c != nil && c.State == run.ClusterTerminating:
		return "cluster " + c.ID + " terminates"
	case c != nil && c.State == run.ClusterReleased:
		return "cluster " + c.ID + " is given back to pool " + c.Pool
	}
	return strings.ToLower(string(rec.Run.State))
}

// jobs names those that run, with how long they have, and counts those that
// are over.
func jobs(rec *run.Record, at time.Time) (running string, ended int) {
	var parts []string
	for _, j := range rec.Jobs {
		if j.State == run.JobRunning || j.State == run.JobSubmitting {
			begun := ""
			if !j.IntentAt.IsZero() {
				begun = " " + terminal.Duration(at.Sub(j.IntentAt))
			}
			parts = append(parts, j.Name+begun)
		}
	}
	ended = len(slices.DeleteFunc(slices.Clone(rec.Jobs), func(j run.Job) bool { return !j.State.Over() }))
	return strings.Join(parts, ", "), ended
}
