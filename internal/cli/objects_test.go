package cli_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"ephemr/events"
	"ephemr/internal/cli/exit"
	"ephemr/internal/cli/objects"
	"ephemr/internal/cli/redo"
	"ephemr/internal/cli/start"
	"ephemr/internal/intake"
	"ephemr/internal/ledger"
	"ephemr/internal/operation"
	"ephemr/internal/pipeline"
)

// ofOrders is a pipeline with a trigger, registered.
func (w *world) ofOrders() pipeline.S3Trigger {
	w.t.Helper()
	trigger := pipeline.S3Trigger{Bucket: "raw", Prefix: "orders/", Batch: &pipeline.Batch{MaxObjects: 2}}
	spec := pipeline.Spec{Name: "orders", Cluster: pipeline.Cluster{Profile: "small"}, Triggers: []pipeline.Trigger{{S3: &trigger}}, Jobs: []pipeline.Job{{Name: "a", Type: "bash", Source: "a"}}}
	_, _, err := w.pipelines.Add(w.t.Context(), spec, "1", time.Now())
	w.no(err)
	return trigger
}

func (w *world) ledger() *ledger.Store { return &ledger.Store{DB: w.db, Table: "ledger"} }

// takeOrders lets the pipeline take objects, and starts a run with the first batch.
func (w *world) takeOrders(runID string, names ...string) {
	w.t.Helper()
	trigger := w.ofOrders()
	at := time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC)
	var arrivals []ledger.Arrival
	for _, name := range names {
		arrivals = append(arrivals, ledger.Arrival{Object: ledger.Object{Bucket: "lake-raw", Key: "orders/" + name, Version: "v1", Size: 5, Time: at}, As: pipeline.IsData})
	}
	added, err := w.ledger().Add(w.t.Context(), "orders", trigger, arrivals)
	w.no(err)
	b, err := w.ledger().Batch(w.t.Context(), added.Closed[0])
	w.no(err)
	w.no(w.ledger().Start(w.t.Context(), *b, runID))
}

func TestObjects(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.takeOrders("orders-1", "a", "b", "c")
	for uri, want := range map[string]string{"s3://lake-raw/orders/a": "orders-1", "s3://raw/orders/c": "in a batch that closes at "} {
		w.out = buffer{}
		if err := objects.Show(t.Context(), uri, objects.Options{}, w.io, w.settings, w.ledger()); err != nil || !strings.Contains(w.out.String(), want) {
			t.Errorf("%s: %v\n%s", uri, err, w.out.String())
		}
	}
	w.out = buffer{}
	w.no(objects.Show(t.Context(), "s3://raw/orders/a", objects.Options{JSON: true}, w.io, w.settings, w.ledger()))
	var got []objects.Taken
	w.no(json.Unmarshal([]byte(w.out.String()), &got))
	if len(got) != 1 || got[0].Version != "v1" || got[0].State != ledger.Started || len(got[0].Runs) != 1 {
		t.Errorf("JSON %s", w.out.String())
	}
	if err := objects.Show(t.Context(), "s3://raw/orders/x", objects.Options{}, w.io, w.settings, w.ledger()); err == nil || !strings.Contains(err.Error(), "no pipeline has taken s3://lake-raw/orders/x") {
		t.Error(err)
	}
	if err := objects.Show(t.Context(), "orders/x", objects.Options{}, w.io, w.settings, w.ledger()); exit.CodeOf(err) != exit.CodeUsage {
		t.Error(err)
	}
}

// Objects of tests start nothing, and are not missing.
func TestObjectsOfTestsAreNotMissing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		spec := pipeline.Spec{
			Name: "all", Cluster: pipeline.Cluster{Profile: "small"}, Triggers: []pipeline.Trigger{{S3: &pipeline.S3Trigger{Bucket: "raw"}}},
			Jobs: []pipeline.Job{{Name: "a", Type: "bash", Source: "a"}},
		}
		_, _, err := w.pipelines.Add(t.Context(), spec, "1", time.Now())
		w.no(err)
		w.s3.Place("lake-raw", "tests/test-orders-abc234/orders/d", []byte("d"))
		time.Sleep(time.Hour)
		o := objects.Options{Pipeline: "all", Older: 5 * time.Minute}
		w.no(objects.Missing(t.Context(), o, w.io, w.settings, objects.Clients{Pipelines: w.pipelines, Ledger: w.ledger(), S3: w.s3, Lambda: w.lambda}))
	})
}

// What matches a trigger and was not taken is missing: neither hidden names nor what is too
// new or too old.
func TestMissingObjects(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		trigger := w.ofOrders()
		put := func(key string) {
			_, err := w.s3.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("lake-raw"), Key: &key, Body: strings.NewReader(key)})
			w.no(err)
		}
		put("orders/old")
		time.Sleep(8 * 24 * time.Hour)
		for _, key := range []string{"orders/a", "orders/b", "orders/_SUCCESS", "other/c"} {
			put(key)
		}
		head, err := w.s3.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: aws.String("lake-raw"), Key: aws.String("orders/a")})
		w.no(err)
		_, err = w.ledger().Add(t.Context(), "orders", trigger, []ledger.Arrival{{As: pipeline.IsData, Object: ledger.Object{
			Bucket: "lake-raw", Key: "orders/a", ETag: strings.Trim(*head.ETag, `"`), Sequencer: "01", Time: time.Now(),
		}}})
		w.no(err)
		time.Sleep(10 * time.Minute)
		put("orders/new")
		var fed []events.Object
		w.controls(operation.Handler{Feed: operation.Of(func(_ context.Context, in intake.FeedRequest) (struct{}, error) {
			fed = append(fed, in.Objects...)
			return struct{}{}, nil
		})})
		clients := objects.Clients{Pipelines: w.pipelines, Ledger: w.ledger(), S3: w.s3, Lambda: w.lambda}
		o := objects.Options{Pipeline: "orders", Older: 5 * time.Minute}
		if err := objects.Missing(t.Context(), o, w.io, w.settings, clients); exit.CodeOf(err) != exit.CodeFailed || len(fed) > 0 {
			t.Errorf("%v, fed %v", err, fed)
		}
		if out := w.out.String(); !strings.Contains(out, "s3://lake-raw/orders/b") || strings.Count(out, "s3://") != 1 {
			t.Errorf("missing:\n%s", out)
		}
		o.Feed, o.Since, o.JSON = true, "1999-01-01", true
		w.no(objects.Missing(t.Context(), o, w.io, w.settings, clients))
		if len(fed) != 2 || fed[0].URI != "s3://lake-raw/orders/b" || fed[0].ETag == "" || fed[0].Version != "" {
			t.Errorf("fed %+v", fed)
		}
	})
}

func TestRefusedMissingObjects(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.ofOrders()
	clients := objects.Clients{Pipelines: w.pipelines, Ledger: w.ledger(), S3: w.s3, Lambda: w.lambda}
	for name, o := range map[string]objects.Options{"unknown": {Pipeline: "x"}, "wrong date": {Pipeline: "orders", Since: "noon"}} {
		if err := objects.Missing(t.Context(), o, w.io, w.settings, clients); exit.CodeOf(err) != exit.CodeUsage {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestStartWithObject(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.ofOrders()
	_, err := w.s3.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("lake-raw"), Key: aws.String("x/a"), Body: strings.NewReader("12345")})
	w.no(err)
	clients := start.Clients{Pipelines: w.pipelines, SQS: w.sqs, Sender: caller, S3: w.s3}
	w.no(start.Run(t.Context(), start.Options{Pipeline: "orders", Priority: -1, Object: "s3://raw/x/a"}, w.io, w.settings, clients))
	var q events.Request
	w.no(json.Unmarshal([]byte(*w.sqs.Messages(requests)[0].MessageBody), &q))
	if q.Object == nil || q.Object.URI != "s3://lake-raw/x/a" || q.Object.Size != 5 || q.Object.ETag == "" || strings.Contains(q.Object.ETag, `"`) {
		t.Errorf("request %+v", q.Object)
	}
	for uri, want := range map[string]string{"s3://raw/x/b": "there is no object s3://lake-raw/x/b", "x/a": "invalid address"} {
		err := start.Run(t.Context(), start.Options{Pipeline: "orders", Priority: -1, Object: uri}, w.io, w.settings, clients)
		if exit.CodeOf(err) != exit.CodeUsage || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", uri, err)
		}
	}
}

func TestRedo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.controls(operation.Handler{Redo: operation.Of(func(_ context.Context, in intake.RedoRequest) (intake.Redone, error) {
		return intake.Redone{RunID: in.RunID + "-again-" + in.RequestID}, nil
	})})
	w.no(redo.Run(t.Context(), redo.Options{RunID: "r", RequestID: "1"}, w.io, w.settings, w.lambda))
	if w.out.String() != "r-again-1\n" || !strings.Contains(w.err.String(), "follow it with: ephemr logs -f r-again-1") {
		t.Errorf("printed %q and %q", w.out.String(), w.err.String())
	}
}
