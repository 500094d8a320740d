package follow

import (
	"context"
	"errors"
	"fmt"
	"time"

	"ephemr/internal/job"
	"ephemr/internal/run"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

// LogsAPI reads log streams.
type LogsAPI interface {
	GetLogEvents(context.Context, *cloudwatchlogs.GetLogEventsInput, ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.GetLogEventsOutput, error)
}

// Filter chooses among the log streams of a run; what is empty chooses all.
type Filter struct {
	Job     string
	Attempt int
	Stream  string // stdout or stderr
}

func (f Filter) wants(jobName string, attempt int, stream string) bool {
	return (f.Job == "" || f.Job == jobName) && (f.Attempt == 0 || f.Attempt == attempt) && (f.Stream == "" || f.Stream == stream)
}

// settle is how long a stream may go on growing after its attempt has ended:
// the runner sends everything before it exits, but reads lag behind writes.
const settle = 1500 * time.Millisecond

// stream reads one log stream from its head, every event once.
type stream struct {
	api         LogsAPI
	group, name string
	line        Line // without At and Text

	token  *string
	buf    []types.OutputLogEvent
	atEnd  bool // of what there is in this round
	overAt time.Time
	done   bool // nothing will come any more
}

// fill gets the next page, if nothing is left of the one before.
func (s *stream) fill(ctx context.Context) error {
	for len(s.buf) == 0 && !s.atEnd {
		out, err := s.api.GetLogEvents(ctx, &cloudwatchlogs.GetLogEventsInput{
			LogGroupName: &s.group, LogStreamName: &s.name, StartFromHead: aws.Bool(true), NextToken: s.token,
		})
		if _, none := errors.AsType[*types.ResourceNotFoundException](err); none {
			s.atEnd = true // it begins with the first line
			return nil
		}
		if err != nil {
			return fmt.Errorf("read log stream %s: %w", s.name, err)
		}
		// The end is where the token stays the same; a page may be empty before.
		s.atEnd = s.token != nil && aws.ToString(out.NextForwardToken) == *s.token
		s.token, s.buf = out.NextForwardToken, out.Events
	}
	return nil
}

func (s *stream) head() (time.Time, bool) {
	if len(s.buf) == 0 {
		return time.Time{}, false
	}
	return time.UnixMilli(aws.ToInt64(s.buf[0].Timestamp)).UTC(), true
}

func (s *stream) pop() Line {
	l := s.line
	l.At, _ = s.head()
	l.Text = aws.ToString(s.buf[0].Message)
	s.buf = s.buf[1:]
	return l
}

// streams are the log streams of a run.
type streams struct {
	api    LogsAPI
	group  string
	filter Filter
	list   []*stream
	known  map[string]bool
}

// sync adds the streams of attempts that are new in rec and marks those that
// have ended.
func (s *streams) sync(rec *run.Record, now time.Time) {
	for _, j := range rec.Jobs {
		for n := 1; n <= j.Attempt; n++ {
			for _, name := range []string{"stdout", "stderr"} {
				s.add(rec.Run.ID, j.Name, n, name)
			}
		}
	}
	for _, st := range s.list {
		if st.overAt.IsZero() && over(rec, st.line) {
			st.overAt = now
			if end := rec.Run.EndedAt; !end.IsZero() && now.Sub(end) > time.Minute {
				st.overAt = end // long ago: nothing to wait for
			}
		}
	}
}

func (s *streams) add(runID, jobName string, attempt int, name string) {
	full := job.Dir(runID, jobName, attempt) + "/" + name
	if s.known[full] || !s.filter.wants(jobName, attempt, name) {
		return
	}
	if s.known == nil {
		s.known = map[string]bool{}
	}
	s.known[full] = true
	s.list = append(s.list, &stream{
		api: s.api, group: s.group, name: full, line: Line{Job: jobName, Attempt: attempt, Stream: name},
	})
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
		line := first.pop()
		for len(news) > 0 && precedes(news[0], line) {
			emit(news[0])
			news = news[1:]
		}
		emit(line)
	}
	for _, u := range news {
		emit(u)
	}
	if len(errs) == 0 {
		retire(active, now)
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
func retire(active []*stream, now time.Time) {
	for _, st := range active {
		st.done = !st.overAt.IsZero() && now.Sub(st.overAt) >= settle
	}
}

// outlast is how much later than its end a line of an attempt may be dated.
const outlast = time.Second

// precedes says whether u comes before l. Lines know only milliseconds; what an
// attempt printed comes before its end.
func precedes(u Update, l Line) bool {
	at := u.when().Truncate(time.Millisecond)
	if j, ok := u.(JobChanged); ok && j.State != run.JobRunning && j.Job.Name == l.Job && j.Attempt == l.Attempt {
		return at.Add(outlast).Before(l.At)
	}
	return !at.After(l.At)
}

// next returns the stream with the earliest line, or nil if there is none left.
func next(ctx context.Context, active []*stream) (first *stream, err error) {
	var least time.Time
	for _, st := range active {
		if failed := st.fill(ctx); failed != nil {
			st.atEnd, err = true, failed // for this round
		}
		if at, ok := st.head(); ok && (first == nil || at.Before(least)) {
			first, least = st, at
		}
	}
	return first, err
}
