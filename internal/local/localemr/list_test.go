package localemr_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/aws/aws-sdk-go-v2/service/emr/types"
	"github.com/google/go-cmp/cmp"

	"ephemr/internal/local/localemr"
)

func TestListClustersPages(t *testing.T) {
	t.Parallel()
	st := begin(t, func(c *localemr.Config) { c.Settings.Provision = localemr.Duration(time.Hour) })
	var ids []string
	for i := range 120 {
		ids = append(ids, st.run(request(fmt.Sprint("c", i))))
	}
	slices.Reverse(ids)
	var got []string
	var sizes []int
	for p := emr.NewListClustersPaginator(st.emr, &emr.ListClustersInput{}); p.HasMorePages(); {
		page, err := p.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		sizes = append(sizes, len(page.Clusters))
		for _, c := range page.Clusters {
			got = append(got, *c.Id)
		}
	}
	if diff := cmp.Diff([]int{50, 50, 20}, sizes); diff != "" {
		t.Errorf("pages (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(ids, got); diff != "" {
		t.Errorf("newest first (-want +got):\n%s", diff)
	}
}

func TestListClustersFilters(t *testing.T) {
	t.Parallel()
	st := begin(t)
	gone := st.run(request("gone"))
	st.terminate(gone)
	st.awaitCluster(gone, types.ClusterStateTerminated)
	live := st.run(request("live"))
	st.awaitCluster(live, types.ClusterStateWaiting)
	for _, tt := range []struct {
		name string
		in   emr.ListClustersInput
		want []string
	}{
		{"all", emr.ListClustersInput{}, []string{live, gone}},
		{"waiting", emr.ListClustersInput{ClusterStates: []types.ClusterState{"WAITING"}}, []string{live}},
		{"created after now", emr.ListClustersInput{CreatedAfter: new(time.Now().Add(time.Minute))}, nil},
		{"created before now", emr.ListClustersInput{CreatedBefore: new(time.Now().Add(time.Minute))}, []string{live, gone}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			out, err := st.emr.ListClusters(t.Context(), &tt.in)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, c := range out.Clusters {
				got = append(got, *c.Id)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("clusters (-want +got):\n%s", diff)
			}
		})
	}
}

func TestListStepsPagesAndLimit(t *testing.T) {
	t.Parallel()
	st := begin(t, func(c *localemr.Config) { c.Settings.Provision = localemr.Duration(time.Hour) })
	var steps []types.StepConfig
	for i := range 256 {
		steps = append(steps, bash(fmt.Sprint("s", i), "true"))
	}
	id := st.run(request("full", steps...))
	_, err := st.emr.AddJobFlowSteps(t.Context(), &emr.AddJobFlowStepsInput{JobFlowId: &id, Steps: steps[:1]})
	wants(t, err, "ValidationException: Maximum number of active steps*")
	var names []string
	pages := 0
	for p := emr.NewListStepsPaginator(st.emr, &emr.ListStepsInput{ClusterId: &id}); p.HasMorePages(); pages++ {
		page, err := p.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range page.Steps {
			names = append(names, *s.Name)
		}
	}
	if pages != 6 || len(names) != 256 || names[0] != "s255" || names[255] != "s0" {
		t.Errorf("%d pages, %d steps, from %s to %s", pages, len(names), names[0], names[len(names)-1])
	}
}

func TestListStepsFilters(t *testing.T) {
	t.Parallel()
	st := begin(t)
	id := st.run(request("two", bash("good", "true"), bash("bad", "false")))
	st.awaitCluster(id, types.ClusterStateWaiting)
	all := st.steps(id)
	out, err := st.emr.ListSteps(t.Context(), &emr.ListStepsInput{ClusterId: &id, StepStates: []types.StepState{types.StepStateFailed}})
	if err != nil || len(out.Steps) != 1 || *out.Steps[0].Name != "bad" {
		t.Errorf("by state: %+v, %v", out, err)
	}
	out, err = st.emr.ListSteps(t.Context(), &emr.ListStepsInput{ClusterId: &id, StepIds: []string{*all[0].Id, *all[1].Id}})
	if err != nil || len(out.Steps) != 2 || *out.Steps[0].Name != "good" {
		t.Errorf("by id: %+v, %v", out, err)
	}
}
