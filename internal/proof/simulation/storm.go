package simulation

import (
	"io"
	"sync"
	"time"

	"ephemr/internal/pipeline"
	"ephemr/internal/proof/awsfake"
	"ephemr/internal/stage"
)

// Storm is a World in which everything goes wrong that can, as its seed says.
type Storm struct {
	Seed uint64
	Runs int // how many are asked for
	// Break changes the World before it is made, to show that a mistake in the
	// functions would be found.
	Break func(*Config)
	// Kind of storm, one of Kinds; "" = as the seed says.
	Kind string
	// Instant plays the storm on the engine of package instant instead of EMR.
	Instant bool
	// NoSweep leaves sweep out.
	NoSweep bool
	// Log gets all calls and their fates; nil = not logged.
	Log io.Writer
}

// kind is a kind of storm.
type kind struct {
	name    string
	weather Weather
	// untimed leaves out the tick of watch, but no event is lost: a run
	// that registers first and checks afterwards needs no later check.
	untimed bool
	// poor has an account that may call EMR so rarely that everybody waits.
	poor bool
}

var kinds = []kind{
	{name: "fair", weather: Weather{EventTwice: 0.1, EventLate: 0.2}},
	{name: "crashes", weather: Weather{CrashBefore: 0.01, CrashAfter: 0.01, EventLost: 0.1, EventTwice: 0.1, EventLate: 0.2}},
	{name: "lost answers", weather: Weather{Lost: 0.02, Twice: 0.01, EventLost: 0.1, EventTwice: 0.1, EventLate: 0.2}},
	{name: "refusals", weather: Weather{Throttled: 0.03, Failed: 0.02, EventLost: 0.1}},
	{name: "slow", weather: Weather{Slow: 0.03, Lost: 0.005, EventLate: 0.5, EventTwice: 0.2}},
	{name: "all at once", weather: Weather{CrashBefore: 0.004, CrashAfter: 0.004, Lost: 0.004, Twice: 0.004, Throttled: 0.004, Failed: 0.004, Slow: 0.004, EventLost: 0.2, EventTwice: 0.2, EventLate: 0.3}},
	{name: "rough", weather: Weather{CrashBefore: 0.02, CrashAfter: 0.02, Lost: 0.02, Twice: 0.01, Throttled: 0.02, Failed: 0.02, Slow: 0.01, EventLost: 0.5, EventTwice: 0.2, EventLate: 0.3}},
	{name: "poor", poor: true, weather: Weather{CrashBefore: 0.003, CrashAfter: 0.003, Lost: 0.003, EventLost: 0.1, EventLate: 0.2}},
	{name: "untimed", untimed: true, weather: Weather{CrashBefore: 0.003, CrashAfter: 0.003, EventTwice: 0.2}},
}

func (s Storm) kind() kind {
	for _, k := range kinds {
		if k.name == s.Kind {
			return k
		}
	}
	return pick(roll(s.Seed, "kind"), kinds...)
}

// Kinds names the kinds of storms.
func Kinds() []string {
	var names []string
	for _, k := range kinds {
		names = append(names, k.name)
	}
	return names
}

// over is how long people ask for runs; clearing is how long the ticks and sweep
// have afterwards, without faults, to repair what is left.
const (
	over     = 90 * time.Minute
	clearing = 45 * time.Minute
)

// stuck is how long no run may change its state while some are not over. It is longer
// than a run may be under way: its deadline, and what it waits for objects and for
// decisions, do not add up to half of it. Runs of a pipeline whose limit is one follow
// each other, so how long all of them take is not limited.
const stuck = 24 * time.Hour

// Play lets a storm pass. It must be called within a bubble.
func (s Storm) Play() Report {
	k := s.kind()
	tale := newStory(s, over, k.untimed)
	var watch *checker
	d := roll(s.Seed, "world")
	config := s.config(k, d)
	config.Users = tale.users()
	config.Steps = func(a Attempt) Step {
		watch.started(a)
		if k.untimed { // so short that a check hardly comes before the end
			return stormStep(s.Seed, a, 50*time.Millisecond, 3*time.Second)
		}
		return stormStep(s.Seed, a, time.Second, 15*time.Minute)
	}
	if s.Break != nil {
		s.Break(&config)
	}
	w := New(config)
	defer w.Close()
	watch = newChecker(w, tale.specs)
	watch.quick = k.untimed
	c := &chaos{
		seed: s.Seed, weather: k.weather, calls: map[string]int{}, fates: map[fate]int{}, called: watch.called, done: watch.done,
		late: func(rest func()) { w.busy.Go(rest) }, log: s.Log,
	}
	watch.catalog()
	if k.untimed {
		c.spared = "watch"
	}
	for _, file := range tale.files {
		w.Apply(file)
	}
	w.breakCalls(c)
	if d.chance(0.5) {
		w.DB.DelayIndexes(s.Seed, d.between(10*time.Millisecond, 10*time.Second))
	}
	w.ticks(s.Seed, k.untimed, s.NoSweep)
	w.drought(d)
	w.fashion(d)
	watch.ask(roll(s.Seed, "why"))
	for _, a := range tale.actions {
		w.busy.Go(func() {
			if w.pause(a.at) {
				a.do(w)
			}
		})
	}
	began := time.Now()
	w.pause(over + 31*time.Minute)
	for !watch.over() && watch.idle() < stuck {
		w.pause(10 * time.Minute)
	}
	c.clear()
	w.pause(clearing)
	watch.end(tale)
	return watch.report(s, k, c, time.Since(began))
}

func (s Storm) config(k kind, d *dice) Config {
	events := roll(s.Seed, "events")
	var rolling sync.Mutex // the second engine's service sends events from timers
	config := Config{
		Seed: s.Seed, NoTicks: true, Instant: s.Instant,
		Starting: d.between(time.Second, 4*time.Minute), Bootstrapping: d.between(time.Second, 2*time.Minute),
		Terminating: d.between(10*time.Second, 3*time.Minute),
		EventDelays: func(string) []time.Duration {
			rolling.Lock()
			defer rolling.Unlock()
			return k.weather.delays(events)
		},
		BootstrapFails: func(name string) bool { return roll(s.Seed, "bootstrap", name).chance(0.05) },
		DiesAfter: func(name string) time.Duration {
			if dies := roll(s.Seed, "death", name); dies.chance(0.05) {
				return dies.between(time.Second, 15*time.Minute)
			}
			return 0
		},
		Plants: func(a Attempt) bool { return roll(s.Seed, "plant", a.RunID, a.Job, a.Number).chance(0.3) },
		Settings: func(l *stage.Settings) {
			l.Limits.MaxActive, l.Limits.TeamMaxActive = 4+d.below(8), 3+d.below(6)
			l.Limits.Teams = map[string]int{"etl": 2 + d.below(4)}
			l.Limits.Deadline = pipeline.Duration(2 * time.Hour)
			l.Limits.Pool = stage.Pool{
				KeepAlive: pipeline.Duration(10 * time.Minute), Life: pipeline.Duration(d.between(20*time.Minute, 2*time.Hour)), Steps: 1 + d.below(4),
			}
		},
	}
	config.Protects = func(name string) bool { return roll(s.Seed, "protection", name).chance(0.3) }
	if d.chance(0.3) && !k.untimed { // only the deadline shows that EC2 has no capacity
		delays := config.EventDelays
		config.EventDelays = func(detailType string) []time.Duration {
			if detailType == awsfake.FleetProvisioning {
				return nil
			}
			return delays(detailType)
		}
	}
	if k.untimed {
		config.Starting, config.Bootstrapping = d.between(100*time.Millisecond, 2*time.Second), -1
		config.calls(stage.Bucket{Burst: 10_000, PerSecond: 1000})
	}
	if k.poor {
		config.calls(stage.Bucket{Burst: 2 + d.below(3), PerSecond: 0.05 + 0.1*d.float()})
	}
	return config
}

// calls gives the account the same bucket for every EMR API.
func (c *Config) calls(each stage.Bucket) {
	settings := c.Settings
	c.Settings = func(s *stage.Settings) {
		settings(s)
		s.Limits.EMR = stage.Buckets{}
		for _, api := range []string{
			stage.AccountBucket, "RunJobFlow", "ListClusters", "DescribeCluster", "AddJobFlowSteps", "ListSteps", "CancelSteps", "TerminateJobFlows", "SetTerminationProtection",
			"ListInstanceFleets", "AddInstanceFleet", "ModifyInstanceFleet",
		} {
			s.Limits.EMR[api] = each
		}
		s.Limits.EMR[stage.AccountBucket] = stage.Bucket{Burst: 3 * each.Burst, PerSecond: 3 * each.PerSecond}
	}
}
