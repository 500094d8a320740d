package follow

import (
	"context"
	"errors"
	"fmt"
	"time"

	"ephemr/internal/emr/steplog"
	"ephemr/internal/run"
)

// archives switches to the EMR archive for attempts that had ended when first
// seen, if CloudWatch has no logs of them or may have lost some. It checks each
// attempt once.
func (s *streams) archives(ctx context.Context, rec *run.Record, now time.Time, emit func(Update)) error {
	var errs []error
	for i := 0; i < len(s.list); {
		n := 1 // streams of one attempt are adjacent
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

// archive selects the source for the streams of one attempt. CloudWatch expires
// the oldest events first without an indication, so after the retention time the
// archive is preferred.
func (s *streams) archive(ctx context.Context, rec *run.Record, all []*stream, now time.Time, emit func(Update)) error {
	a := find(rec, all[0].Line)
	if s.Filter.forced() {
		logs, err := s.look(ctx, a)
		s.turn(all, a, logs)
		return err
	}
	partly := a.cut || s.expired(a, now)
	switch {
	case partly:
	case a.killed && s.Archive != nil:
		s.complete(all, a, emit)
		return nil
	case s.streamed(ctx, all):
		return nil
	}
	logs, err := s.look(ctx, a)
	if len(logs) > 0 {
		s.turn(all, a, logs)
	} else if text := s.lack(all[0].Line, a, partly, s.streamed(ctx, all), err); text != "" {
		emit(Note{At: now, Text: text})
	}
	return nil
}

// expired reports whether events of an attempt may have expired in CloudWatch.
func (s *streams) expired(a attempt, now time.Time) bool {
	return s.Kept > 0 && now.Sub(a.began) > s.Kept
}

// lack describes what may be missing of an attempt without an archive.
func (s *streams) lack(l Line, a attempt, partly, streamed bool, err error) string {
	text := fmt.Sprintf("no logs of job %s, attempt %d, in CloudWatch", l.Job, l.Attempt)
	switch {
	case !streamed && err == nil:
		return "" // no output, or the caller reports it
	case streamed && !partly:
		return ""
	case streamed && a.cut:
		text = fmt.Sprintf("lines of job %s, attempt %d, are missing: CloudWatch did not accept all of them", l.Job, l.Attempt)
	case streamed:
		text = fmt.Sprintf("the beginning of job %s, attempt %d, may be missing: CloudWatch keeps logs for %.0f days", l.Job, l.Attempt, s.Kept.Hours()/24)
	}
	if err != nil {
		return fmt.Sprintf("%s, and the EMR archive cannot be read: %v", text, err)
	}
	return text + ", and there is no EMR archive"
}

// turn switches the streams of an attempt to the EMR archive.
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

// explain emits one note about the limits of archived logs.
func (s *streams) explain(at time.Time, emit func(Update)) {
	if s.explained {
		return
	}
	s.explained = true
	text := "logs archived by EMR in S3: no timestamps, streams follow each other"
	if !s.Filter.Since.IsZero() {
		text += "; jobs with output since then are shown from the beginning"
	}
	emit(Note{At: at, Text: text})
}

// streamed reports whether CloudWatch has lines of an attempt, or may have and
// does not respond.
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

// look finds the archive of an attempt, on its own cluster or, if an older
// record does not name it, on those of the run.
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
