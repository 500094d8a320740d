package follow

import (
	"context"
	"slices"
	"time"

	"ephemr/internal/emr/steplog"
	"ephemr/internal/run"
	"ephemr/internal/run/store"
	"ephemr/internal/stage"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/logging"
)

// Store reads runs.
type Store interface {
	Load(ctx context.Context, id string) (*run.Record, error)
	List(ctx context.Context, q run.Query) ([]run.Run, error)
}

// Follower follows runs of a stage.
type Follower struct {
	Runs   Store
	Logs   LogsAPI
	Group  string        // log group of the runs
	Kept   time.Duration // retention of the log group; 0 = not known
	Filter Filter        // of log streams
	Within time.Duration // time limit for a run to appear

	Archive *steplog.Archive // EMR's archive of ended runs; nil = not used
}

const (
	defaultWithin = time.Minute
	pollEvery     = 500 * time.Millisecond
	logsEvery     = time.Second
	perStream     = 100 * time.Millisecond // GetLogEvents has a quota for the whole account
	patience      = 2 * time.Minute        // while DynamoDB does not respond
	logsPatience  = 15 * time.Minute       // while CloudWatch Logs does not: the run goes on without them
)

// New returns a Follower of the stage that s describes.
func New(cfg aws.Config, s stage.Settings) *Follower {
	cfg.Logger = logging.Nop{} // retries are not reported
	return &Follower{
		Runs:  &store.Runs{DB: dynamodb.NewFromConfig(cfg), Table: s.RunsTable},
		Logs:  cloudwatchlogs.NewFromConfig(cfg),
		Group: s.RunLogGroup, Kept: time.Duration(s.RunLogDays) * 24 * time.Hour, Within: defaultWithin,
		Archive: &steplog.Archive{Bucket: s.LogsBucket, S3: s3.NewFromConfig(cfg, func(o *s3.Options) {
			o.UsePathStyle = o.BaseEndpoint != nil // emulators have no host name per bucket
		})},
	}
}

// Follow emits everything about a run, from its beginning to its outcome, and
// returns its record then. It waits for a run that is not recorded yet.
//
// The order is that of time, as far as it is known when it is emitted; lines of
// one stream are never out of order, lost or doubled. Follow ends
// with ctx; the run continues.
func (f *Follower) Follow(ctx context.Context, id string, emit func(Update)) (*run.Record, error) {
	rec, err := f.appear(ctx, id, emit)
	if err != nil {
		return nil, err
	}
	emit(Polled{At: time.Now(), Record: rec})
	w := &watch{Follower: f, emit: emit, logs: &streams{Follower: f}}
	for {
		if err := w.look(ctx, rec); err != nil {
			return rec, err
		}
		if rec.Run.State.Final() && w.logs.done() {
			emit(outcome(rec, time.Now()))
			return rec, nil
		}
		if err := sleep(ctx, pollEvery); err != nil {
			return rec, err
		}
		if !rec.Run.State.Final() {
			if rec, err = w.load(ctx, rec); err != nil {
				return rec, err
			}
		}
	}
}

// Read emits what a run has printed so far, ordered by time.
func (f *Follower) Read(ctx context.Context, rec *run.Record, emit func(Update)) error {
	reader := *f
	reader.Logs = &patient{LogsAPI: f.Logs, emit: emit}
	logs := &streams{Follower: &reader}
	now := time.Now()
	logs.sync(rec, now)
	if err := logs.archives(ctx, rec, now, emit); err != nil {
		return err
	}
	err := logs.round(ctx, now, nil, emit)
	for _, st := range logs.list {
		st.finish(emit)
	}
	return err
}

// watch is the state of following a run.
type watch struct {
	*Follower
	emit     func(Update)
	story    story
	logs     *streams
	logsRead time.Time
	logsGone outage
	runGone  outage
}

// look emits the changes in rec and new log lines. It reads the logs at their
// interval, and before it emits the end of an attempt.
func (w *watch) look(ctx context.Context, rec *run.Record) error {
	now := time.Now()
	news := slices.DeleteFunc(w.story.read(rec, now), func(u Update) bool { return u.when().Before(w.Filter.Since) })
	w.logs.sync(rec, now)
	if err := w.logs.archives(ctx, rec, now, w.emit); err != nil {
		return err
	}
	defer func() { w.emit(Polled{At: now, Record: rec}) }()
	every := max(logsEvery, time.Duration(len(w.logs.list))*perStream)
	if now.Sub(w.logsRead) < every && !hasEnd(news) && !rec.Run.State.Final() {
		for _, u := range news {
			w.emit(u)
		}
		return nil
	}
	w.logsRead = now
	err := w.logs.round(ctx, now, news, w.emit)
	return w.logsGone.with(ctx, "the logs", logsPatience, err, w.emit)
}

func hasEnd(news []Update) bool {
	for _, u := range news {
		if j, ok := u.(JobChanged); ok && j.State != run.JobRunning {
			return true
		}
	}
	return false
}

// load reads the record again, and returns the old one while AWS does not
// respond.
func (w *watch) load(ctx context.Context, old *run.Record) (*run.Record, error) {
	rec, err := w.Runs.Load(ctx, old.Run.ID)
	if rec == nil {
		rec = old
	}
	return rec, w.runGone.with(ctx, "the run's record", patience, err, w.emit)
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.C:
		return nil
	}
}
