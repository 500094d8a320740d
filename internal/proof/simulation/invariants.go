package simulation

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	emrtypes "github.com/aws/aws-sdk-go-v2/service/emr/types"

	"ephemr/internal/emr/pool"
	"ephemr/internal/pipeline"
	"ephemr/internal/proof/awsfake"
	"ephemr/internal/run"
	"ephemr/internal/stage"
	"ephemr/internal/why"
)

// Invariant names what must hold whatever fails.
type Invariant string

// The invariants, each with what it says.
const (
	OneOutcome    Invariant = "one outcome"    // a run changes state only forward; an outcome stays, unless the run is retried
	OneRun        Invariant = "one run"        // whatever is asked for, however often, is one run
	OneCluster    Invariant = "one cluster"    // an attempt to get a cluster makes one at most, and a run has one at a time until it is retried
	OneStep       Invariant = "one step"       // an attempt of a job is carried by one step at most
	RightOrder    Invariant = "right order"    // a step starts when the jobs that its job needs have succeeded or, as its condition says, failed or ended
	NotEarly      Invariant = "not early"      // an attempt that is delayed starts when it is due
	Approved      Invariant = "approved"       // a job that waits for a person starts when it was approved, and is decided on once
	Objects       Invariant = "objects"        // a run that waits for objects has no cluster before they exist
	Condition     Invariant = "condition"      // no step starts whose condition on the run is false, and no cluster for a run that needs no job
	CleanUp       Invariant = "clean-up"       // where jobs end by themselves, each that runs always has run once, and those for failures if there is one
	Slots         Invariant = "slots"          // no scope has more runs than its limit, and a run under way has its slots
	Budget        Invariant = "call budget"    // no EMR API is called more often than its bucket allows
	Noticed       Invariant = "noticed"        // where clusters and steps take seconds and no event is lost, no run waits for minutes
	TrueSuccess   Invariant = "true success"   // a job that counts as succeeded was carried by a step that completed
	EndedStep     Invariant = "ended step"     // no result counts before the step of its attempt has ended
	OwnResult     Invariant = "own result"     // nothing that another run or attempt left counts for a job
	Ends          Invariant = "ends"           // every run that was accepted ends, and every outcome is announced
	NextFallback  Invariant = "next fallback"  // a cluster that gets no instances is given up when there is a fallback
	Leases        Invariant = "leases"         // a pool's cluster has no more steps leased than it runs, by runs of its team that keep to them, and a lease ends with its run
	Instances     Invariant = "instances"      // a run with a user is on instances that may assume its role, and no other run is
	NoRunner      Invariant = "no runner"      // no runner of a lease that has ended is at work on a cluster that can be leased
	NoApplication Invariant = "no application" // nor is a YARN application of it
	RightSize     Invariant = "right size"     // a pool's cluster without a lease has no task units that jobs requested
	OnTime        Invariant = "on time"        // after its deadline, or a request to cancel it, a run gets neither a cluster nor a step but of jobs that clean up, and those in time
	NoPanic       Invariant = "no panic"       // no function panics
	OwnWrite      Invariant = "own write"      // no invocation takes its own claim for another's
	Starts        Invariant = "starts"         // no run waits for long while all its limits have room
	EveryObject   Invariant = "every object"   // every version of an object that a trigger with batches matches is in one run, and a batch has the run
	Dates         Invariant = "dates"          // every planned time of a schedule is one run or skipped by a rule, and one that depends on the past starts after it
	Follows       Invariant = "follows"        // every success has the runs that wait for it, once, and none starts before
	Lineage       Invariant = "lineage"        // every execution and attempt that has started has one START event and, when its run has ended, one end of the right type
	Statistics    Invariant = "statistics"     // each dataset that a successful run has written has one record of it
	Explained     Invariant = "explained"      // at every moment that is looked at, ephemr why says of each run what is the case
	Published     Invariant = "published"      // a run that succeeds has published once, or was superseded, one that does not never, and a partition points at the newest
	Reported      Invariant = "reported"       // every run that failed is in exactly one notice, or in what the next one will say
	NothingLeft   Invariant = "nothing left"   // when all runs are over there is no cluster, waiter, slot or execution left
)

// Violation is an invariant that did not hold.
type Violation struct {
	Invariant Invariant
	What      string
	At        time.Duration // since the beginning
}

func (v Violation) String() string {
	return fmt.Sprintf("%s after %s: %s", v.Invariant, v.At.Round(time.Millisecond), v.What)
}

// checker watches every write and every call.
type checker struct {
	w     *World
	specs map[string]*pipeline.Spec
	begin time.Time
	quick bool // clusters and steps take seconds, no event is lost

	mu      sync.Mutex
	broken  []Violation
	states  map[string]run.State               // by run
	moved   time.Time                          // when one of them changed last
	jobs    map[string]map[string]run.JobState // by run and job
	decided map[string]string                  // run and job -> the decision, and on which question
	due     map[string]time.Time               // run and job -> when its next attempt is
	failed  map[string]int                     // pipeline -> how often a run of it failed or was cancelled
	kinds   map[string]string                  // run -> kind of its trigger
	logical map[string]string                  // run -> its logical time
	of      map[string]string                  // run -> pipeline
	ends    map[string]time.Time               // run -> its deadline, or when it was to be cancelled
	cleans  map[string]time.Time               // run -> until when it cleans up
	claims  map[string]string                  // record -> invocation that has claimed it
	holders []string                           // of slots of the stage, by the names of their executions
	held    map[string]int                     // scope of slots -> how many are taken
	room    map[string]time.Time               // scope of slots -> when it last had none left
	waiting map[string]time.Time               // run -> when it was queued
	past    map[string]string                  // run -> the run that must succeed before
	lives   map[string]int                     // run -> how often it was restarted
	made    map[string]int                     // cluster -> in which life of its run it was made
	carried map[string]string                  // run and attempt -> step
	full    map[string]time.Time               // bucket -> when it will be full again
	pools   map[string]pool.Cluster            // clusters of pools, by id
	tries   map[string]try                     // by run
	warm    int                                // leases of clusters that were there already
	resized int                                // calls that have changed a cluster's size
	why     map[why.Cause]int                  // how often runs had a cause
	pointed map[string][]string                // partition -> the locations that it has had
	lineage map[string]lineageOf               // by the id of its events
}

func newChecker(w *World, specs map[string]*pipeline.Spec) *checker {
	c := &checker{
		w: w, specs: specs, begin: time.Now(), moved: time.Now(), states: map[string]run.State{}, jobs: map[string]map[string]run.JobState{},
		of: map[string]string{}, due: map[string]time.Time{}, decided: map[string]string{}, failed: map[string]int{}, kinds: map[string]string{}, logical: map[string]string{}, lives: map[string]int{}, made: map[string]int{}, carried: map[string]string{}, full: map[string]time.Time{},
		pools: map[string]pool.Cluster{}, ends: map[string]time.Time{}, cleans: map[string]time.Time{}, claims: map[string]string{}, tries: map[string]try{},
		held: map[string]int{}, room: map[string]time.Time{}, waiting: map[string]time.Time{}, past: map[string]string{}, why: map[why.Cause]int{}, pointed: map[string][]string{}, lineage: map[string]lineageOf{},
	}
	w.ended = c.returned
	w.DB.OnWrite(c.write)
	return c
}

const manyViolations = 20

// fail records a violation. The caller holds the lock.
func (c *checker) fail(i Invariant, format string, args ...any) {
	if len(c.broken) < manyViolations {
		c.broken = append(c.broken, Violation{i, fmt.Sprintf(format, args...), time.Since(c.begin)})
	}
}

// write checks a change of an item.
func (c *checker) write(table string, old, now awsfake.Item) {
	var extra int
	var profile string
	var state emrtypes.ClusterState
	if strings.HasPrefix(text(now["sk"]), "CLUSTER#") && text(now["state"]) == string(run.ClusterFailed) {
		state = c.stateOf(text(now["clusterId"]))
	}
	early := c.early(old, now)
	if table == c.w.Settings.ClustersTable && now["leases"] != nil {
		extra, profile = c.taskUnits(text(now["pk"])), c.profileOf(text(now["pk"]))
		c.given(old, now)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	key := now
	if key == nil {
		key = old
	}
	pk, sk := text(key["pk"]), text(key["sk"])
	if early != "" {
		c.fail(EndedStep, "%s of run %s is %s while its step is %s", sk, pk, text(now["state"]), early)
	}
	if table == c.w.Settings.ClustersTable {
		c.cluster(pk, now, extra)
		c.ofKind(pk, profile, c.pools[pk].Leases)
		return
	}
	if table == c.w.Settings.RunsTable {
		c.record(pk, sk, old, now, state)
	}
}

// record checks a change of a run's item; state is that of the cluster that a
// failed attempt had.
func (c *checker) record(pk, sk string, old, now awsfake.Item, state emrtypes.ClusterState) {
	if by := text(now["intent"]); by != "" {
		c.claims[pk+" "+sk] = by
	}
	switch {
	case sk == "RUN":
		c.run(pk, old, now)
		c.runLineage(pk, now)
	case strings.HasPrefix(sk, "JOB#"):
		c.job(pk, strings.TrimPrefix(sk, "JOB#"), now)
		c.jobLineage(pk, strings.TrimPrefix(sk, "JOB#"), old, now)
	case strings.HasPrefix(sk, "CLUSTER#") && now != nil:
		c.attempt(pk, now, state)
	case sk == "WAIT":
		c.waiter(pk, old)
	}
}

// cluster checks a change in the Clusters table. The cluster has so many task units.
func (c *checker) cluster(pk string, now awsfake.Item, extra int) {
	if scope, ok := strings.CutPrefix(pk, "SLOTS#"); ok {
		c.slots(scope, now)
	} else if now["leases"] != nil {
		c.leases(pk, now)
		c.size(pk, extra)
	}
}

// soon is when a waiter is answered at the latest in a quick world.
const soon = 5 * time.Minute

func (c *checker) waiter(id string, old awsfake.Item) {
	kind := text(old["kind"])
	since, err := time.Parse(time.RFC3339Nano, text(old["since"]))
	if t := c.tries[id]; kind == run.ForCluster && t.last && t.short {
		return // until EC2 has instances again
	}
	if c.quick && err == nil && kind != run.ForAdmission && time.Since(since) > soon {
		c.fail(Noticed, "run %s waited for its %s for %s", id, kind, time.Since(since).Round(time.Second))
	}
}

func (c *checker) slots(scope string, now awsfake.Item) {
	var ids []string
	if set, ok := now["runs"].(*types.AttributeValueMemberSS); ok {
		ids = set.Value
	}
	most := c.limit(scope)
	if len(ids) > most {
		c.fail(Slots, "%d runs in %s, which has room for %d", len(ids), scope, most)
	}
	if c.held[scope] >= most {
		c.room[scope] = time.Now()
	}
	c.held[scope] = len(ids)
	if scope != "stage" {
		return
	}
	for _, holder := range c.holders {
		id, life := run.OfExecution(holder)
		if s := c.states[id]; !slices.Contains(ids, holder) && life == c.lives[id] && (s == run.Admitted || s == run.Running) {
			c.fail(Slots, "the slot of run %s was given away while it is %s", id, s)
		}
	}
	c.holders = ids
}

func (c *checker) limit(scope string) int {
	limits := c.w.Settings.Limits
	if team, ok := strings.CutPrefix(scope, "team#"); ok {
		return limits.OfTeam(team)
	}
	if strings.HasPrefix(scope, "backfill#") || strings.HasPrefix(scope, "value#") {
		return parallel
	}
	if name, ok := strings.CutPrefix(scope, "pipeline#"); ok {
		if spec := c.specs[name]; spec != nil && spec.Limits.MaxActive > 0 {
			return spec.Limits.MaxActive
		}
		return limits.PipelineMaxActive
	}
	return limits.MaxActive
}

// called counts a call of EMR against its buckets. One more than the burst is let
// pass: a token is taken some milliseconds before the call goes out.
func (c *checker) called(op string) {
	api, ok := strings.CutPrefix(op, "EMR:")
	if !ok {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, name := range []string{api, stage.AccountBucket} {
		b, _ := c.w.Settings.Limits.EMR.Of(name)
		interval := time.Duration(float64(time.Second) / b.PerSecond)
		full := c.full[name]
		if now := time.Now(); full.Before(now) {
			full = now
		}
		c.full[name] = full.Add(interval)
		if ahead := time.Until(c.full[name]); ahead > time.Duration(b.Burst+1)*interval {
			c.fail(Budget, "%s was called when the bucket for %s was %.1f calls below empty", api, name, float64(ahead)/float64(interval)-float64(b.Burst))
		}
	}
}

// done checks EMR when something was created there.
func (c *checker) done(op string) {
	switch op {
	case "EMR:RunJobFlow":
		c.clusters()
	case "Instant:Open":
		c.capacities()
	case "EMR:AddJobFlowSteps":
		c.steps()
	case "EMR:AddInstanceFleet", "EMR:ModifyInstanceFleet":
		c.sizes()
	}
}

func (c *checker) clusters() {
	all := c.w.EMR.Clusters()
	c.mu.Lock()
	defer c.mu.Unlock()
	newest := all[len(all)-1]
	id := run.OfCluster(*newest.Name)
	c.waited(id, *newest.Name)
	c.kind(id, *newest.Id, *newest.Ec2InstanceAttributes.IamInstanceProfile)
	c.onTime(id, "cluster "+*newest.Name)
	life := c.lives[id]
	c.made[*newest.Name] = life
	for _, x := range all[:len(all)-1] {
		switch {
		case *x.Name == *newest.Name:
			c.fail(OneCluster, "there are two clusters %s", *x.Name)
		case live(x) && run.OfCluster(*x.Name) == id && c.made[*x.Name] == life && !c.givenBack(*x.Id, id):
			c.fail(OneCluster, "cluster %s was made while %s lives", *newest.Name, *x.Name)
		}
	}
}

// capacities checks the second engine when a capacity was opened: a run has one
// at a time until it is retried.
func (c *checker) capacities() {
	all := c.w.Instant.Capacities()
	c.mu.Lock()
	defer c.mu.Unlock()
	open := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		id := run.OfCluster(name)
		if _, known := c.made[name]; !known {
			c.waited(id, name)
			c.made[name] = c.lives[id]
		}
		if !all[name] {
			continue
		}
		if life := fmt.Sprint(id, c.made[name]); open[life] != "" {
			c.fail(OneCluster, "capacities %s and %s are open at the same time", open[life], name)
		} else {
			open[life] = name
		}
	}
}

func live(c emrtypes.Cluster) bool {
	switch c.Status.State { //nolint:exhaustive // the others live
	case emrtypes.ClusterStateTerminating, emrtypes.ClusterStateTerminated, emrtypes.ClusterStateTerminatedWithErrors:
		return false
	}
	return true
}

func (c *checker) steps() {
	for _, x := range c.w.EMR.Clusters() {
		if !live(x) {
			continue
		}
		steps := c.w.EMR.Steps(*x.Id)
		c.mu.Lock()
		c.leased(*x.Id, steps)
		for _, s := range steps {
			id, step := stepOf(*x.Name, aws.ToString(s.Name))
			attempt := id + " " + step
			if known := c.carried[attempt]; known != "" && known != aws.ToString(s.Id) {
				c.fail(OneStep, "%s is carried by %s and %s", attempt, known, aws.ToString(s.Id))
			} else if known == "" {
				c.stepOnTime(id, step)
			}
			c.carried[attempt] = aws.ToString(s.Id)
		}
		c.mu.Unlock()
	}
}
