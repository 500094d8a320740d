package follow

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"ephemr/internal/run"
	"ephemr/internal/steplog"
)

// archives turns to what EMR archived for attempts that were over when they were
// first seen: where CloudWatch has nothing of them, or may have lost something.
// It asks each of them once.
func (s *streams) archives(ctx context.Context, rec *run.Record, now time.Time, emit func(Update)) error {
	var errs []error
	for i := 0; i < len(s.list); {
		n := 1 // streams of one attempt stand side by side
		for i+n < len(s.list) && s.list[i+n].Job == s.list[i].Job && s.list[i+n].Attempt == s.list[i].Attempt {
			n++
		}
		if all := s.list[i : i+n]; all[0].past {
			for _, st := range all {
				st.past = false
			}
			errs = append(errs, s.archive(ctx, rec, all, now, emit))
		}
		i += n
	}
	return errors.Join(errs...)
}

// archive decides where the streams of one attempt are read from. CloudWatch
// forgets the oldest events first and does not say so; so once its time for the
// attempt has come, the archive is trusted more.
func (s *streams) archive(ctx context.Context, rec *run.Record, all []*stream, now time.Time, emit func(Update)) error {
	a := find(rec, all[0].Line)
	partly := a.cut || s.forgotten(a, now)
	if !s.Filter.forced() && !partly && s.streamed(ctx, all) {
		return nil
	}
	logs, err := s.look(ctx, a)
	if s.Filter.forced() && err != nil {
		return err
	}
	if s.Filter.forced() || len(logs) > 0 {
		s.turn(all, a, logs)
	} else if text := s.lack(all[0].Line, a, partly, s.streamed(ctx, all), err); text != "" {
		emit(Note{At: now, Text: text})
	}
	return nil
}

// forgotten says whether CloudWatch may have begun to forget an attempt.
func (s *streams) forgotten(a attempt, now time.Time) bool {
	return s.Kept > 0 && now.Sub(a.began) > s.Kept
}

// lack says what may be missing of an attempt of which there is no archive.
func (s *streams) lack(l Line, a attempt, partly, streamed bool, err error) string {
	text := fmt.Sprintf("CloudWatch has nothing of job %s, attempt %d", l.Job, l.Attempt)
	switch {
	case !streamed && err == nil:
		return "" // it printed nothing, or whoever looks is told so
	case streamed && !partly:
		return ""
	case streamed && a.cut:
		text = fmt.Sprintf("lines of job %s, attempt %d, are missing: CloudWatch did not take all of them", l.Job, l.Attempt)
	case streamed:
		text = fmt.Sprintf("the beginning of job %s, attempt %d, may be missing: CloudWatch keeps logs for %.0f days", l.Job, l.Attempt, s.Kept.Hours()/24)
	}
	if err != nil {
		return fmt.Sprintf("%s, and EMR's archive cannot be read: %v", text, err)
	}
	return text + ", and EMR has no archive of it"
}

// turn makes the streams of an attempt read what EMR archived.
func (s *streams) turn(all []*stream, a attempt, logs map[string]steplog.Log) {
	for _, st := range all {
		st.buf, st.atEnd, st.any, st.from, st.place = nil, false, false, nothing{}, a.ended.Truncate(time.Millisecond)
		if l, ok := logs[st.Stream]; ok && !a.ended.Before(s.Filter.Since) {
			line := st.Line
			line.Archived = true
			st.from = &archived{lines: s.Archive.Lines(l), line: line}
		}
	}
}

// tell says, once, what is different about archived logs.
func (s *streams) tell(at time.Time, emit func(Update)) {
	if s.told {
		return
	}
	s.told = true
	text := "archived logs, as EMR put them into S3: without times, and one stream after the other"
	if !s.Filter.Since.IsZero() {
		text += "; a job that printed something since then is shown from its beginning"
	}
	emit(Note{At: at, Text: text})
}

// streamed says whether CloudWatch has something of an attempt, or may have and
// does not answer.
func (s *streams) streamed(ctx context.Context, all []*stream) bool {
	for _, st := range all {
		if err := st.fill(ctx); err != nil || st.any {
			return true
		}
	}
	if s.Filter.Since.IsZero() {
		return false
	}
	for _, st := range all { // it may have what came before
		ever := &stream{from: s.live(st.name, time.Time{}, st.Line), choose: st.choose}
		if err := ever.fill(ctx); err != nil || ever.any {
			return true
		}
	}
	return false
}

// look finds the archive of an attempt, on its own cluster or, where an older
// record does not tell which, on those of the run.
func (s *streams) look(ctx context.Context, a attempt) (map[string]steplog.Log, error) {
	if s.Archive == nil || a.step == "" {
		return nil, nil
	}
	for _, id := range a.clusters {
		logs, err := s.Archive.Find(ctx, id, a.step)
		if err != nil || len(logs) > 0 {
			return logs, err
		}
	}
	return nil, nil
}

// attempt is what a record knows of one attempt of a job.
type attempt struct {
	step         string
	clusters     []string // where it may have run, the likeliest first
	began, ended time.Time
	cut          bool // its runner could not stream everything
}

func find(rec *run.Record, l Line) attempt {
	j := rec.Job(l.Job)
	a := attempt{began: or(rec.Run.StartedAt, rec.Run.RequestedAt), ended: or(rec.Run.EndedAt, time.Now())}
	own := ""
	if l.Attempt == j.Attempt && j.StepID != "" {
		a.step, own, a.began, a.ended, a.cut = j.StepID, j.ClusterID, or(j.StartedAt, a.began), or(j.EndedAt, a.ended), j.LogsCut
	}
	for _, e := range j.Earlier {
		if e.Attempt == l.Attempt {
			a.step, own, a.ended, a.cut = e.StepID, e.ClusterID, or(e.EndedAt, a.ended), e.LogsCut
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
