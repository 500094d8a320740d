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
		"release":                         {"emr-7.14.0", "7.14", `invalid release "7.14"`},
		"two primaries":                   {`"m5.xlarge"],"onDemand":1}`, `"m5.xlarge"],"onDemand":2}`, "exactly one unit, not 2"},
		"no types":                        {`["m5.xlarge"],"spot"`, `[],"spot"`, "core needs 1 to 30"},
		"idle too soon":                   {`"1h"`, `"59s"`, "between 60s and 168h"},
		"idle too long":                   {`"1h"`, `"169h"`, "between 60s and 168h"},
		"concurrency":                     {`"idleTimeout"`, `"stepConcurrency":257,"idleTimeout"`, "between 1 and 256"},
		"max units":                       {`"idleTimeout"`, `"maxUnits":2,"idleTimeout"`, "maxUnits 2 is less than the 3 core and task units"},
		"two architectures in a list":     {`"core":{"types":["m5.xlarge"]`, `"core":{"types":["m5.xlarge","m7g.xlarge"]`, "the profile mixes architectures: m7g.xlarge is arm64, m5.xlarge is x86_64"},
		"two architectures in two fleets": {`"primary":{"types":["m5.xlarge"]`, `"primary":{"types":["r8g.16xlarge"]`, "the profile mixes architectures"},
		"two architectures in a fallback": {`["m6i.xlarge"]`, `["m6i.xlarge","c7gn.large"]`, "fallbacks[0] mixes architectures: c7gn.large is arm64, m6i.xlarge is x86_64"},
		"too many drivers":                {`"idleTimeout"`, `"stepConcurrency":7,"idleTimeout"`, "7 steps side by side need 18.2 GiB of memory on the primary, for drivers of 2.0 GiB: m5.xlarge has 16.0 GiB, m6i.xlarge has 16.0 GiB"},
		"too large drivers":               {`"idleTimeout"`, `"stepConcurrency":2,"configurations":[{"classification":"spark-defaults","properties":{"spark.driver.memory":"8G"}}],"idleTimeout"`, "2 steps side by side need 17.2 GiB"},
		"drivers without a size":          {`"idleTimeout"`, `"stepConcurrency":2,"configurations":[{"classification":"spark-defaults","properties":{"spark.driver.memory":"lots"}}],"idleTimeout"`, `spark.driver.memory "lots" is not a size like 4g`},
		"scaling, no application":         {`"idleTimeout"`, `"scaling":{"min":1,"max":9},"idleTimeout"`, "scaling: EMR scales applications on YARN only"},
		"scaling from none":               {`"idleTimeout"`, `"applications":["Spark"],"scaling":{"min":0,"max":9},"idleTimeout"`, "scaling.min 0 must be at least 1"},
		"scaling backwards":               {`"idleTimeout"`, `"applications":["Spark"],"scaling":{"min":4,"max":3},"idleTimeout"`, "scaling.max 3 is less than min 4"},
		"scaling below its start":         {`"idleTimeout"`, `"applications":["Spark"],"scaling":{"min":1,"max":2},"idleTimeout"`, "scaling.max 2 is less than the 3 core and task units"},
		"scaling, core":                   {`"idleTimeout"`, `"applications":["Spark"],"scaling":{"min":1,"max":9,"maxCore":10},"idleTimeout"`, "scaling.maxCore 10 is not between 1 and max 9"},
		"scaling, fewer core":             {`"idleTimeout"`, `"applications":["Spark"],"scaling":{"min":1,"max":9,"maxCore":2},"idleTimeout"`, "scaling.maxCore 2 is less than the 3 core units"},
		"scaling, on demand":              {`"idleTimeout"`, `"applications":["Spark"],"scaling":{"min":1,"max":9,"maxOnDemand":-1},"idleTimeout"`, "scaling.maxOnDemand -1 is not between 0 and max 9"},
		"scaling above maxUnits":          {`"idleTimeout"`, `"applications":["Spark"],"maxUnits":8,"scaling":{"min":1,"max":9},"idleTimeout"`, "scaling.max 9 is more than maxUnits 8"},
		"scaling, old release":            {`"release":"emr-7.14.0"`, `"release":"emr-6.0.0","scaling":{"min":1,"max":9}`, "scaling: release emr-6.0.0 has no managed scaling"},
		"no image":                        {`"idleTimeout"`, `"image":"ami-1","idleTimeout"`, `image "ami-1" is not the id of an AMI`},
		"image and architecture":          {`"fallbacks":[`, `"image":"ami-0123456789abcdef0","fallbacks":[{"types":["m7g.xlarge"]},`, "image: ami-0123456789abcdef0 has one architecture, but m5.xlarge is x86_64 and m7g.xlarge of fallbacks[0] is arm64"},
		"no checksum":                     {`"idleTimeout"`, `"bootstrap":[{"name":"a","path":"s3://b/a.sh","sha256":"12"}],"idleTimeout"`, `bootstrap[0].sha256 "12" is not a checksum`},
		"checksum elsewhere":              {`"idleTimeout"`, `"bootstrap":[{"name":"a","path":"/bin/true","sha256":"` + strings.Repeat("0", 64) + `"}],"idleTimeout"`, "bootstrap[0].sha256: only files in S3 are verified"},
		"not JSON":                        {`{"release"`, `"release"`, "read profile p"},
	} {
		if _, err := profile.Parse("p", strings.Replace(good, tt.old, tt.replace, 1)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", name, err, tt.want)
		}
	}
}

// What fits is valid: the same types as before, sizes and families that are not
// known, one step at a time, and drivers that fit beside each other.
func TestValid(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ old, replace string }{
		"as it is":             {"", ""},
		"an unknown family":    {`"core":{"types":["m5.xlarge"]`, `"core":{"types":["m5.xlarge","x99g.huge"]`},
		"another architecture": {`["m6i.xlarge"]`, `["m7g.xlarge","r8gd.12xlarge"]`},
		"six drivers":          {`"idleTimeout"`, `"stepConcurrency":6,"idleTimeout"`},
		"small drivers":        {`"idleTimeout"`, `"stepConcurrency":14,"configurations":[{"classification":"spark-defaults","properties":{"spark.driver.memory":"512m"}}],"idleTimeout"`},
		"one large driver":     {`"idleTimeout"`, `"stepConcurrency":1,"configurations":[{"classification":"spark-defaults","properties":{"spark.driver.memory":"64g"}}],"idleTimeout"`},
	} {
		if _, err := profile.Parse("p", strings.Replace(good, tt.old, tt.replace, 1)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What runs side by side must fit the smallest primary of the profile and its fallbacks.
func TestMostSteps(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		types  []string
		driver string
		want   int
	}{
		"16 GiB":               {[]string{"m5.xlarge"}, "", 6},
		"the smaller of two":   {[]string{"m5.4xlarge", "m5.xlarge"}, "", 6},
		"small drivers":        {[]string{"m5.xlarge"}, "512m", 14},
		"not even one":         {[]string{"m5.xlarge"}, "64g", 1},
		"an unknown type":      {[]string{"z99.xlarge"}, "", 256},
		"more than EMR allows": {[]string{"x1e.32xlarge"}, "", 256},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := profile.Profile{Primary: profile.Fleet{Types: tt.types, OnDemand: 1}}
			if tt.driver != "" {
				p.Configurations = []profile.Configuration{{Classification: "spark-defaults", Properties: map[string]string{"spark.driver.memory": tt.driver}}}
			}
			got := p.MostSteps()
			if got != tt.want {
				t.Errorf("%d, want %d", got, tt.want)
			}
			if got > 1 && p.Holds(got) != nil || got < 256 && p.Holds(got+1) == nil {
				t.Errorf("Holds disagrees: %v, %v", p.Holds(got), p.Holds(got+1))
			}
		})
	}
}
