package localemr_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/aws/aws-sdk-go-v2/service/emr/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"ephemr/internal/local/localemr"
)

// patience bounds every wait of the tests; it is never slept through.
const patience = 20 * time.Second

var (
	_ localemr.ObjectAPI = (*objects)(nil)
	_ localemr.EventAPI  = (*bus)(nil)
)

// objects is an S3 in memory, keyed by s3:// URI.
type objects struct {
	mu   sync.Mutex
	data map[string][]byte
}

func (o *objects) GetObject(_ context.Context, in *s3.GetObjectInput, _ ...func(*s3.Options)) (*s3.GetObjectOutput, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	b, ok := o.data["s3://"+*in.Bucket+"/"+*in.Key]
	if !ok {
		return nil, &s3types.NoSuchKey{Message: in.Key}
	}
	return &s3.GetObjectOutput{Body: io.NopCloser(bytes.NewReader(b))}, nil
}

func (o *objects) PutObject(_ context.Context, in *s3.PutObjectInput, _ ...func(*s3.Options)) (*s3.PutObjectOutput, error) {
	b, err := io.ReadAll(in.Body)
	if err != nil {
		return nil, err
	}
	o.put("s3://"+*in.Bucket+"/"+*in.Key, b)
	return &s3.PutObjectOutput{}, nil
}

func (o *objects) put(uri string, b []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.data[uri] = b
}

func (o *objects) has(uri string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	_, ok := o.data[uri]
	return ok
}

// unzip returns the text of a log.
func (o *objects) unzip(t *testing.T, uri string) string {
	t.Helper()
	o.mu.Lock()
	b, ok := o.data[uri]
	o.mu.Unlock()
	if !ok {
		t.Fatalf("%s is not in S3", uri)
	}
	r, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// event is what the bus received.
type event struct {
	source, detailType string
	detail             map[string]string
}

type bus struct {
	mu   sync.Mutex
	seen []event
}

func (b *bus) PutEvents(_ context.Context, in *eventbridge.PutEventsInput, _ ...func(*eventbridge.Options)) (*eventbridge.PutEventsOutput, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range in.Entries {
		detail := map[string]string{}
		if err := json.Unmarshal([]byte(*e.Detail), &detail); err != nil {
			return nil, err
		}
		b.seen = append(b.seen, event{source: *e.Source, detailType: *e.DetailType, detail: detail})
	}
	return &eventbridge.PutEventsOutput{}, nil
}

// states lists the states in the events of a type, in their order.
func (b *bus) states(detailType string) []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var states []string
	for _, e := range b.seen {
		if e.detailType == detailType {
			states = append(states, e.detail["state"])
		}
	}
	return states
}

func (b *bus) find(detailType, state string) (event, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	i := slices.IndexFunc(b.seen, func(e event) bool { return e.detailType == detailType && e.detail["state"] == state })
	if i < 0 {
		return event{}, false
	}
	return b.seen[i], true
}

// stand is a localemr under test with everything around it.
type stand struct {
	t      *testing.T
	cfg    localemr.Config
	server *localemr.Server
	http   *httptest.Server
	emr    *emr.Client
	s3     *objects
	bus    *bus
}

// begin starts a server; change may alter its configuration.
func begin(t *testing.T, change ...func(*localemr.Config)) *stand {
	t.Helper()
	st := &stand{t: t, s3: &objects{data: map[string][]byte{}}, bus: &bus{}}
	st.cfg = localemr.Config{
		Data: t.TempDir(), Environ: os.Environ(), Objects: st.s3, Events: st.bus,
		Settings: localemr.Settings{
			TerminateGrace: localemr.Duration(300 * time.Millisecond),
			IdleSecond:     localemr.Duration(time.Millisecond),
		},
		Logger: slog.New(slog.DiscardHandler),
	}
	for _, f := range change {
		f(&st.cfg)
	}
	st.open()
	t.Cleanup(st.close)
	return st
}

func (st *stand) open() {
	st.t.Helper()
	st.http = httptest.NewUnstartedServer(nil)
	st.cfg.URL = "http://" + st.http.Listener.Addr().String()
	server, err := localemr.New(st.cfg)
	if err != nil {
		st.t.Fatal(err)
	}
	st.server = server
	st.http.Config.Handler = server.Handler()
	st.http.Start()
	st.emr = emr.New(emr.Options{
		BaseEndpoint: &st.http.URL, Region: "us-east-1", Credentials: aws.AnonymousCredentials{}, Retryer: aws.NopRetryer{},
	})
}

func (st *stand) close() {
	st.http.Close()
	if err := st.server.Close(); err != nil {
		st.t.Errorf("close: %v", err)
	}
}

func faults(f ...localemr.Fault) func(*localemr.Config) {
	return func(c *localemr.Config) { c.Faults = f }
}

// request is a cluster of one instance that is kept alive.
func request(name string, steps ...types.StepConfig) *emr.RunJobFlowInput {
	return &emr.RunJobFlowInput{
		Name: &name, ReleaseLabel: new("emr-7.14.0"), LogUri: new("s3://logs/emr/"), Steps: steps,
		ServiceRole: new("service"), JobFlowRole: new("instances"),
		Instances: &types.JobFlowInstancesConfig{
			InstanceFleets: []types.InstanceFleetConfig{{
				InstanceFleetType: types.InstanceFleetTypeMaster, TargetOnDemandCapacity: new(int32(1)),
				InstanceTypeConfigs: []types.InstanceTypeConfig{{InstanceType: new("m5.xlarge")}},
			}},
			KeepJobFlowAliveWhenNoSteps: new(true),
		},
	}
}

// bash is a step that runs a line of shell.
func bash(name, script string) types.StepConfig {
	return types.StepConfig{
		Name: &name, ActionOnFailure: types.ActionOnFailureContinue,
		HadoopJarStep: &types.HadoopJarStepConfig{Jar: new("command-runner.jar"), Args: []string{"bash", "-c", script}},
	}
}

func (st *stand) run(in *emr.RunJobFlowInput) string {
	st.t.Helper()
	out, err := st.emr.RunJobFlow(st.t.Context(), in)
	if err != nil {
		st.t.Fatal(err)
	}
	return *out.JobFlowId
}

func (st *stand) add(id string, steps ...types.StepConfig) []string {
	st.t.Helper()
	out, err := st.emr.AddJobFlowSteps(st.t.Context(), &emr.AddJobFlowStepsInput{JobFlowId: &id, Steps: steps})
	if err != nil {
		st.t.Fatal(err)
	}
	return out.StepIds
}

func (st *stand) terminate(id string) {
	st.t.Helper()
	if _, err := st.emr.TerminateJobFlows(st.t.Context(), &emr.TerminateJobFlowsInput{JobFlowIds: []string{id}}); err != nil {
		st.t.Fatal(err)
	}
}

func (st *stand) cluster(id string) *types.Cluster {
	st.t.Helper()
	out, err := st.emr.DescribeCluster(st.t.Context(), &emr.DescribeClusterInput{ClusterId: &id})
	if err != nil {
		st.t.Fatal(err)
	}
	return out.Cluster
}

func (st *stand) step(cluster, id string) *types.Step {
	st.t.Helper()
	out, err := st.emr.DescribeStep(st.t.Context(), &emr.DescribeStepInput{ClusterId: &cluster, StepId: &id})
	if err != nil {
		st.t.Fatal(err)
	}
	return out.Step
}

// steps lists a cluster's steps, oldest first.
func (st *stand) steps(cluster string) []types.StepSummary {
	st.t.Helper()
	out, err := st.emr.ListSteps(st.t.Context(), &emr.ListStepsInput{ClusterId: &cluster})
	if err != nil {
		st.t.Fatal(err)
	}
	slices.Reverse(out.Steps)
	return out.Steps
}

func stepStates(steps []types.StepSummary) []types.StepState {
	states := make([]types.StepState, len(steps))
	for i, s := range steps {
		states[i] = s.Status.State
	}
	return states
}

// eventually polls until check is true.
func (st *stand) eventually(what string, check func() bool) {
	st.t.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !check() {
		select {
		case <-tick.C:
		case <-deadline:
			st.t.Fatalf("gave up waiting until %s", what)
		}
	}
}

func (st *stand) awaitCluster(id string, state types.ClusterState) *types.Cluster {
	st.t.Helper()
	var c *types.Cluster
	st.eventually("cluster is "+string(state), func() bool {
		c = st.cluster(id)
		return c.Status.State == state
	})
	return c
}

func (st *stand) awaitStep(cluster, id string, state types.StepState) *types.Step {
	st.t.Helper()
	var s *types.Step
	st.eventually("step is "+string(state), func() bool {
		s = st.step(cluster, id)
		return s.Status.State == state
	})
	return s
}

// awaitFile waits for a file that a step writes and returns its text.
func (st *stand) awaitFile(path string) string {
	st.t.Helper()
	var text string
	st.eventually(path+" is written", func() bool {
		b, err := os.ReadFile(path) //nolint:gosec // a file of this test
		text = strings.TrimSpace(string(b))
		return err == nil && text != ""
	})
	return text
}
