package awsfake

import (
	"encoding/json"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/emr/types"
)

// EMRConfig says how clusters and steps behave. Clusters are identified by name,
// because their ids are not known before RunJobFlow.
type EMRConfig struct {
	// Durations of these cluster states; 0 means 3 min, 2 min and 1 min,
	// negative none.
	Starting, Bootstrapping, Terminating time.Duration
	// Resizing is how long the resize of a fleet takes; 0 means 2 min,
	// negative none.
	Resizing time.Duration
	// Shortage is how often EMR tries again when EC2 has no instances for a cluster,
	// and reports that it has none; 0 means 2 min.
	Shortage time.Duration
	// Cancelling is how long the cancellation of a running step takes; 0 means
	// 10 s, negative none.
	Cancelling time.Duration

	// Deaf selects the steps that ignore SEND_INTERRUPT.
	Deaf func(cluster, step string) bool
	// OnCancel is called for a running step that is being cancelled, and whether it
	// is killed. It must not call EMR.
	OnCancel func(cluster, step string, kill bool)

	// Script returns how long a step runs and its final state, COMPLETED or
	// FAILED. Without it every step completes after a minute.
	Script func(cluster, step string) (time.Duration, types.StepState)
	// BootstrapFails selects the clusters whose bootstrap action fails.
	BootstrapFails func(cluster string) bool
	// Protects selects the clusters for which something in the account switches on
	// termination protection when they are ready.
	Protects func(cluster string) bool
	// DiesAfter returns how long after it was ready a cluster loses its
	// primary instance; 0 = never.
	DiesAfter func(cluster string) time.Duration

	// WithoutRoles are security configurations whose clusters take steps without a runtime role; all others require one.
	WithoutRoles []string

	// OnEvent gets the detail of EMR's EventBridge events. It is called in a
	// goroutine of its own, without any lock held.
	OnEvent func(detailType string, detail json.RawMessage)
	// EventDelays returns the delay of each copy of an event: none = lost, two
	// = doubled. Without it each event is sent once, at once.
	EventDelays func(detailType string) []time.Duration

	// Throttle throttles calls by AWS's token buckets.
	Throttle bool
	// Quotas are the buckets that AWS has raised, by API or "account".
	Quotas map[string]Quota
}

// EMR is an in-memory EMR whose clusters and steps change state over time, by a
// timer. Under testing/synctest it must be used within one bubble.
type EMR struct {
	Control

	config       EMRConfig
	limits       *buckets
	applications Applications

	mu          sync.Mutex
	clusters    map[string]*emrCluster
	order       []*emrCluster
	noCapacity  map[string]bool // by instance type
	unsupported map[string]bool // likewise
	omitted     map[string]bool // by ListClusters
	stepCount   int
	unitCount   int
	clock       clock
	closed      bool
}

// NewEMR returns an EMR without clusters.
func NewEMR(config EMRConfig) *EMR {
	for _, d := range []struct {
		field *time.Duration
		usual time.Duration
	}{
		{&config.Starting, 3 * time.Minute},
		{&config.Bootstrapping, 2 * time.Minute},
		{&config.Terminating, time.Minute},
		{&config.Resizing, 2 * time.Minute},
		{&config.Cancelling, 10 * time.Second},
		{&config.Shortage, 2 * time.Minute},
	} {
		if *d.field == 0 {
			*d.field = d.usual
		}
		*d.field = max(*d.field, 0)
	}
	if config.Script == nil {
		config.Script = func(_, _ string) (time.Duration, types.StepState) { return time.Minute, types.StepStateCompleted }
	}
	f := &EMR{Control: newControl("EMR"), config: config, clusters: map[string]*emrCluster{}, noCapacity: map[string]bool{}, unsupported: map[string]bool{}, omitted: map[string]bool{}}
	f.applications.living = map[string][]string{}
	if config.Throttle {
		f.limits = newBuckets(raised(config.Quotas))
	}
	return f
}

// Close stops all timers: no state changes and no event is sent afterwards.
func (f *EMR) Close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	if f.clock.timer != nil {
		f.clock.timer.Stop()
	}
}

// SetCapacity sets whether EC2 has capacity of an instance type; it has at first.
func (f *EMR) SetCapacity(instanceType string, available bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.noCapacity[instanceType] = !available
}

// SetSupported sets whether EMR supports an instance type in the zone of new
// clusters; it does at first.
func (f *EMR) SetSupported(instanceType string, supported bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.unsupported[instanceType] = !supported
}

// Kill terminates the primary instance of a cluster: the cluster becomes
// TERMINATED_WITH_ERRORS and its running steps INTERRUPTED.
func (f *EMR) Kill(id string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if c := f.clusters[id]; c != nil {
		f.die(c)
	}
}

// Clusters returns all clusters in the order of their creation. It is not a
// call.
func (f *EMR) Clusters() []types.Cluster {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []types.Cluster
	for _, c := range f.order {
		out = append(out, *c.describe())
	}
	return out
}

// Steps returns the steps of a cluster in the order of their submission. It is
// not a call.
func (f *EMR) Steps(id string) []types.Step {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []types.Step
	if c := f.clusters[id]; c != nil {
		for _, s := range c.steps {
			out = append(out, *s.describe())
		}
	}
	return out
}

func (f *EMR) cluster(id *string) (*emrCluster, error) {
	c, ok := f.clusters[aws.ToString(id)]
	if !ok {
		return nil, invalidEMR("Cluster id '%s' is not valid.", aws.ToString(id))
	}
	return c, nil
}

// missing returns a fleet for which EC2 has no capacity, or nil.
func (f *EMR) missing(c *emrCluster) *emrUnit {
	for _, u := range c.units {
		if !f.offers(u.fleet) {
			return u
		}
	}
	return nil
}

// emrID writes ids as long as AWS's: j-000000000000A.
func emrID(prefix string, n int) string {
	digits := strings.ToUpper(strconv.FormatInt(int64(n), 36))
	return prefix + strings.Repeat("0", 13-len(digits)) + digits
}
