package profile_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ephemr/internal/pipeline"
	"ephemr/internal/profile"
)

const open = `{"release":"emr-7.14.0","applications":["Spark"],"primary":{"types":["m5.xlarge"],"onDemand":1},
	"core":{"types":["m5.xlarge"],"spot":2,"onDemand":1},"idleTimeout":"1h","maxUnits":10,"tags":{"team":"data"},
	"configurations":[{"classification":"spark-defaults","properties":{"a":"1","b":"2"}}],
	"overrides":{"primary":{"types":["m5.*"]},"core":{"types":["m5.*xlarge","r5.xlarge"],"units":{"min":1,"max":8}},
		"task":{"types":["m5.xlarge"]},"maxUnits":{"min":3,"max":20},"rootGiB":{"min":20,"max":60},
		"tags":["project","cost-*"],"configurations":{"spark-defaults":["b","spark.executor.*"],"hive-site":["*"]}}}`

func with(t *testing.T, text, overrides string) (profile.Profile, []string) {
	t.Helper()
	p, err := profile.Parse("p", text)
	if err != nil {
		t.Fatal(err)
	}
	var o *pipeline.Overrides
	if err := json.Unmarshal([]byte(overrides), &o); err != nil {
		t.Fatal(err)
	}
	got, refused := p.With(pipeline.Cluster{Profile: "etl", Overrides: o})
	var texts []string
	for _, r := range refused {
		texts = append(texts, r.String())
	}
	return got, texts
}

// Overrides change what they name, and nothing of the profile that other pipelines use.
func TestOverrides(t *testing.T) {
	t.Parallel()
	before, err := profile.Parse("p", open)
	if err != nil {
		t.Fatal(err)
	}
	want := before
	want.Overrides = nil
	want.Core = &profile.Fleet{Types: []string{"m5.4xlarge", "r5.xlarge"}, Spot: 5, OnDemand: 1}
	want.MaxUnits, want.RootGiB = 20, 60
	want.Tags = map[string]string{"team": "data", "project": "x", "cost-center": "7"}
	want.Configurations = []profile.Configuration{
		{Classification: "spark-defaults", Properties: map[string]string{"a": "1", "b": "3"}},
		{Classification: "hive-site", Properties: map[string]string{"hive.x": "y"}},
	}
	got, refused := with(t, open, `{"core":{"types":["m5.4xlarge","r5.xlarge"],"spot":5},"maxUnits":20,"rootGiB":60,
		"tags":{"project":"x","cost-center":"7"},"configurations":{"spark-defaults":{"b":"3"},"hive-site":{"hive.x":"y"}}}`)
	if len(refused) > 0 {
		t.Errorf("refused: %q", refused)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	again, _ := profile.Parse("p", open)
	before.With(pipeline.Cluster{Overrides: &pipeline.Overrides{Tags: map[string]string{"project": "x"}, Configurations: map[string]map[string]string{"spark-defaults": {"b": "9"}}}})
	if diff := cmp.Diff(again, before); diff != "" {
		t.Errorf("the profile was changed: -before +after:\n%s", diff)
	}
}

// The list of what may be changed is not part of a cluster: pools are not drained when it changes.
func TestOverridesAreNoPartOfAShape(t *testing.T) {
	t.Parallel()
	if got, _ := with(t, open, "null"); got.Overrides != nil {
		t.Errorf("%+v", got.Overrides)
	}
}

func TestOverridesAreRefused(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ profile, overrides, want string }{
		"none allowed":         {good, `{"maxUnits":4}`, "cluster.overrides: profile etl allows no overrides"},
		"type":                 {open, `{"core":{"types":["m5.xlarge","c5.xlarge"]}}`, "cluster.overrides.core.types: profile etl does not allow instance type c5.xlarge; it allows m5.*xlarge, r5.xlarge"},
		"too many units":       {open, `{"core":{"spot":8}}`, "cluster.overrides.core: the number of units is 9, and profile etl allows 1 to 8"},
		"too few units":        {open, `{"core":{"spot":0,"onDemand":0}}`, "cluster.overrides.core: the number of units is 0, and"},
		"units of the primary": {open, `{"primary":{"spot":1,"onDemand":0}}`, "cluster.overrides.primary: profile etl does not allow a change of the number of units"},
		"no such fleet":        {open, `{"task":{"spot":1}}`, "cluster.overrides.task: profile etl has no task fleet"},
		"fleet not listed":     {strings.Replace(open, `"core":{"types":["m5.*`, `"task":{"types":["m5.*`, 1), `{"core":{"spot":1}}`, "cluster.overrides.core: profile etl does not allow changes of the core fleet"},
		"maxUnits":             {open, `{"maxUnits":21}`, "cluster.overrides.maxUnits: maxUnits is 21, and profile etl allows 3 to 20"},
		"root volume":          {open, `{"rootGiB":15}`, "cluster.overrides.rootGiB: rootGiB is 15, and profile etl allows 20 to 60"},
		"tag":                  {open, `{"tags":{"team":"x"}}`, "cluster.overrides.tags.team: profile etl does not allow tag team; it allows project, cost-*"},
		"reserved tag":         {strings.Replace(open, `"project"`, `"*"`, 1), `{"tags":{"ephemr:pool":"x"}}`, "tags that begin with aws: or ephemr: are reserved"},
		"property":             {open, `{"configurations":{"spark-defaults":{"a":"x"}}}`, `cluster.overrides.configurations.spark-defaults.a: profile etl does not allow spark-defaults a; it allows b, spark.executor.*`},
		"classification":       {open, `{"configurations":{"core-site":{"a":"x"}}}`, "does not allow core-site a; it allows none"},
		"together":             {open, `{"core":{"spot":4,"onDemand":4},"maxUnits":5}`, "cluster.overrides: profile etl with these overrides: maxUnits 5 is less than the 8"},
		"architectures":        {strings.Replace(open, "m5.*xlarge", "*", 1), `{"core":{"types":["m7g.xlarge"]}}`, "profile etl with these overrides: the profile mixes architectures"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, refused := with(t, tt.profile, tt.overrides); len(refused) != 1 || !strings.Contains(refused[0], tt.want) {
				t.Errorf("%q, want %q", refused, tt.want)
			}
		})
	}
}

// Bounds that allow nothing are a mistake in the stage's file.
func TestAllowListsAreRefused(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ old, replace, want string }{
		"bounds":  {`"min":1,"max":8`, `"min":9,"max":8`, "overrides.core.units: min 9 and max 8 are not bounds"},
		"pattern": {`"m5.*xlarge"`, `"m5.["`, `overrides.core.types[0]: "m5.[" is not a pattern`},
		"root":    {`"maxUnits":10`, `"rootGiB":101`, "rootGiB 101 is not between 15 and 100"},
	} {
		if _, err := profile.Parse("p", strings.Replace(open, tt.old, tt.replace, 1)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %s", name, err, tt.want)
		}
	}
}
