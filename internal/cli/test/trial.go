package test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"ephemr/events"
	"ephemr/internal/cli/request"
	"ephemr/internal/cli/start"
	"ephemr/internal/cli/upload"
	"ephemr/internal/pipeline"
	"ephemr/internal/run"
	"ephemr/internal/testcase"
	"ephemr/internal/view/follow"
)

// trial is one execution of a test.
type trial struct {
	Clients

	test    *testcase.Test
	id      string // of its pipeline, and of its folder in each zone
	spec    pipeline.Spec
	sources []upload.Source
	sender  *upload.Sender
	keep    bool
	secrets []ownSecret

	mu   sync.Mutex
	tail []string // the last lines of its jobs
}

// newID is the name of a pipeline that exists for one execution of a test only.
func newID(name string) string {
	const longest = 40 - len("test--") - 6
	return "test-" + strings.Trim(name[:min(len(name), longest)], "-") + "-" + strings.ToLower(rand.Text()[:6])
}

// shortest is the shortest deadline that a pipeline may have.
const shortest = pipeline.Duration(time.Minute)

func (t *trial) folder() string { return "tests/" + t.id }

// adapt makes a pipeline for one run of the test's own: without triggers, notices and
// approvals, on a cluster of its own, with a folder of its own in each zone of the lake.
func (t *trial) adapt(zones []string) error {
	s := *t.test.Spec
	s.Name, s.LakeFolder = t.id, t.folder()
	s.Triggers, s.Matrix, s.Notify, s.Publish = nil, nil, pipeline.Notify{}, nil
	s.Cluster.Pool, s.Cluster.KeepAlive = "", 0
	s.Owner, s.Priority = "", 0 // which requests may be refused, as limits of registered pipelines
	s.Limits = pipeline.Limits{Deadline: max(t.test.Timeout, shortest), Cost: s.Limits.Cost}
	s.Jobs = slices.Clone(s.Jobs)
	for i := range s.Jobs {
		s.Jobs[i].Approve = nil
	}
	if err := t.replaceSecrets(&s); err != nil {
		return err
	}
	t.spec = s
	return s.Validate(pipeline.WithZones(zones...), pipeline.WithVars(keys(t.Settings.Vars)...), pipeline.AdHoc())
}

// run executes the test and compares. It always returns a Result.
func (t *trial) run(ctx context.Context) Result {
	began := time.Now()
	r := Result{Name: t.test.Name, File: t.test.File, Failures: []Failure{}}
	limited, cancel := context.WithTimeout(ctx, t.test.Timeout.Std())
	defer cancel()
	rec, err := t.execute(limited, &r)
	switch {
	case err != nil && limited.Err() != nil && ctx.Err() == nil:
		r.fail("run", fmt.Sprintf("not over after %s", t.test.Timeout.Std()))
	case err != nil:
		r.fail("error", err.Error())
	default:
		if err := t.verify(ctx, rec, &r); err != nil {
			r.fail("error", err.Error())
		}
	}
	if len(r.Failures) > 0 {
		r.Log = t.lines()
	}
	if err := t.cleanUp(context.WithoutCancel(ctx), r.RunID, rec); err != nil {
		r.Notes = append(r.Notes, err.Error())
	}
	r.Seconds = time.Since(began).Seconds()
	r.Passed = len(r.Failures) == 0
	return r
}

// execute runs the pipeline to its end.
func (t *trial) execute(ctx context.Context, r *Result) (*run.Record, error) {
	for _, src := range t.sources {
		if _, err := t.sender.Send(ctx, src.Package); err != nil {
			return nil, err
		}
	}
	if err := errors.Join(t.putSecrets(ctx), t.putInput(ctx)); err != nil {
		return nil, err
	}
	sent, err := t.request(ctx)
	if err != nil {
		return nil, err
	}
	r.RunID = sent.RunID
	found, err := t.Follower.Arrival(ctx, sent.RunID, sent.Pipeline, sent.Caused, t.note)
	if err != nil {
		return nil, fmt.Errorf("wait for run %s: %w", sent.RunID, err)
	}
	r.RunID = found.ID
	rec, err := t.Follower.Follow(ctx, found.ID, t.note)
	if err != nil {
		return rec, fmt.Errorf("follow run %s: %w", found.ID, err)
	}
	return rec, nil
}

func (t *trial) request(ctx context.Context) (request.Sent, error) {
	spec, err := json.Marshal(t.spec)
	if err != nil {
		return request.Sent{}, fmt.Errorf("encode pipeline %s: %w", t.id, err)
	}
	q := events.Request{RequestID: request.NewID(), Pipeline: t.id, User: t.test.User, LogicalTime: t.test.Date, Params: t.test.Params, Spec: spec}
	logical, err := request.LogicalTime(t.test.Date, time.Now())
	if err != nil {
		return request.Sent{}, err
	}
	if t.test.Object != "" {
		bucket, key := t.place(t.test.Object)
		if q.Object, err = start.Object(ctx, "s3://"+bucket+"/"+key, t.Settings, t.S3); err != nil {
			return request.Sent{}, fmt.Errorf("object %s: %w", t.test.Object, err)
		}
	}
	return request.Send(ctx, t.SQS, t.Settings.RequestsQueue, t.Sender, q, logical)
}

const tailLines = 20

// note keeps the last lines that jobs print.
func (t *trial) note(u follow.Update) {
	line, ok := u.(follow.Line)
	if !ok || line.Unfinished {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.tail = append(t.tail, line.Job+": "+line.Text)
	if more := len(t.tail) - tailLines; more > 0 {
		t.tail = slices.Delete(t.tail, 0, more)
	}
}

// lines are the last lines of the jobs, with the addresses that the pipeline's author knows.
func (t *trial) lines() (all []string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, line := range t.tail {
		all = append(all, t.shortened(line))
	}
	return all
}

// place is where zone/key is for this test.
func (t *trial) place(address string) (bucket, key string) {
	zone, key, _ := strings.Cut(address, "/")
	return t.Settings.BucketOf(zone), t.folder() + "/" + key
}

// inFile puts the file of a test before errors that do not name it.
func inFile(t *testcase.Test, err error) error {
	if found := pipeline.Errors(err); len(found) > 0 && found[0].File != "" {
		return err
	}
	return fmt.Errorf("%s: %w", t.File, err)
}
