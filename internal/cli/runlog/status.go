package runlog

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"ephemr/internal/cli/terminal"
	"ephemr/internal/run"
)

// status describes what a run is doing.
func status(rec *run.Record, at time.Time) string {
	running, ended := jobs(rec, at)
	switch c := rec.Cluster(); {
	case rec.Run.State.Final():
		return "reading the last lines"
	case rec.Run.State == run.Queued:
		return "queued"
	case running != "":
		return fmt.Sprintf("%s; %d of %d jobs finished", running, ended, len(rec.Jobs))
	case c != nil && c.State == run.ClusterCreated:
		return "cluster " + c.ID + " is starting"
	case c != nil && c.State == run.ClusterTerminating:
		return "cluster " + c.ID + " is terminating"
	case c != nil && c.State == run.ClusterReleased:
		return "cluster " + c.ID + " is returned to pool " + c.Pool
	}
	return strings.ToLower(string(rec.Run.State))
}

// jobs names the jobs that run, with their durations, and counts those that
// have ended.
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
