package resize_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/aws/aws-sdk-go-v2/service/emr/types"

	"ephemr/internal/emr/cluster"
	"ephemr/internal/emr/emrapi"
	"ephemr/internal/emr/resize"
	"ephemr/internal/job"
	"ephemr/internal/pipeline"
	"ephemr/internal/profile"
	"ephemr/internal/proof/awsfake"
	"ephemr/internal/run"
	"ephemr/internal/run/store"
	"ephemr/internal/stage"
)

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	os.Exit(m.Run())
}

// stand is a cluster that a run has, with everything around it.
type stand struct {
	t       *testing.T
	ctx     context.Context //nolint:containedctx // of the test
	emr     *awsfake.EMR
	db      *awsfake.DynamoDB
	runs    *store.Runs
	sizes   *resize.Sizes
	resizer *resize.Resizer
	fitter  *resize.TaskScaler
	id      string // of the cluster
}

const runID = "p-20260102T0304-0a1b2c3d"

func fleet(kind types.InstanceFleetType, onDemand, spot int) types.InstanceFleetConfig {
	return cluster.FleetConfig(kind, profile.Fleet{Types: []string{"m5.xlarge", "m5a.xlarge"}, OnDemand: onDemand, Spot: spot, DiskGiB: 64})
}

// begin makes a cluster of one primary and two core units, bought as Spot, and
// lets it get ready.
func begin(t *testing.T, p profile.Profile, change ...func(*emr.RunJobFlowInput)) *stand {
	t.Helper()
	settings := stage.Settings{Stage: "test", RunsTable: "runs", ClustersTable: "clusters"}
	shape, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	st := &stand{
		t: t, ctx: t.Context(), emr: awsfake.NewEMR(awsfake.EMRConfig{}),
		db: awsfake.NewDynamoDB(awsfake.Table{Name: "runs", PK: "pk", SK: "sk"}, awsfake.Table{Name: "clusters", PK: "pk"}),
	}
	st.runs = &store.Runs{DB: st.db, Table: "runs"}
	st.sizes = &resize.Sizes{DB: st.db, Table: "clusters"}
	profiles := awsfake.NewSSM(map[string]string{stage.ProfileParameter("test", "small"): string(shape)})
	api := emrapi.New(st.emr, st.db, settings)
	st.resizer = &resize.Resizer{Settings: settings, Runs: st.runs, Sizes: st.sizes, Profiles: profiles, EMR: api}
	st.fitter = &resize.TaskScaler{Stage: "test", Runs: st.runs, Sizes: st.sizes, Profiles: profiles, EMR: api}
	in := &emr.RunJobFlowInput{
		Name: new(run.ClusterName(runID, 1)), ReleaseLabel: new("emr-7.14.0"), Tags: []types.Tag{{Key: new(cluster.TagStage), Value: new("test")}},
		ServiceRole: new("service"), JobFlowRole: new("instances"),
		Instances: &types.JobFlowInstancesConfig{
			KeepJobFlowAliveWhenNoSteps: new(true),
			InstanceFleets:              []types.InstanceFleetConfig{fleet("MASTER", 1, 0), fleet("CORE", 0, 2)},
		},
	}
	for _, f := range change {
		f(in)
	}
	out, err := st.emr.RunJobFlow(st.ctx, in)
	if err != nil {
		t.Fatal(err)
	}
	st.id = *out.JobFlowId
	time.Sleep(10 * time.Minute)
	st.record()
	return st
}

// record writes what ephemr knows of the run and its cluster.
func (st *stand) record() {
	st.t.Helper()
	spec := pipeline.Spec{Name: "p", Cluster: pipeline.Cluster{Profile: "small"}, Jobs: []pipeline.Job{
		{Name: "plain", Type: job.Bash, Source: "a"}, {Name: "big", Type: job.Bash, Source: "b", Resize: &pipeline.Resize{Task: 4}},
	}}
	a := run.Cluster{
		Attempt: 1, Rungs: 1, Name: run.ClusterName(runID, 1), State: run.ClusterReady, Intent: "maker", ID: st.id, CreatedAt: time.Now(),
		Units: []run.Units{{Kind: run.Primary, Type: "m5.xlarge", Count: 1}, {Kind: run.Core, Type: "m5.xlarge", Count: 2}},
	}
	registry := &cluster.Registry{DB: st.db, Table: "clusters"}
	_, _, err := st.runs.Create(st.ctx, run.Run{ID: runID, Pipeline: "p", State: run.Running, RequestedAt: time.Now()}, &spec)
	if err == nil {
		_, err = st.runs.CreateClusterAttempt(st.ctx, runID, a)
	}
	if err == nil {
		err = registry.Put(st.ctx, cluster.Record{ID: st.id, RunID: runID, Attempt: 1, Name: a.Name, CreatedAt: a.CreatedAt, Deadline: time.Now().Add(time.Hour)})
	}
	if err != nil {
		st.t.Fatal(err)
	}
}

func (st *stand) rec() *run.Record {
	st.t.Helper()
	rec, err := st.runs.Load(st.ctx, runID)
	if err != nil {
		st.t.Fatal(err)
	}
	return rec
}

// has writes down the core and task fleets: provisioned and wanted, on demand
// and Spot, state.
func (st *stand) has() string {
	text := ""
	for _, f := range st.emr.Fleets(st.id) {
		if f.InstanceFleetType != types.InstanceFleetTypeMaster {
			text += fmt.Sprintf("%s %d+%d/%d+%d %s; ", f.InstanceFleetType, *f.ProvisionedOnDemandCapacity, *f.ProvisionedSpotCapacity,
				*f.TargetOnDemandCapacity, *f.TargetSpotCapacity, f.Status.State)
		}
	}
	return text
}

// calls counts the calls of EMR that change or look at sizes.
func (st *stand) calls() int {
	n := 0
	for op, times := range st.emr.AllCalls() {
		if op != "RunJobFlow" {
			n += times
		}
	}
	return n
}

func (st *stand) expect(what, got, want string) {
	st.t.Helper()
	if got != want {
		st.t.Errorf("%s: got %q, want %q", what, got, want)
	}
}

// small is a profile whose task fleet is there only when somebody wants one.
var small = profile.Profile{
	Release: "emr-7.14.0", IdleTimeout: pipeline.Duration(time.Hour), MaxUnits: 20,
	Primary: profile.Fleet{Types: []string{"m5.xlarge"}, OnDemand: 1},
	Core:    &profile.Fleet{Types: []string{"m5.xlarge", "m5a.xlarge"}, Spot: 2, DiskGiB: 64},
	Task:    &profile.Fleet{Types: []string{"r5.xlarge"}},
}

// bubble runs a test in virtual time.
func bubble(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, f)
}
