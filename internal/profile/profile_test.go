package profile_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ephemr/internal/profile"
)

const good = `{"release":"emr-7.14.0","primary":{"types":["m5.xlarge"],"onDemand":1},
	"core":{"types":["m5.xlarge"],"spot":2,"onDemand":1},"subnets":["s-1"],"idleTimeout":"1h",
	"fallbacks":[{"types":["m6i.xlarge"]},{"onDemand":true,"subnets":["s-2"]}]}`

func TestRungs(t *testing.T) {
	t.Parallel()
	p, err := profile.Parse("p", good)
	if err != nil {
		t.Fatal(err)
	}
	if p.Rungs() != 3 {
		t.Errorf("%d rungs, want 3", p.Rungs())
	}
	type rung struct {
		Types          string
		OnDemand, Spot int
		Subnets        []string
	}
	var got []rung
	for n := range 5 { // beyond the last one it is the profile itself
		r := p.Rung(n)
		got = append(got, rung{r.Core.Types[0], r.Core.OnDemand, r.Core.Spot, r.Subnets})
	}
	want := []rung{
		{"m5.xlarge", 1, 2, []string{"s-1"}},
		{"m6i.xlarge", 1, 2, []string{"s-1"}},
		{"m5.xlarge", 3, 0, []string{"s-2"}},
		{"m5.xlarge", 1, 2, []string{"s-1"}},
		{"m5.xlarge", 1, 2, []string{"s-1"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if p.Core.Spot != 2 {
		t.Error("a rung changed the profile")
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ old, replace, want string }{
		"release":       {"emr-7.14.0", "7.14", `invalid release "7.14"`},
		"two primaries": {`"m5.xlarge"],"onDemand":1}`, `"m5.xlarge"],"onDemand":2}`, "exactly one unit, not 2"},
		"no types":      {`["m5.xlarge"],"spot"`, `[],"spot"`, "core needs 1 to 30"},
		"idle too soon": {`"1h"`, `"59s"`, "between 60s and 168h"},
		"idle too long": {`"1h"`, `"169h"`, "between 60s and 168h"},
		"concurrency":   {`"idleTimeout"`, `"stepConcurrency":257,"idleTimeout"`, "between 1 and 256"},
		"max units":     {`"idleTimeout"`, `"maxUnits":2,"idleTimeout"`, "maxUnits 2 is less than the 3 core and task units"},
		"not JSON":      {`{"release"`, `"release"`, "read profile p"},
	} {
		if _, err := profile.Parse("p", strings.Replace(good, tt.old, tt.replace, 1)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", name, err, tt.want)
		}
	}
}
