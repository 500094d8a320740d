package pipeline_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ephemr/internal/pipeline"
)

// Which pool the runs of a pipeline use.
func TestPool(t *testing.T) {
	t.Parallel()
	for want, c := range map[string]pipeline.Cluster{
		"":       {Profile: "small"},
		"demo":   {Profile: "small", KeepAlive: pipeline.Duration(time.Hour)},
		"shared": {Profile: "small", Pool: "shared"},
		"both":   {Profile: "small", Pool: "both", KeepAlive: pipeline.Duration(time.Hour)},
	} {
		if got := (pipeline.Spec{Name: "demo", Cluster: c}).Pool(); got != want {
			t.Errorf("pool of %+v is %q, want %q", c, got, want)
		}
	}
}

// Only a request may name the cluster that its run is to use.
func TestNamedCluster(t *testing.T) {
	t.Parallel()
	const jobs = `, "jobs": [{"name": "a", "type": "bash", "source": "a"}]}`
	adhoc := []pipeline.Option{pipeline.AdHoc()}
	for _, tt := range []struct {
		name, cluster string
		opts          []pipeline.Option
		want          string
	}{
		{"in a request", `"id": "j-2AXXXXXXGAPLF"`, adhoc, ""},
		{"in a pipeline", `"id": "j-2AXXXXXXGAPLF"`, nil, "cluster.id: a pipeline cannot name a cluster, because clusters are short-lived; remove it, or use ephemr submit --cluster"},
		{"something else", `"id": "i-0123"`, adhoc, `cluster.id: invalid cluster id "i-0123" (example: j-2AXXXXXXGAPLF)`},
		{"with a pool", `"id": "j-2AXXXXXXGAPLF", "pool": "x"`, adhoc, "cluster.id: pool and keepAlive cannot be set for an existing cluster; remove them"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := pipeline.ParseJSON([]byte(`{"pipeline": "demo", "cluster": {"profile": "small", `+tt.cluster+`}`+jobs), tt.opts...)
			if diff := cmp.Diff(tt.want, text(err)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}
