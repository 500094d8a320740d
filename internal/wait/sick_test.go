package wait_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/aws/smithy-go"

	"ephemr/internal/emr/emrapi"
	"ephemr/internal/job"
	"ephemr/internal/proof/simulation"
	"ephemr/internal/run"
	"ephemr/internal/stage"
)

// sick answers with a fault of the service.
type sick struct {
	emrapi.API

	cluster *atomic.Value // whose descriptions fail
	lists   *atomic.Bool  // fail
}

func unavailable() error {
	return &smithy.GenericAPIError{Code: "InternalServerError", Message: "try again", Fault: smithy.FaultServer}
}

func (s sick) DescribeCluster(ctx context.Context, in *emr.DescribeClusterInput, o ...func(*emr.Options)) (*emr.DescribeClusterOutput, error) {
	if *in.ClusterId == s.cluster.Load() {
		return nil, unavailable()
	}
	return s.API.DescribeCluster(ctx, in, o...)
}

func (s sick) ListClusters(ctx context.Context, in *emr.ListClustersInput, o ...func(*emr.Options)) (*emr.ListClustersOutput, error) {
	if s.lists.Load() {
		return nil, unavailable()
	}
	return s.API.ListClusters(ctx, in, o...)
}

// What EMR cannot say of one cluster, or of all in a list, delays no other run: without
// an event the tick ends the steps and enforces the deadline of both.
func TestEMRAnswersInPart(t *testing.T) {
	t.Parallel()
	for name, fails := range map[string]func(sick, string){
		"description of a cluster": func(s sick, id string) { s.cluster.Store(id) },
		"lists":                    func(s sick, _ string) { s.lists.Store(true) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := sick{cluster: &atomic.Value{}, lists: &atomic.Bool{}}
				w := simulation.New(simulation.Config{
					EventDelays: noEvents,
					Settings:    func(s *stage.Settings) { s.Limits.MaxActive, s.Limits.PipelineMaxActive = 3, 3 },
					EMR: func(_ string, api emrapi.API) emrapi.API {
						return sick{API: api, cluster: s.cluster, lists: s.lists}
					},
					Steps: func(a simulation.Attempt) simulation.Step {
						return simulation.Step{Takes: map[string]time.Duration{"a": time.Hour, "late": 10 * time.Hour}[a.Job]}
					},
				})
				defer w.Close()
				others(t, w, 0, 120) // more than a page: what is left is described
				w.Apply(one)
				w.Apply("pipeline: late\nlimits: {deadline: 90m}\ntriggers: [{s3: {bucket: raw, prefix: late/}}]\n" +
					"cluster: {profile: small}\njobs: [{name: late, type: bash, source: a}]")
				w.Upload("in/sick.csv", "in/well.csv", "late/a.csv")
				ids := w.RunIDs()
				time.Sleep(30 * time.Minute)
				fails(s, sickCluster(w, ids))
				time.Sleep(70 * time.Minute)
				for _, id := range ids {
					r := w.Record(id).Run
					if r.Trigger.Key == "in/well.csv" && r.State != run.Succeeded {
						t.Errorf("the other run is %s: %s", r.State, r.Reason)
					}
					if r.Trigger.Key == "late/a.csv" && r.Class != job.ClassTimeout {
						t.Errorf("the run past its deadline is %s: %s", r.State, r.Reason)
					}
				}
			})
		})
	}
}

func sickCluster(w *simulation.World, ids []string) string {
	for _, id := range ids {
		if rec := w.Record(id); rec.Run.Trigger.Key == "in/sick.csv" {
			return rec.Cluster().ID
		}
	}
	return ""
}
