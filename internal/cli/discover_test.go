package cli_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ephemr/internal/cli/clusters"
	"ephemr/internal/cli/exit"
	"ephemr/internal/discovery"
	"ephemr/internal/proof/awsfake"
)

// finder finds clusters of a pipeline, of two teams' pools with the same name,
// and of a pipeline with the name of a service.
func finder(t *testing.T) *discovery.Finder {
	t.Helper()
	f := awsfake.NewServiceDiscovery(map[string]string{"ns-1": "ephemr-dev"})
	d := &discovery.Directory{API: f, Namespace: "ns-1", Stage: "dev"}
	hive, trino := discovery.Ports([]string{"Spark", "Hive"}), discovery.Ports([]string{"Trino"})
	for _, i := range []discovery.Instance{
		{ClusterID: "j-1", Host: "ip-10-0-0-1.ec2.internal", RunID: "flights-1", Pipeline: "flights", Team: "data", Stage: "dev", Profile: "small", Release: "emr-7.14.0", Ports: hive},
		{ClusterID: "j-2", Host: "ip-10-0-0-2.ec2.internal", Pool: "nightly", Team: "data.etl", Stage: "dev", Profile: "small", Release: "emr-7.14.0", Ports: hive},
		{ClusterID: "j-3", Host: "ip-10-0-0-3.ec2.internal", RunID: "hive-1", Pipeline: "hive", Stage: "dev", Profile: "trino", Release: "emr-7.14.0", Ports: trino},
		{ClusterID: "j-4", Host: "ip-10-0-0-4.ec2.internal", Pool: "nightly", Team: "database", Stage: "dev", Profile: "small", Release: "emr-7.14.0", Ports: trino},
	} {
		if _, err := d.Register(t.Context(), i); err != nil {
			t.Fatal(err)
		}
	}
	return &discovery.Finder{API: f, Namespace: "ns-1"}
}

func TestDiscover(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		clusters.Wanted

		code int
	}{
		"all":      {clusters.Wanted{}, 0},
		"service":  {clusters.Wanted{What: "hive"}, 0}, // although a pipeline is called so
		"other":    {clusters.Wanted{What: "Spark"}, 0},
		"pipeline": {clusters.Wanted{What: "flights"}, 0},
		"pool":     {clusters.Wanted{What: "hive", Pipeline: "nightly"}, 0},
		"team":     {clusters.Wanted{Pipeline: "nightly", Team: "data"}, 0},
		"user":     {clusters.Wanted{What: "hive", Team: "data.etl"}, 0},
		"no-team":  {clusters.Wanted{What: "nightly", Team: "base"}, 1},
		"no-hive":  {clusters.Wanted{What: "hive", Pipeline: "nightly", Team: "database"}, 1},
		"nobody":   {clusters.Wanted{Team: "base"}, 1},
		"both":     {clusters.Wanted{Pipeline: "hive"}, 0},
		"unknown":  {clusters.Wanted{What: "weekly"}, 1},
		"lacking":  {clusters.Wanted{What: "livy"}, 1},
		"json":     {clusters.Wanted{What: "hive", JSON: true}, 0},
		"no-json":  {clusters.Wanted{What: "trino", Pipeline: "flights", JSON: true}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			if err := clusters.Discover(t.Context(), tt.Wanted, w.io, finder(t)); exit.CodeOf(err) != tt.code {
				t.Errorf("%v, want exit code %d", err, tt.code)
			}
			w.golden("discover-" + name)
		})
	}
}

func TestDiscoverJSON(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.no(clusters.Discover(t.Context(), clusters.Wanted{What: "hive", Pipeline: "flights", JSON: true}, w.io, finder(t)))
	var got []map[string]any
	w.no(json.Unmarshal([]byte(w.out.String()), &got))
	want := []map[string]any{{
		"clusterId": "j-1", "host": "ip-10-0-0-1.ec2.internal", "runId": "flights-1", "pipeline": "flights", "team": "data", "stage": "dev", "profile": "small", "release": "emr-7.14.0",
		"services": []any{map[string]any{
			"name": "hive", "port": 10000.0, "address": "ip-10-0-0-1.ec2.internal:10000", "url": "jdbc:hive2://ip-10-0-0-1.ec2.internal:10000",
		}},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// No ready cluster is an error only for a selection.
func TestDiscoverNothing(t *testing.T) {
	t.Parallel()
	f := &discovery.Finder{API: awsfake.NewServiceDiscovery(map[string]string{"ns-1": "ephemr-dev"}), Namespace: "ns-1"}
	w := newWorld(t)
	w.no(clusters.Discover(t.Context(), clusters.Wanted{}, w.io, f))
	if !strings.Contains(w.err.String(), "no cluster is ready") || w.out.String() != "" {
		t.Errorf("%s%s", w.out.String(), w.err.String())
	}
	if err := clusters.Discover(t.Context(), clusters.Wanted{What: "nope", Pipeline: "flights"}, w.io, f); exit.CodeOf(err) != exit.CodeUsage {
		t.Errorf("neither a service: %v", err)
	}
}
