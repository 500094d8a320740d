package intake

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"math"
	"slices"
	"time"

	lambdaevents "github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"ephemr/events"
	"ephemr/internal/ledger"
	"ephemr/internal/pipeline"
	"ephemr/internal/register"
	"ephemr/internal/run"
)

// arrivals are the objects of batches that the messages of one invocation report, and
// the runs of batches that were closed.
type arrivals struct {
	groups []*group
	runs   []string
}

// group is the objects of one trigger.
type group struct {
	pipeline string
	trigger  pipeline.S3Trigger
	objects  []ledger.Arrival
	messages map[string]bool // ids of those that report them
}

func (a *arrivals) add(messageID string, w register.Watcher, o ledger.Object) {
	var of *group
	for _, g := range a.groups {
		if g.pipeline == w.Pipeline && g.trigger.Same(w.Trigger) {
			of = g
		}
	}
	if of == nil {
		of = &group{pipeline: w.Pipeline, trigger: w.Trigger, messages: map[string]bool{}}
		a.groups = append(a.groups, of)
	}
	of.objects = append(of.objects, ledger.Arrival{Object: o, As: w.Match})
	of.messages[messageID] = true
}

// collect adds the objects of a group to the batch of their trigger, and returns the runs
// of batches that are full.
func (k *Intake) collect(ctx context.Context, g *group) ([]string, error) {
	added, err := k.Ledger.Add(ctx, g.pipeline, g.trigger, g.objects)
	for _, b := range added.Opened {
		k.remind(ctx, b)
	}
	var ids []string
	if b := added.Last; err == nil && b != nil && b.Manifest != "" && b.State == ledger.Open {
		if added.Closed = k.complete(ctx, *b, added.Closed); len(added.Closed) == 0 && g.hasManifest() {
			k.remindIn(ctx, *b, ledger.Settle) // if this invocation dies before it has checked
		}
	}
	for _, id := range added.Closed {
		ids = append(ids, k.startNow(ctx, id)...)
	}
	return ids, err
}

func (g *group) hasManifest() bool {
	return slices.ContainsFunc(g.objects, func(a ledger.Arrival) bool { return a.As == pipeline.IsManifest })
}

// complete closes b if all objects have arrived that its manifest lists, and adds it to
// closed. A manifest that cannot be read leaves the batch open until its window ends.
func (k *Intake) complete(ctx context.Context, b ledger.Batch, closed []string) []string {
	if b.Manifest == "" {
		return closed
	}
	all, err := ledger.ReadListing(ctx, k.S3, b.Manifest, b.ManifestVersion)
	missing := ""
	if err == nil {
		missing, err = k.Ledger.Missing(ctx, b, all)
	}
	if err == nil && missing == "" {
		var now bool
		if now, err = k.Ledger.Close(ctx, b, "manifest"); now {
			return append(closed, b.ID)
		}
	}
	if err != nil {
		slog.ErrorContext(ctx, "manifest not checked: the batch closes by its window", "batch", b.ID, "manifest", b.Manifest, "error", err.Error())
	} else {
		slog.InfoContext(ctx, "batch waits for objects of its manifest", "batch", b.ID, "manifest", b.Manifest, "missing", missing)
	}
	return closed
}

// maxDelay is the longest delay of an SQS message.
const maxDelay = 15 * time.Minute

// remind has a message delivered when b is to be closed, or on the way there. It is a
// hint: the tick finds the batch otherwise.
func (k *Intake) remind(ctx context.Context, b ledger.Batch) {
	k.remindIn(ctx, b, time.Until(b.ClosesAt))
}

func (k *Intake) remindIn(ctx context.Context, b ledger.Batch, after time.Duration) {
	body, err := json.Marshal(events.BatchDue{Kind: events.KindBatch, Batch: b.ID})
	if err == nil {
		wait := min(max(after, 0), maxDelay)
		_, err = k.SQS.SendMessage(ctx, &sqs.SendMessageInput{
			QueueUrl: &k.Settings.EventsQueue, MessageBody: aws.String(string(body)), DelaySeconds: int32(math.Ceil(wait.Seconds())),
		})
	}
	if err != nil {
		slog.WarnContext(ctx, "cannot send reminder of batch: deferred to the tick", "batch", b.ID, "error", err.Error())
	}
}

// batchDue closes a batch whose time has come, and starts it.
func (k *Intake) batchDue(ctx context.Context, m lambdaevents.SQSMessage, a *arrivals) error {
	var due events.BatchDue
	if err := json.Unmarshal([]byte(m.Body), &due); err != nil {
		return invalid(run.ByS3, "read message about a batch: %w", err)
	}
	b, err := k.Ledger.Batch(ctx, due.Batch)
	if b == nil || err != nil {
		return err
	}
	if b.State == ledger.Open && time.Now().Before(b.ClosesAt) {
		if len(k.complete(ctx, *b, nil)) == 0 {
			k.remind(ctx, *b)
			return nil
		}
	} else if b.State == ledger.Open {
		if _, err := k.Ledger.Close(ctx, *b, b.By()); err != nil {
			return err
		}
	}
	ids, err := k.startBatch(ctx, due.Batch)
	a.runs = append(a.runs, ids...)
	return err
}

// maxDue is how many batches a tick has closed. The next tick continues.
const maxDue = 200

// tick has the batches closed and started that no reminder has: an invocation has died, or
// the message was lost. Each gets a message of its own. It makes what became due while
// pipelines were paused.
func (k *Intake) tick(ctx context.Context, a *arrivals) error {
	made, failed := k.resumed(ctx)
	a.runs = append(a.runs, made...)
	ids, err := k.Ledger.Due(ctx, time.Now(), maxDue)
	if err != nil {
		return errors.Join(err, failed)
	}
	for _, id := range ids {
		k.remind(ctx, ledger.Batch{ID: id})
	}
	if len(ids) > 0 {
		slog.InfoContext(ctx, "batches are due", "batches", len(ids))
	}
	return failed
}

// startNow starts a batch that was just closed. If that fails, the tick finds it.
func (k *Intake) startNow(ctx context.Context, id string) []string {
	ids, err := k.startBatch(ctx, id)
	if err != nil {
		slog.WarnContext(ctx, "batch not started: deferred to the tick", "batch", id, "error", err.Error())
	}
	return ids
}

// pausedFor is how long a batch of a paused pipeline waits before it is considered again.
const pausedFor = 5 * time.Minute

// startBatch makes the runs of a closed batch, of a matrix or one, once, and returns them.
func (k *Intake) startBatch(ctx context.Context, id string) ([]string, error) {
	b, err := k.Ledger.Batch(ctx, id)
	if b == nil || err != nil || b.State != ledger.Closed {
		return nil, err
	}
	if b.Count == 0 {
		slog.InfoContext(ctx, "batch closed without an object", "batch", id, "pipeline", b.Pipeline)
		return nil, k.Ledger.Start(ctx, *b)
	}
	objects, err := k.Ledger.Members(ctx, *b)
	if err != nil {
		return nil, err
	}
	w, err := k.ofBatch(ctx, *b, objects)
	if err != nil {
		return nil, err
	}
	if len(w) == 0 {
		slog.InfoContext(ctx, "pipeline is paused: batch waits", "batch", id, "pipeline", b.Pipeline)
		return nil, k.Ledger.PutOff(ctx, *b, time.Now().Add(pausedFor))
	}
	var ids []string
	for _, one := range w {
		runID, err := k.createWithManifest(ctx, one, objects)
		if err != nil {
			return nil, err
		}
		slog.InfoContext(ctx, "batch has its run", "batch", id, "runId", runID, "objects", b.Count, "closedBy", b.ClosedBy)
		ids = append(ids, runID)
	}
	return ids, k.Ledger.Start(ctx, *b, ids...)
}

// createWithManifest creates a run after the list of its objects.
func (k *Intake) createWithManifest(ctx context.Context, w NewRun, objects []ledger.Object) (string, error) {
	if err := k.Manifests.Write(ctx, w.Run, objects); err != nil {
		return "", err
	}
	notice, err := report(ctx, k.Pipelines, k.Notices, k.Settings.Stage, w.Run)
	if err != nil {
		return "", err
	}
	runID, _, err := k.Runs.Create(ctx, w.Run, w.Spec, notice...)
	return runID, err
}

// ofBatch returns the runs of a batch, none if its pipeline is paused.
func (k *Intake) ofBatch(ctx context.Context, b ledger.Batch, objects []ledger.Object) ([]NewRun, error) {
	request := RunRequest{
		Pipeline: b.Pipeline, Logical: b.OpenedAt, RequestedAt: b.ClosedAt, Quiet: true,
		Trigger: run.Trigger{
			Kind: run.ByS3, Batch: b.ID, Count: b.Count, Bytes: b.Bytes, Objects: few(objects),
			Oldest: objects[0].Time, Newest: objects[len(objects)-1].Time,
		},
		Identity: []string{run.ByS3, "batch", b.Pipeline, b.ID},
	}
	runs, err := request.NewRuns(ctx, k.Settings, k.Pipelines, k.Users, k.Engines)
	if IsInvalid(err) {
		return []NewRun{request.rejected(err, nil)}, nil
	}
	return runs, err
}

// few are the addresses of objects, if a template can have them.
func few(objects []ledger.Object) (uris []string) {
	if len(objects) > pipeline.MaxTriggerObjects {
		return nil
	}
	for _, o := range objects {
		uris = append(uris, o.URI())
	}
	return uris
}
