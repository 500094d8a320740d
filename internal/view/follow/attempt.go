package follow

import (
	"slices"
	"time"

	"ephemr/internal/run"
)

// attempt is the data of one attempt of a job in the record.
type attempt struct {
	step         string
	clusters     []string // where it may have run, most likely first
	began, ended time.Time
	cut          bool // its runner could not stream everything
	killed       bool // its runner left no result, and may not have sent its last lines
}

func find(rec *run.Record, l Line) attempt {
	j := rec.Job(l.Job)
	a := attempt{began: or(rec.Run.StartedAt, rec.Run.RequestedAt), ended: or(rec.Run.EndedAt, time.Now())}
	own := ""
	if l.Attempt == j.Attempt && j.StepID != "" {
		a.step, own, a.began, a.ended, a.cut = j.StepID, j.ClusterID, or(j.StartedAt, a.began), or(j.EndedAt, a.ended), j.LogsCut
		a.killed = j.State.Over() && j.ExitCode == nil
	}
	for _, e := range j.Earlier {
		if e.Attempt == l.Attempt {
			a.step, own, a.ended, a.cut = e.StepID, e.ClusterID, or(e.EndedAt, a.ended), e.LogsCut
			a.killed = e.ExitCode == nil
		}
	}
	a.onClusters(rec, own, l.Attempt < j.Attempt)
	return a
}

// onClusters adds where the attempt may have run, and when an earlier one can
// have begun at the earliest.
func (a *attempt) onClusters(rec *run.Record, own string, earlier bool) {
	if own != "" {
		a.clusters = []string{own}
	}
	for _, c := range slices.Backward(rec.Clusters) {
		switch {
		case c.ID == "":
		case own == "":
			a.clusters = append(a.clusters, c.ID)
		case c.ID == own && earlier && !c.CreatedAt.IsZero():
			a.began = c.CreatedAt
		}
	}
}
