package statemachines_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/go-cmp/cmp"

	"ephemr/internal/pipeline"
	"ephemr/internal/profile"
	"ephemr/internal/proof/simulation"
)

// open is a stage with a profile that pipelines may change.
func open() simulation.Config {
	return simulation.Config{Profiles: map[string]profile.Profile{"open": {
		Release: "emr-7.14.0", Applications: []string{"Spark"}, IdleTimeout: pipeline.Duration(3600e9), Primary: profile.Fleet{Types: []string{"m5.xlarge"}, OnDemand: 1},
		Core: &profile.Fleet{Types: []string{"m5.xlarge"}, OnDemand: 1},
		Overrides: &profile.Overrides{
			Core: &profile.FleetBounds{Types: []string{"r5.*"}, Units: &profile.Bounds{Min: 1, Max: 4}}, RootGiB: &profile.Bounds{Min: 15, Max: 50},
			Tags: []string{"project"}, Configurations: map[string][]string{"spark-defaults": {"spark.executor.*"}},
		},
	}}}
}

// Clusters are made with the overrides of the pipeline, and counted with the price of what they have.
func TestOverrides(t *testing.T) {
	t.Parallel()
	inWorld(t, open(), func(t *testing.T, w *simulation.World) {
		w.Apply(strings.NewReplacer("profile: small", `profile: open`).Replace(pooled("one",
			`overrides: {core: {types: [r5.xlarge], onDemand: 3}, rootGiB: 40, tags: {project: x}, configurations: {spark-defaults: {spark.executor.memory: 3g}}}`, "")))
		ids := asks(t, w, "one")
		succeeded(t, w, ids...)
		c := w.EMR.Clusters()[0]
		got := map[string]any{"root": aws.ToInt32(c.EbsRootVolumeSize), "memory": c.Configurations[0].Properties["spark.executor.memory"]}
		for _, tag := range c.Tags {
			if *tag.Key == "project" {
				got["project"] = *tag.Value
			}
		}
		for _, u := range w.Wait(ids[0]).Cluster().Units {
			got[u.Kind] = u.Type
			got[u.Kind+" count"] = u.Count
		}
		want := map[string]any{"root": int32(40), "memory": "3g", "project": "x", "primary": "m5.xlarge", "primary count": 1, "core": "r5.xlarge", "core count": 3}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
		clean(t, w)
	})
}

// Pipelines of one pool and profile, but with different overrides, share no cluster and do not drain each other's.
func TestOverridesInPools(t *testing.T) {
	t.Parallel()
	inWorld(t, open(), func(t *testing.T, w *simulation.World) {
		of := func(name, overrides string) string {
			return strings.Replace(pooled(name, nightly+overrides, ""), "small", "open", 1)
		}
		w.Apply(of("plain", ""))
		w.Apply(of("large", ", overrides: {core: {onDemand: 2}}"))
		w.Apply(of("too", ", overrides: {core: {onDemand: 2}}"))
		first := succeeded(t, w, append(asks(t, w, "plain"), asks(t, w, "large")...)...)
		again := succeeded(t, w, append(asks(t, w, "plain"), append(asks(t, w, "large"), asks(t, w, "too")...)...)...)
		if first[0] == first[1] {
			t.Errorf("both had cluster %s", first[0])
		}
		if diff := cmp.Diff([]string{first[0], first[1], first[1]}, again); diff != "" {
			t.Errorf("clusters of the second runs: -want +got:\n%s", diff)
		}
		clean(t, w)
	})
}
