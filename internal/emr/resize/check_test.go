package resize_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/emr/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"ephemr/internal/emr/resize"
	"ephemr/internal/fault"
	"ephemr/internal/pipeline"
	"ephemr/internal/profile"
	"ephemr/internal/run"
)

func primary() resize.Fleet {
	return resize.Fleet{ID: "if-p", Kind: run.Primary, State: "RUNNING", Types: []string{"m5.xlarge"}, Weight: 1, OnDemand: 1, HasOnDemand: 1}
}

func core(onDemand, spot int) resize.Fleet {
	return resize.Fleet{
		ID: "if-c", Kind: run.Core, State: "RUNNING", Types: []string{"m5.xlarge"}, Weight: 1,
		OnDemand: onDemand, Spot: spot, HasOnDemand: onDemand, HasSpot: spot, BuysSpot: spot > 0,
	}
}

func task(onDemand, spot int) resize.Fleet {
	f := core(onDemand, spot)
	f.ID, f.Kind = "if-t", run.Task
	return f
}

// ready is a cluster of two core units, bought as Spot.
func ready(fleets ...resize.Fleet) resize.Cluster {
	if len(fleets) == 0 {
		fleets = []resize.Fleet{core(0, 2)}
	}
	return resize.Cluster{
		ID: "j-1", Stage: "test", State: types.ClusterStateWaiting, Release: "emr-7.14.0", Steps: 1, Fleets: append([]resize.Fleet{primary()}, fleets...),
	}
}

func with(c resize.Cluster, change func(*resize.Cluster)) resize.Cluster {
	change(&c)
	return c
}

func units(n int) *resize.Size { return &resize.Size{Units: n} }

func bought(n, onDemand int) *resize.Size { return &resize.Size{Units: n, OnDemand: &onDemand} }

// What EMR would refuse, or undo, is refused before anything is done; each
// message says what is wrong and what can be done.
func TestRefusals(t *testing.T) {
	t.Parallel()
	scaled := func(low, high int) func(*resize.Cluster) {
		return func(c *resize.Cluster) {
			c.Limits = &resize.Limits{Min: low, Max: high, Unit: types.ComputeLimitsUnitTypeInstanceFleetUnits}
		}
	}
	bounds := func(low, high int) *resize.Bounds { return &resize.Bounds{Min: &low, Max: &high} }
	state := func(s types.ClusterState) func(*resize.Cluster) {
		return func(c *resize.Cluster) { c.State, c.Reason = s, "why" }
	}
	release := func(label string) func(*resize.Cluster) { return func(c *resize.Cluster) { c.Release = label } }
	for name, tt := range map[string]struct {
		ask     resize.Ask
		cluster resize.Cluster
		profile *profile.Profile
		wanted  int
		want    []string
	}{
		"nothing":                 {ask: resize.Ask{}, cluster: ready(), want: []string{"cluster j-1: nothing is asked for; say how many"}},
		"starts":                  {ask: resize.Ask{Core: units(3)}, cluster: with(ready(), state("STARTING")), want: []string{"is STARTING: EMR changes its size only when it is RUNNING or WAITING; try again"}},
		"bootstraps":              {ask: resize.Ask{Core: units(3)}, cluster: with(ready(), state("BOOTSTRAPPING")), want: []string{"is BOOTSTRAPPING"}},
		"terminates":              {ask: resize.Ask{Core: units(3)}, cluster: with(ready(), state("TERMINATING")), want: []string{"is TERMINATING (why): its size cannot be changed any more"}},
		"is gone":                 {ask: resize.Ask{Steps: new(2)}, cluster: with(ready(), state("TERMINATED_WITH_ERRORS")), want: []string{"is TERMINATED_WITH_ERRORS (why)"}},
		"no core left":            {ask: resize.Ask{Core: units(0)}, cluster: ready(), want: []string{"core: EMR keeps at least one core unit, which holds HDFS; ask for 1 or more"}},
		"negative":                {ask: resize.Ask{Core: units(-1), Task: units(-2)}, cluster: ready(), want: []string{"core: -1 units; ask for 0 or more", "task: -2 units; ask for 0 or more"}},
		"too much on demand":      {ask: resize.Ask{Core: bought(2, 3)}, cluster: ready(), want: []string{"core: 3 of 2 units on demand; ask for 0 to 2"}},
		"less than none":          {ask: resize.Ask{Task: bought(2, -1)}, cluster: ready(), want: []string{"task: -1 of 2 units on demand"}},
		"core without a fleet":    {ask: resize.Ask{Core: units(2)}, cluster: ready(resize.Fleet{Kind: "other"}), want: []string{"it has no core fleet, and EMR adds none to a cluster that runs; use a profile with core units"}},
		"task without core":       {ask: resize.Ask{Task: units(2)}, cluster: ready(resize.Fleet{Kind: "other"}), want: []string{"without one EMR gives a cluster no task units; use a profile"}},
		"reconfigured":            {ask: resize.Ask{Core: units(3)}, cluster: ready(func() resize.Fleet { f := core(1, 0); f.State = "RECONFIGURING"; return f }()), want: []string{"its core fleet is RECONFIGURING; try again when that is over"}},
		"a job wants more":        {ask: resize.Ask{Task: units(3)}, cluster: ready(core(1, 0), task(0, 4)), wanted: 4, want: []string{"task: jobs that run want 4 units until they end; ask for 4 or more, or wait"}},
		"min over max":            {ask: resize.Ask{Limits: bounds(5, 4)}, cluster: ready(), want: []string{"min 5 is more than max 4; give both"}},
		"only a min":              {ask: resize.Ask{Limits: &resize.Bounds{Min: new(2)}}, cluster: ready(), want: []string{"min 2 is more than max 0; give both"}},
		"only a max":              {ask: resize.Ask{Limits: &resize.Bounds{Max: new(2)}}, cluster: ready(), want: []string{"min is 0; the core fleet alone has at least one unit, so give a min of 1 or more"}},
		"a max below the min":     {ask: resize.Ask{Limits: &resize.Bounds{Max: new(1)}}, cluster: with(ready(), scaled(2, 4)), want: []string{"min 2 is more than max 1"}},
		"max core":                {ask: resize.Ask{Limits: &resize.Bounds{MaxCore: new(5)}}, cluster: with(ready(), scaled(2, 4)), want: []string{"max-core is 5; give 1 to 4, which is max"}},
		"max on demand":           {ask: resize.Ask{Limits: &resize.Bounds{MaxOnDemand: new(-1)}}, cluster: with(ready(), scaled(2, 4)), want: []string{"max-on-demand is -1; give 0 to 4, which is max"}},
		"old release":             {ask: resize.Ask{Limits: bounds(1, 4)}, cluster: with(ready(), release("emr-5.29.0")), want: []string{"release emr-5.29.0 has no managed scaling; it came with emr-5.30.0"}},
		"the release without":     {ask: resize.Ask{Limits: bounds(1, 4)}, cluster: with(ready(), release("emr-6.0.0")), want: []string{"emr-6.0.0 is without it"}},
		"scaling without core":    {ask: resize.Ask{Limits: bounds(1, 4)}, cluster: ready(resize.Fleet{Kind: "other"}), want: []string{"managed scaling needs a core fleet"}},
		"above the limits":        {ask: resize.Ask{Core: units(3), Task: units(2)}, cluster: with(ready(), scaled(2, 4)), want: []string{"that makes 5 core and task units, and EMR scales it between 2 and 4; stay within them, or give other limits"}},
		"below the limits":        {ask: resize.Ask{Core: units(1)}, cluster: with(ready(), scaled(2, 4)), want: []string{"that makes 1 core and task units"}},
		"outside of new limits":   {ask: resize.Ask{Core: units(5), Limits: bounds(1, 4)}, cluster: ready(), want: []string{"that makes 5 core and task units, and EMR scales it between 1 and 4"}},
		"more than the profile":   {ask: resize.Ask{Task: units(9)}, cluster: ready(), profile: &profile.Profile{MaxUnits: 10}, want: []string{"that makes 11 core and task units, but its profile allows 10 (maxUnits)"}},
		"max over the profile":    {ask: resize.Ask{Limits: bounds(1, 11)}, cluster: ready(), profile: &profile.Profile{MaxUnits: 10}, want: []string{"max is 11, but its profile allows 10 core and task units (maxUnits)"}},
		"no steps":                {ask: resize.Ask{Steps: new(0)}, cluster: ready(), want: []string{"0 steps side by side; EMR takes 1 to 256"}},
		"too many steps":          {ask: resize.Ask{Steps: new(257)}, cluster: ready(), want: []string{"257 steps side by side; EMR takes 1 to 256"}},
		"steps of an old release": {ask: resize.Ask{Steps: new(2)}, cluster: with(ready(), release("emr-5.27.1")), want: []string{"release emr-5.27.1 runs one step at a time; several came with emr-5.28.0"}},
		"more steps than memory":  {ask: resize.Ask{Steps: new(7)}, cluster: ready(), profile: &profile.Profile{Primary: profile.Fleet{Types: []string{"m5.xlarge"}}}, want: []string{"cluster j-1: 7 steps side by side need 18.2 GiB of memory on the primary"}},
		"steps of a pool":         {ask: resize.Ask{Steps: new(2)}, cluster: with(ready(), func(c *resize.Cluster) { c.Pool = "etl" }), want: []string{"it belongs to pool etl, whose steps are leased to runs"}},
		"everything at once": {
			ask: resize.Ask{Core: units(0), Task: bought(1, 2), Limits: bounds(3, 2), Steps: new(300)}, cluster: ready(),
			want: []string{"core: EMR keeps", "task: 2 of 1 units", "min 3 is more than max 2", "300 steps"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			plan, err := resize.Check(tt.ask, tt.cluster, tt.profile, tt.wanted)
			if fault.NameOf(err) != fault.InvalidInput || err == nil {
				t.Fatalf("got %v, plan %+v", err, plan)
			}
			for _, part := range tt.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("got %q, want %q", err, part)
				}
			}
			if n := strings.Count(err.Error(), "\n") + 1; n != len(tt.want) {
				t.Errorf("%d faults, want %d:\n%v", n, len(tt.want), err)
			}
			if d := cmp.Diff(resize.Plan{}, plan, cmpopts.IgnoreUnexported(resize.Fleet{})); d != "" {
				t.Errorf("something would be done: %s", d)
			}
		})
	}
}

// change is a Change in short.
type change struct {
	ID             string
	OnDemand, Spot int
}

func TestPlans(t *testing.T) {
	t.Parallel()
	suspended := func() resize.Fleet {
		f := core(0, 2)
		f.State, f.HasSpot = "SUSPENDED", 1
		return f
	}
	small := &profile.Profile{Task: &profile.Fleet{Types: []string{"r5.xlarge"}}, MaxUnits: 10}
	limits := func(low, high int) *resize.Limits {
		return &resize.Limits{Min: low, Max: high, Unit: types.ComputeLimitsUnitTypeInstanceFleetUnits}
	}
	for name, tt := range map[string]struct {
		ask     resize.Ask
		cluster resize.Cluster
		profile *profile.Profile
		want    []change
		limits  *resize.Limits
		steps   *int
	}{
		"more Spot":                   {ask: resize.Ask{Core: units(4)}, cluster: ready(), want: []change{{"if-c", 0, 4}}},
		"more on demand":              {ask: resize.Ask{Core: units(4)}, cluster: ready(core(2, 0)), want: []change{{"if-c", 4, 0}}},
		"of both more Spot":           {ask: resize.Ask{Core: units(4)}, cluster: ready(core(1, 1)), want: []change{{"if-c", 1, 3}}},
		"of both fewer Spot":          {ask: resize.Ask{Core: units(2)}, cluster: ready(core(1, 3)), want: []change{{"if-c", 1, 1}}},
		"as is said":                  {ask: resize.Ask{Core: bought(4, 3)}, cluster: ready(), want: []change{{"if-c", 3, 1}}},
		"the other way":               {ask: resize.Ask{Core: bought(2, 2)}, cluster: ready(), want: []change{{"if-c", 2, 0}}},
		"as it is":                    {ask: resize.Ask{Core: units(2)}, cluster: ready()},
		"as it is, but given up":      {ask: resize.Ask{Core: units(2)}, cluster: ready(suspended()), want: []change{{"if-c", 0, 2}}},
		"no task at all":              {ask: resize.Ask{Task: units(0)}, cluster: ready()},
		"a task fleet like core":      {ask: resize.Ask{Task: units(3)}, cluster: ready(), want: []change{{"", 0, 3}}},
		"a task fleet on demand":      {ask: resize.Ask{Task: units(3)}, cluster: ready(core(2, 0)), want: []change{{"", 3, 0}}},
		"up to the profile's limit":   {ask: resize.Ask{Task: units(8)}, cluster: ready(), profile: small, want: []change{{"", 0, 8}}},
		"no more task":                {ask: resize.Ask{Task: units(0)}, cluster: ready(core(1, 0), task(0, 3)), want: []change{{"if-t", 0, 0}}},
		"both":                        {ask: resize.Ask{Core: units(3), Task: units(1)}, cluster: ready(core(1, 0), task(0, 3)), want: []change{{"if-c", 3, 0}, {"if-t", 0, 1}}},
		"limits":                      {ask: resize.Ask{Limits: &resize.Bounds{Min: new(1), Max: new(6)}}, cluster: ready(), limits: limits(1, 6)},
		"the same limits":             {ask: resize.Ask{Limits: &resize.Bounds{Max: new(6)}}, cluster: with(ready(), func(c *resize.Cluster) { c.Limits = limits(1, 6) })},
		"another max":                 {ask: resize.Ask{Limits: &resize.Bounds{Max: new(8)}}, cluster: with(ready(), func(c *resize.Cluster) { c.Limits = limits(1, 6) }), limits: limits(1, 8)},
		"a size within new limits":    {ask: resize.Ask{Core: units(8), Limits: &resize.Bounds{Max: new(8)}}, cluster: with(ready(), func(c *resize.Cluster) { c.Limits = limits(1, 6) }), limits: limits(1, 8), want: []change{{"if-c", 0, 8}}},
		"less, though still too much": {ask: resize.Ask{Core: units(12)}, cluster: ready(core(0, 14)), profile: small, want: []change{{"if-c", 0, 12}}},
		"steps":                       {ask: resize.Ask{Steps: new(256)}, cluster: ready(), steps: new(256)},
		"the same steps":              {ask: resize.Ask{Steps: new(1)}, cluster: ready()},
		"any size under vCPU limits": {ask: resize.Ask{Core: units(50)}, cluster: with(ready(), func(c *resize.Cluster) {
			c.Limits = &resize.Limits{Min: 1, Max: 8, Unit: types.ComputeLimitsUnitTypeVcpu}
		}), want: []change{{"if-c", 0, 50}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			plan, err := resize.Check(tt.ask, tt.cluster, tt.profile, 0)
			if err != nil {
				t.Fatal(err)
			}
			var got []change
			for _, c := range plan.Fleets {
				got = append(got, change{c.Fleet.ID, c.OnDemand, c.Spot})
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Error(d)
			}
			if d := cmp.Diff(tt.limits, plan.Limits); d != "" {
				t.Error(d)
			}
			if d := cmp.Diff(tt.steps, plan.Steps); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestCheckJobs(t *testing.T) {
	t.Parallel()
	spec := pipeline.Spec{Cluster: pipeline.Cluster{Profile: "small"}, Jobs: []pipeline.Job{
		{Name: "plain"}, {Name: "some", Resize: &pipeline.Resize{Task: 4}}, {Name: "many", Resize: &pipeline.Resize{Task: 9}},
	}}
	two := &profile.Fleet{Types: []string{"m5.xlarge"}, Spot: 2}
	for name, tt := range map[string]struct {
		profile profile.Profile
		want    string
	}{
		"enough":   {profile.Profile{Core: two, MaxUnits: 11}, ""},
		"no limit": {profile.Profile{Core: two}, ""},
		"too many": {profile.Profile{Core: two, MaxUnits: 10}, "jobs[2].resize: 2 core and 9 task units are more than the 10 that profile small allows (maxUnits)"},
		"scaled by EMR": {
			profile.Profile{Core: two, Scaling: &profile.Scaling{Min: 2, Max: 6}},
			"jobs[1].resize: EMR scales clusters of profile small between 2 and 6 units, and would undo it; remove resize, or use another profile\n" +
				"jobs[2].resize: EMR scales clusters of profile small between 2 and 6 units, and would undo it; remove resize, or use another profile",
		},
		"no core": {
			profile.Profile{},
			"jobs[1].resize: profile small has no core units, and without any EMR gives a cluster no task units; use another profile\n" +
				"jobs[2].resize: profile small has no core units, and without any EMR gives a cluster no task units; use another profile",
		},
	} {
		err := resize.CheckJobs(spec, tt.profile)
		if (err == nil) != (tt.want == "") || err != nil && err.Error() != tt.want {
			t.Errorf("%s: %v, want %q", name, err, tt.want)
		}
	}
}
