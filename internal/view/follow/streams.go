package follow

import (
	"context"
	"errors"
	"time"

	"ephemr/internal/run"
)

// settle is how long a stream may continue to grow after its attempt has ended:
// the runner sends everything before it exits, but reads lag behind writes.
const settle = 1500 * time.Millisecond

// stream is one log stream of an attempt, read from its head, every line once.
type stream struct {
	Line   // without At and Text
	name   string
	from   source
	choose func([]Line) []Line

	buf    []Line
	open   *Line     // the last line, if it was unfinished
	any    bool      // something has come
	atEnd  bool      // of what there is in this round
	past   bool      // its attempt was over when it was first seen
	place  time.Time // among the other streams, where lines carry no time
	overAt time.Time
	done   bool // nothing will come any more
}

// fill gets the next lines, if none is left of those before.
func (s *stream) fill(ctx context.Context) error {
	for len(s.buf) == 0 && !s.atEnd {
		lines, end, err := s.from.more(ctx)
		s.any = s.any || len(lines) > 0
		s.buf, s.atEnd = s.choose(lines), end
		if err != nil {
			return err
		}
	}
	return nil
}

// head is when the next line was printed, or its place among others.
func (s *stream) head() (time.Time, bool) {
	if len(s.buf) == 0 {
		return time.Time{}, false
	}
	if s.buf[0].Archived {
		return s.place, true
	}
	return s.buf[0].At, true
}

func (s *stream) pop() (Line, time.Time) {
	at, _ := s.head()
	l := s.buf[0]
	s.buf = s.buf[1:]
	s.open = nil
	if l.Unfinished {
		s.open = &l
	}
	return l, at
}

// finish emits the line that the attempt has not ended.
func (s *stream) finish(emit func(Update)) {
	if s.open != nil {
		l := *s.open
		l.Unfinished, l.Bar, s.open = false, false, nil
		emit(l)
	}
}

// streams are the log streams of a run.
type streams struct {
	*Follower
	list      []*stream
	known     map[string]bool
	synced    bool
	explained bool // the note about archived logs was emitted
}

// sync adds the streams of attempts that are new in rec and marks those that
// have ended.
func (s *streams) sync(rec *run.Record, now time.Time) {
	for _, j := range rec.Jobs {
		for n := 1; n <= j.Attempt; n++ {
			for _, name := range s.Filter.streams() {
				s.add(rec, j.Name, n, name)
			}
		}
	}
	s.synced = true
	for _, st := range s.list {
		if st.overAt.IsZero() && over(rec, st.Line) {
			st.overAt = now
			if end := rec.Run.EndedAt; !end.IsZero() && now.Sub(end) > time.Minute {
				st.overAt = end // long ago: no more lines will come
			}
		}
	}
}

func (s *streams) add(rec *run.Record, jobName string, attempt int, name string) {
	full := rec.Run.LogPrefix(jobName, attempt) + "/" + name
	if s.known[full] || !s.Filter.wants(jobName, attempt) {
		return
	}
	if s.known == nil {
		s.known = map[string]bool{}
	}
	s.known[full] = true
	line := Line{Job: jobName, Attempt: attempt, Stream: name}
	s.list = append(s.list, &stream{
		Line: line, name: full, from: s.live(full, s.Filter.Since, line), choose: s.Filter.choose,
		past: !s.synced && (over(rec, line) || s.Filter.forced()),
	})
}

func (s *streams) live(name string, since time.Time, line Line) *live {
	return &live{api: s.Logs, group: s.Group, name: name, since: since, line: line}
}

// over says whether the attempt that prints l has ended.
func over(rec *run.Record, l Line) bool {
	j := rec.Job(l.Job)
	return j == nil || rec.Run.State.Final() || j.State.Over() || l.Attempt < j.Attempt || j.State == run.JobPending
}

func (s *streams) done() bool {
	for _, st := range s.list {
		if !st.done {
			return false
		}
	}
	return true
}

// round emits what there is now, of all streams and of news, ordered by time;
// lines of one stream keep their order whatever their times are. What cannot be
// read is left for the next round, and the error returned in the end.
func (s *streams) round(ctx context.Context, now time.Time, news []Update, emit func(Update)) error {
	active := s.active()
	var errs []error
	for {
		first, failed := next(ctx, active)
		if failed != nil {
			errs = append(errs, failed)
		}
		if first == nil {
			break
		}
		line, at := first.pop()
		for len(news) > 0 && precedes(news[0], line, at) {
			emit(news[0])
			news = news[1:]
		}
		if line.Archived {
			s.explain(at, emit)
		}
		emit(line)
	}
	for _, u := range news {
		emit(u)
	}
	if len(errs) == 0 {
		retire(active, now, emit)
	}
	return errors.Join(errs...)
}

// active returns the streams that may still grow.
func (s *streams) active() []*stream {
	var active []*stream
	for _, st := range s.list {
		if !st.done {
			st.atEnd = false
			active = append(active, st)
		}
	}
	return active
}

// retire marks the streams that were read to their end long enough after it.
func retire(active []*stream, now time.Time, emit func(Update)) {
	for _, st := range active {
		if st.done = !st.overAt.IsZero() && now.Sub(st.overAt) >= settle; st.done {
			st.finish(emit)
		}
	}
}

// outlast is how much later than its end a line of an attempt may be dated.
const outlast = time.Second

// precedes says whether u comes before l, which was printed at a time that is
// known to milliseconds; what an attempt printed comes before its end.
func precedes(u Update, l Line, printed time.Time) bool {
	at := u.when().Truncate(time.Millisecond)
	if j, ok := u.(JobChanged); ok && j.State != run.JobRunning && j.Job.Name == l.Job && j.Attempt == l.Attempt {
		return at.Add(outlast).Before(printed)
	}
	return !at.After(printed)
}

// next returns the stream with the earliest line, or nil if there is none left.
func next(ctx context.Context, active []*stream) (first *stream, err error) {
	var least time.Time
	for _, st := range active {
		if failed := st.fill(ctx); failed != nil {
			st.atEnd, err = true, errors.Join(err, failed) // for this round
		}
		if at, ok := st.head(); ok && (first == nil || at.Before(least)) {
			first, least = st, at
		}
	}
	return first, err
}
