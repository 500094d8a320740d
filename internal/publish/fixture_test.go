package publish_test

import (
	"context"
	"errors"
	"strconv"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"ephemr/internal/fault"
	"ephemr/internal/pipeline"
	"ephemr/internal/proof/awsfake"
	"ephemr/internal/publish"
	"ephemr/internal/run"
	"ephemr/internal/run/store"
	"ephemr/internal/stage"
)

const (
	database  = "ephemr_dev"
	elsewhere = "s3://elsewhere/data/" // where another client writes
)

var spec = pipeline.Spec{Name: "p", Publish: &pipeline.Publish{
	Table: "ephemr.stores", Partition: map[string]string{"dt": "today"}, Location: "{{.Lake.curated}}/stores/run={{.RunID}}/",
}}

var (
	errTimedOut = &types.OperationTimeoutException{Message: aws.String("Operation timed out")}
	errBusy     = &types.ConcurrentModificationException{Message: aws.String("Two processes are trying to modify a resource simultaneously.")}
	errReset    = errors.New("read: connection reset by peer")
)

// world is a stage with a table, and runs that publish to it. Each call is another
// invocation.
type world struct {
	glue      *awsfake.Glue
	s3        *awsfake.S3
	runs      *store.Runs
	publisher *publish.Publisher
}

func newWorld(t *testing.T) *world {
	t.Helper()
	db := awsfake.NewDynamoDB(awsfake.Table{Name: "runs", PK: "pk", SK: "sk", Indexes: []awsfake.Index{
		{Name: store.ByState, PK: "gsState", SK: "gsOrder"}, {Name: store.ByPipeline, PK: "gpPipeline", SK: "gpOrder"},
	}})
	w := &world{glue: awsfake.NewGlue(database), s3: awsfake.NewS3("curated"), runs: &store.Runs{Table: "runs", DB: db}}
	w.glue.Create(database, types.Table{Name: aws.String("stores"), StorageDescriptor: &types.StorageDescriptor{}}, "dt")
	calls := 0
	caller := func(context.Context) string { return strconv.Itoa(calls) }
	at := &publish.Store{Table: "runs", DB: db}
	w.publisher = &publish.Publisher{
		Settings: stage.Settings{Stage: "dev", Lake: map[string]string{"curated": "curated"}},
		Runs:     w.runs, Store: at, Glue: w.glue, S3: w.s3,
		Caller:  func(ctx context.Context) string { calls++; return caller(ctx) },
		Settler: &publish.Settler{Runs: w.runs, Store: at, Glue: w.glue, S3: w.s3, Database: database, Caller: func(ctx context.Context) string { calls++; return caller(ctx) }},
	}
	return w
}

func location(id string) string { return "s3://curated/stores/run=" + id + "/" }

// begin adds a run whose jobs have succeeded, after those before, and its data.
func (w *world) begin(t *testing.T, id string) {
	t.Helper()
	time.Sleep(time.Minute)
	r := run.Run{ID: id, Pipeline: "p", State: run.Running, Execution: "x", StartedAt: time.Now()}
	if _, ok, err := w.runs.Create(t.Context(), r, &spec); !ok || err != nil {
		t.Fatal(ok, err)
	}
	if err := w.runs.PlanJobs(t.Context(), id, []run.Job{{Name: "a", State: run.JobSucceeded}}); err != nil {
		t.Fatal(err)
	}
	w.s3.Place("curated", "stores/run="+id+"/part-0.csv", []byte("id\n1\n"))
}

// remove deletes a file.
func (w *world) remove(t *testing.T, key string) {
	t.Helper()
	if _, err := w.s3.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: aws.String("curated"), Key: &key}); err != nil {
		t.Fatal(err)
	}
}

func (w *world) publish(t *testing.T, id string) error {
	t.Helper()
	_, err := w.publisher.Publish(t.Context(), publish.Input{RunID: id, Execution: "x"})
	return err
}

// published begins runs and publishes them in turn.
func (w *world) published(t *testing.T, ids ...string) {
	t.Helper()
	for _, id := range ids {
		w.begin(t, id)
		if err := w.publish(t, id); err != nil {
			t.Fatal(err)
		}
	}
}

// set makes the partition point elsewhere, as another client does.
func (w *world) set(t *testing.T, uri string) {
	t.Helper()
	_, err := w.glue.UpdatePartition(awsfake.Unobserved(t.Context()), &glue.UpdatePartitionInput{
		DatabaseName: aws.String(database), TableName: aws.String("stores"), PartitionValueList: []string{"today"},
		PartitionInput: &types.PartitionInput{Values: []string{"today"}, StorageDescriptor: &types.StorageDescriptor{Location: &uri}},
	})
	if err != nil {
		t.Fatal(err)
	}
}

// create adds the partition, as another client does.
func (w *world) create(ctx context.Context, uri string) error {
	_, err := w.glue.CreatePartition(awsfake.Unobserved(ctx), &glue.CreatePartitionInput{
		DatabaseName: aws.String(database), TableName: aws.String("stores"),
		PartitionInput: &types.PartitionInput{Values: []string{"today"}, StorageDescriptor: &types.StorageDescriptor{Location: &uri}},
	})
	return err
}

// seen is what readers see; "" = no partition.
func (w *world) seen(t *testing.T) string {
	t.Helper()
	out, err := w.glue.GetPartition(awsfake.Unobserved(t.Context()), &glue.GetPartitionInput{DatabaseName: aws.String(database), TableName: aws.String("stores"), PartitionValues: []string{"today"}})
	if _, missing := errors.AsType[*types.EntityNotFoundException](err); missing {
		return ""
	}
	if err != nil {
		t.Fatal(err)
	}
	return *out.Partition.StorageDescriptor.Location
}

// state is the state of the publication of a run; "" = none.
func (w *world) state(t *testing.T, id string) run.PublicationState {
	t.Helper()
	rec, err := w.runs.Load(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if rec.Run.Publication == nil {
		return ""
	}
	return rec.Run.Publication.State
}

// nameOf is the name of an error; "" = none.
func nameOf(err error) fault.Name {
	if err == nil {
		return ""
	}
	return fault.NameOf(err)
}
