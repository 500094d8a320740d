package statemachines_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/emr"

	"ephemr/events"
	"ephemr/internal/emr/emrapi"
	"ephemr/internal/emr/pool"
	"ephemr/internal/job"
	"ephemr/internal/proof/simulation"
)

// A run may name the cluster that it is to run on, and the reason says why it cannot.
func TestNamedCluster(t *testing.T) {
	t.Parallel()
	spec := func(cluster, more string) string {
		return `{"pipeline": "adhoc-x", ` + more + `"cluster": {"profile": "small", "id": "` + cluster + `"}, "jobs": [{"name": "a", "type": "bash", "source": "a", ` +
			`"package": {"key": "packages/` + strings.Repeat("ab", 32) + `.zip", "sha256": "` + strings.Repeat("ab", 32) + `", "size": 1}}]}`
	}
	for _, tt := range []struct {
		name   string
		change func(w *simulation.World, c *pool.Cluster)
		spec   func(id string) string
		reason string // "" = it succeeds
	}{
		{name: "warm"},
		{name: "unknown", spec: func(string) string { return spec("j-NOBODY", "") }, reason: "belongs to no pool of default in stage test"},
		{name: "another team's", change: func(_ *simulation.World, c *pool.Cluster) { c.Team = "etl" }, reason: "belongs to no pool of default in stage test"},
		{name: "of a team that one writes", spec: func(id string) string { return spec(id, `"team": "etl", `) }}, // who asks, decides
		{name: "full", change: func(_ *simulation.World, c *pool.Cluster) { c.Free, c.Leases = 0, map[string]int{"x.1": 4} }, reason: "has 0 of 4 steps free and the run needs 1"},
		{name: "draining", change: func(_ *simulation.World, c *pool.Cluster) { c.State = pool.Draining }, reason: "takes no more runs"},
		{name: "another profile", change: func(_ *simulation.World, c *pool.Cluster) { c.Profile = "large" }, reason: "was made from profile large, not small"},
		{name: "changed profile", change: func(_ *simulation.World, c *pool.Cluster) { c.Hash = "x" }, reason: "was made before profile small or the runner changed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			inWorld(t, simulation.Config{NoTicks: true}, func(t *testing.T, w *simulation.World) {
				w.Apply(pooled("p", nightly, ""))
				warm := succeeded(t, w, asks(t, w, "p")...)[0]
				if tt.change != nil {
					changed(t, w, warm, func(c *pool.Cluster) { tt.change(w, c) })
				}
				body := spec(warm, "")
				if tt.spec != nil {
					body = tt.spec(warm)
				}
				before := w.RunIDs()
				w.Request(events.Request{RequestID: "r", Pipeline: "adhoc-x", Spec: []byte(body)})
				synctest.Wait()
				ids := slices.DeleteFunc(w.RunIDs(), func(id string) bool { return slices.Contains(before, id) })
				rec := w.Wait(ids[0])
				class := job.ClassInvalid
				if tt.reason == "" {
					class = ""
					if c := rec.Cluster(); c.ID != warm || !c.Leased {
						t.Errorf("run was on %+v", c)
					}
				}
				if rec.Run.Class != class || !strings.Contains(rec.Run.Reason, tt.reason) || len(w.EMR.Clusters()) != 1 {
					t.Errorf("run is %s (%s): %s; want %q; %d clusters", rec.Run.State, rec.Run.Class, rec.Run.Reason, tt.reason, len(w.EMR.Clusters()))
				}
			})
		})
	}
}

// changed writes the record of a pool's cluster anew.
func changed(t *testing.T, w *simulation.World, id string, change func(*pool.Cluster)) {
	t.Helper()
	s := &pool.Store{DB: w.DB, Table: w.Settings.ClustersTable}
	c, err := s.Get(t.Context(), id)
	if err != nil || c == nil {
		t.Fatal(c, err)
	}
	change(c)
	it, err := attributevalue.MarshalMap(*c)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.DB.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: &w.Settings.ClustersTable, Item: it}); err != nil {
		t.Fatal(err)
	}
}

// beforeSteps calls do with the cluster before steps are added to it.
func beforeSteps(do func(clusterID string)) func(string, emrapi.API) emrapi.API {
	return func(_ string, api emrapi.API) emrapi.API { return meddled{api, do} }
}

type meddled struct {
	emrapi.API

	before func(clusterID string)
}

func (m meddled) AddJobFlowSteps(ctx context.Context, in *emr.AddJobFlowStepsInput, o ...func(*emr.Options)) (*emr.AddJobFlowStepsOutput, error) {
	m.before(*in.JobFlowId)
	return m.API.AddJobFlowSteps(ctx, in, o...)
}
