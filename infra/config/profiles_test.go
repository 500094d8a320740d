package config_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"ephemr/infra/config"
)

// A stage takes each of the profiles by one word. Parse checks them by the rules of EMR.
func TestReadyMadeProfiles(t *testing.T) {
	t.Parallel()
	c, err := config.Parse("company", "x.yaml", []byte(`
profiles:
  small: {like: small}
  etl:
    like: etl
    maxUnits: 60
    core: {types: [r7g.4xlarge], spot: 2}
  hive: {like: hive}
  notebook: {like: notebook}
  trino: {like: trino}
  delta: {like: delta}
  ice: {like: iceberg}
`))
	if err != nil {
		t.Fatal(err)
	}
	etl := c.Shapes["etl"]
	got := []any{etl.MaxUnits, etl.Core.Types, etl.Core.OnDemand, etl.Primary.Types[0], len(etl.Fallbacks), etl.Overrides != nil, string(c.Shapes["ice"].Tables[0])}
	want := []any{60, []string{"r7g.4xlarge"}, 0, "m7g.2xlarge", 2, true, "iceberg"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if diff := cmp.Diff([]string{"delta", "etl", "hive", "ice", "notebook", "small", "trino"}, c.ShapeNames()); diff != "" {
		t.Errorf("names: -want +got:\n%s", diff)
	}
}

// Mistakes in profiles are reported where they are written.
func TestProfilesAreRefused(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ profile, want string }{
		"unknown model":       {"{like: etll, maxUnits: 3}", `x.yaml:2:15: profiles.one.like: unknown profile "etll"; use one of delta, etl, hive, iceberg, notebook, small, trino`},
		"unknown application": {"{like: etl, applications: [Spark, Sparc]}", "x.yaml:2:42: profiles.one.applications[1]: release emr-7.14.0 does not have Sparc"},
		"too few units":       {"{like: etl, maxUnits: 2}", "x.yaml:2:20: profiles.one: maxUnits 2 is less than the 4 core and task units that a cluster begins with"},
		"architectures":       {"{like: etl, core: {types: [m5.xlarge], onDemand: 4}}", "x.yaml:2:3: profiles.one: the profile mixes architectures: m7g.2xlarge is arm64, m5.xlarge is x86_64; use types of one"},
		"bounds":              {"{like: etl, overrides: {core: {units: {min: 3, max: 2}}}}", "x.yaml:2:47: profiles.one: overrides.core.units: min 3 and max 2 are not bounds"},
		"unknown key":         {"{like: etl, overrides: {cores: {}}}", `x.yaml:2:32: unknown field "cores"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := config.Parse("company", "x.yaml", []byte("profiles:\n  one: "+tt.profile+"\n"))
			if err == nil || err.Error() != tt.want {
				t.Errorf("%v, want %s", err, tt.want)
			}
		})
	}
}
