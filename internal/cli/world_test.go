package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	lambdaevents "github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/google/go-cmp/cmp"

	"ephemr/internal/admission"
	"ephemr/internal/cli/terminal"
	"ephemr/internal/emr"
	"ephemr/internal/emr/cluster"
	"ephemr/internal/emr/steplog"
	"ephemr/internal/engine"
	"ephemr/internal/entry"
	"ephemr/internal/intake"
	"ephemr/internal/job"
	"ephemr/internal/ledger"
	"ephemr/internal/operation"
	"ephemr/internal/outbox"
	"ephemr/internal/pipeline"
	"ephemr/internal/proof/awsfake"
	"ephemr/internal/records"
	"ephemr/internal/register"
	"ephemr/internal/run/store"
	"ephemr/internal/stage"
	"ephemr/internal/view/follow"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// world is a stage with everything that commands depend on, including the real
// intake and register functions.
type world struct {
	t         *testing.T
	settings  stage.Settings
	runs      *store.Runs
	pipelines *register.Store
	db        *awsfake.DynamoDB
	s3        *awsfake.S3
	sqs       *awsfake.SQS
	ssm       *awsfake.SSM
	lambda    *awsfake.Lambda
	logs      *awsfake.Logs

	out, err buffer
	io       *terminal.IO
}

// caller is our identity, as STS and SQS report it.
const caller = "AIDAUSER"

const requests = "https://sqs.eu-west-1.amazonaws.com/000000000000/ephemr-dev-requests"

func newWorld(t *testing.T) *world {
	t.Helper()
	settings := stage.Settings{
		Stage: "dev", Account: "000000000000", Region: "eu-west-1",
		RunsTable: "runs", PipelinesTable: "pipelines", ClustersTable: "clusters", LedgerTable: "ledger",
		Lake: map[string]string{"raw": "lake-raw", "curated": "lake-curated"}, ArtifactsBucket: "artifacts", LogsBucket: "logs",
		RunLogGroup: "/ephemr/dev/runs", Topic: "arn:aws:sns:eu-west-1:000000000000:ephemr-dev", RequestsQueue: requests, RequestsDLQ: requests + "-dlq",
		Functions: stage.Functions{AdmitFunction: "admit", ControlFunction: "control", CalendarFunction: "calendar", RegisterFunction: "register"}, StateMachine: "arn:aws:states:eu-west-1:000000000000:stateMachine:run",
		Limits: stage.Limits{
			MaxActive: 4, PipelineMaxActive: 2, Deadline: pipeline.Duration(time.Hour), ClusterReady: pipeline.Duration(time.Minute),
			Pool: stage.Pool{KeepAlive: pipeline.Duration(15 * time.Minute), Life: pipeline.Duration(12 * time.Hour), Steps: 4},
		},
	}
	encoded, err := json.Marshal(settings)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{
		t: t, settings: settings,
		db: awsfake.NewDynamoDB(
			awsfake.Table{Name: "runs", PK: "pk", SK: "sk", Indexes: []awsfake.Index{
				{Name: store.ByState, PK: "gsState", SK: "gsOrder"}, {Name: store.ByPipeline, PK: "gpPipeline", SK: "gpOrder"},
			}},
			awsfake.Table{Name: "pipelines", PK: "pk", SK: "sk"},
			awsfake.Table{Name: "clusters", PK: "pk"},
			awsfake.Table{Name: "ledger", PK: "pk", SK: "sk", Indexes: []awsfake.Index{{Name: records.ByClosing, PK: records.ClosingName, SK: records.ClosingOrderName}}},
		),
		s3:  awsfake.NewS3("artifacts", "logs", "lake-raw"),
		sqs: awsfake.NewSQS(requests, requests+"-dlq"),
		ssm: awsfake.NewSSM(map[string]string{
			stage.ParameterName("dev"): string(encoded),
			stage.ProfileParameter("dev", "small"): `{"release": "emr-7.14.0", "applications": ["Spark"], "idleTimeout": "10m",
				"primary": {"types": ["m5.xlarge"], "onDemand": 1}, "core": {"types": ["m5.xlarge"], "spot": 2}, "maxUnits": 10}`,
			stage.ProfileParameter("dev", "alone"): `{"release": "emr-7.14.0", "applications": ["Spark"], "idleTimeout": "10m",
				"primary": {"types": ["m5.xlarge"], "onDemand": 1}}`,
		}),
		lambda: awsfake.NewLambda(), logs: awsfake.NewLogs(settings.RunLogGroup),
	}
	w.runs = &store.Runs{DB: w.db, Table: "runs"}
	w.pipelines = &register.Store{DB: w.db, Table: "pipelines"}
	w.io = &terminal.IO{Out: &w.out, Err: &w.err}
	profiles := &cluster.Profiles{API: w.ssm, Stage: settings.Stage}
	reg := &register.Register{Settings: settings, Engines: engine.Catalog{Default: emr.Capabilities}, Profiles: profiles, Store: w.pipelines}
	w.handle("register", func(ctx context.Context, payload json.RawMessage) (any, error) {
		return entry.Wrap(reg.Apply)(ctx, payload)
	})
	w.handle("admit", func(context.Context, json.RawMessage) (any, error) { return struct{}{}, nil })
	return w
}

func (w *world) handle(name string, h func(context.Context, json.RawMessage) (any, error)) {
	w.lambda.Register(name, func(ctx context.Context, payload json.RawMessage) (json.RawMessage, error) {
		out, err := h(ctx, payload)
		if err != nil {
			return nil, err
		}
		return json.Marshal(out)
	})
}

// controls serves operations.
func (w *world) controls(h operation.Handler) {
	w.handle("control", func(ctx context.Context, payload json.RawMessage) (any, error) {
		return entry.Wrap(h.Handle)(ctx, payload)
	})
}

func (w *world) follower() *follow.Follower {
	return &follow.Follower{
		Runs: w.runs, Logs: w.logs, Group: w.settings.RunLogGroup, Kept: 14 * 24 * time.Hour, Within: 10 * time.Second,
		Archive: &steplog.Archive{S3: w.s3, Bucket: "logs"},
	}
}

// deliver passes the messages of the requests queue to intake.
func (w *world) deliver() {
	w.t.Helper()
	k := &intake.Intake{
		Ledger:   &ledger.Store{DB: w.db, Table: w.settings.LedgerTable},
		Settings: w.settings, Engines: engine.Catalog{Default: emr.Capabilities}, Runs: w.runs, Pipelines: w.pipelines, Users: &intake.UserStore{Settings: w.settings, SSM: w.ssm}, SQS: w.sqs, Notices: &outbox.Store{DB: w.db, Table: w.settings.RunsTable},
		Admission: &admission.Requester{Gate: &admission.Gate{DB: w.db, Table: w.settings.ClustersTable}, Lambda: w.lambda, Function: w.settings.AdmitFunction},
	}
	for _, m := range w.sqs.Take(requests) {
		_, err := k.Handle(w.t.Context(), lambdaevents.SQSEvent{Records: []lambdaevents.SQSMessage{{
			MessageId: m.ID, Body: aws.ToString(m.MessageBody),
			EventSourceARN: "arn:aws:sqs:eu-west-1:000000000000:ephemr-dev-requests",
			Attributes:     map[string]string{"SentTimestamp": fmt.Sprint(time.Now().UnixMilli()), "SenderId": caller},
		}}})
		w.no(err)
	}
}

// print writes lines to a stream, a millisecond apart.
func (w *world) print(id, jobName string, attempt int, stream string, lines ...string) {
	w.t.Helper()
	name := job.Dir(id, jobName, attempt) + "/" + stream
	_, _ = w.logs.CreateLogStream(w.t.Context(), &cloudwatchlogs.CreateLogStreamInput{LogGroupName: &w.settings.RunLogGroup, LogStreamName: &name})
	for i, line := range lines {
		_, err := w.logs.PutLogEvents(w.t.Context(), &cloudwatchlogs.PutLogEventsInput{
			LogGroupName: &w.settings.RunLogGroup, LogStreamName: &name,
			LogEvents: []types.InputLogEvent{{Message: &line, Timestamp: aws.Int64(time.Now().UnixMilli() + int64(i))}},
		})
		w.no(err)
	}
}

func (w *world) no(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) did(ok bool, err error) {
	w.t.Helper()
	if !ok || err != nil {
		w.t.Fatalf("not completed: %v", err)
	}
}

// made fails the test unless a run was created.
func (w *world) made(_ string, ok bool, err error) {
	w.t.Helper()
	w.did(ok, err)
}

// golden compares the output, with known names replaced, with a file.
func (w *world) golden(name string, replace ...string) {
	w.t.Helper()
	text := "--- stdout\n" + w.out.String() + "--- stderr\n" + w.err.String()
	golden(w.t, name, strings.NewReplacer(replace...).Replace(text))
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name+".txt")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file) //nolint:gosec // of testdata
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s (-want +got), rewrite with -update:\n%s", file, d)
	}
}

// contains reports the parts that are missing in text.
func contains(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if !strings.Contains(text, p) {
			t.Errorf("no %q in:\n%s", p, text)
		}
	}
}

// buffer may be written to while it is read.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
