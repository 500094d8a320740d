package localemr

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path"
	"slices"
	"sync"
)

// Kinds of faults.
const (
	kindThrottle         = "throttle"         // ThrottlingException without effect
	kindServerError      = "serverError"      // HTTP 500 InternalServerException without effect
	kindLostAnswer       = "lostAnswer"       // takes effect, but the connection closes without an answer
	kindListOmits        = "listOmits"        // ListClusters omits the cluster
	kindCapacity         = "capacity"         // EC2 has no capacity of instanceType in subnet for market
	kindUnsupported      = "unsupportedType"  // EMR does not support instanceType in the zone of subnet
	kindProtected        = "protected"        // something in the account protects the cluster from termination when it is ready
	kindProvisionStuck   = "provisionStuck"   // stays in STARTING
	kindProvisionSlow    = "provisionSlow"    // STARTING takes delay longer
	kindBootstrapFailure = "bootstrapFailure" // bootstrap action 1 returns non-zero
	kindStepKilled       = "stepKilled"       // SIGKILL delay after the step's start
	kindInstanceFailure  = "instanceFailure"  // the primary instance terminates delay after the step's start; the step ends in state
	kindFailureDetails   = "failureDetails"   // empty, or late by delay
	kindLogsLate         = "logsLate"         // uploaded delay after the step's end
	kindEventLost        = "eventLost"
	kindEventDoubled     = "eventDoubled"
	kindEventDelayed     = "eventDelayed"   // by delay
	kindEventReordered   = "eventReordered" // sent after the event that follows
)

var kinds = []string{
	kindThrottle, kindServerError, kindLostAnswer, kindListOmits, kindCapacity, kindUnsupported, kindProvisionStuck, kindProtected,
	kindProvisionSlow, kindBootstrapFailure, kindStepKilled, kindInstanceFailure, kindFailureDetails,
	kindLogsLate, kindEventLost, kindEventDoubled, kindEventDelayed, kindEventReordered,
}

// Fault is one kind of failure. An empty matcher matches everything; matchers are
// globs of package path.
type Fault struct {
	Kind string `json:"kind"`

	Op           string `json:"op,omitempty"`           // operation: throttle, serverError, lostAnswer
	Cluster      string `json:"cluster,omitempty"`      // the cluster's name; of requests, the first cluster's
	Step         string `json:"step,omitempty"`         // the step's name; of requests, the first step that is added
	InstanceType string `json:"instanceType,omitempty"` // capacity, unsupportedType
	Subnet       string `json:"subnet,omitempty"`       // capacity, unsupportedType
	Market       string `json:"market,omitempty"`       // capacity: SPOT or ON_DEMAND
	Event        string `json:"event,omitempty"`        // the event's detail-type

	// State is, for events, a glob of the detail's state, and for
	// instanceFailure the state in which the step ends: FAILED, INTERRUPTED
	// (the default) or CANCELLED.
	State string `json:"state,omitempty"`

	Count  int      `json:"count,omitempty"`  // how many times; 0 = without limit
	Skip   int      `json:"skip,omitempty"`   // ignore so many matches first
	Chance float64  `json:"chance,omitempty"` // probability, drawn from the seed; 0 is always
	Delay  Duration `json:"delay,omitzero"`

	Hits int `json:"hits"` // in answers: how often it was applied
}

func (f *Fault) validate() error {
	if !slices.Contains(kinds, f.Kind) {
		return fmt.Errorf("check fault: kind %q is unknown, expected one of %v", f.Kind, kinds)
	}
	for _, glob := range f.globs() {
		if _, err := path.Match(glob, ""); err != nil {
			return fmt.Errorf("check fault %s: glob %q: %w", f.Kind, glob, err)
		}
	}
	return f.validateNumbers()
}

func (f *Fault) validateNumbers() error {
	if f.Count < 0 || f.Skip < 0 || f.Chance < 0 || f.Chance > 1 || f.Delay < 0 {
		return fmt.Errorf("check fault %s: count, skip and delay must not be negative, chance must be 0 to 1", f.Kind)
	}
	if (f.Kind == kindCapacity || f.Kind == kindUnsupported) && (f.Skip != 0 || f.Chance != 0) {
		return fmt.Errorf("check fault %s: skip and chance are not supported", f.Kind)
	}
	return nil
}

func (f *Fault) globs() map[string]string {
	m := map[string]string{
		"op": f.Op, "cluster": f.Cluster, "step": f.Step, "instanceType": f.InstanceType,
		"subnet": f.Subnet, "market": f.Market, "event": f.Event, "state": f.State,
	}
	if f.Kind == kindInstanceFailure {
		delete(m, "state") // an effect there, not a matcher
	}
	return m
}

func (f *Fault) matches(kind string, attrs map[string]string) bool {
	if f.Kind != kind || f.Count > 0 && f.Hits >= f.Count {
		return false
	}
	for name, glob := range f.globs() {
		if glob == "" {
			continue
		}
		if ok, err := path.Match(glob, attrs[name]); err != nil || !ok {
			return false
		}
	}
	return true
}

// faultList holds the active faults.
type faultList struct {
	mu     sync.Mutex
	faults []*Fault
	random *rand.Rand
}

func newFaultList(faults []Fault, seed uint64) (*faultList, error) {
	b := &faultList{random: newRandom(seed)}
	return b, b.add(faults)
}

func (b *faultList) add(faults []Fault) error { return b.put(faults, false) }

func (b *faultList) replace(faults []Fault) error { return b.put(faults, true) }

// put adds all faults, or none when one of them is invalid.
func (b *faultList) put(faults []Fault, instead bool) error {
	for _, f := range faults {
		if err := f.validate(); err != nil {
			return err
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if instead {
		b.faults = nil
	}
	for _, f := range faults {
		f.Hits = 0
		b.faults = append(b.faults, &f)
	}
	return nil
}

func (b *faultList) clear() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.faults = nil
}

func (b *faultList) reseed(seed uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.random = newRandom(seed)
}

func (b *faultList) list() []Fault {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := make([]Fault, 0, len(b.faults))
	for _, f := range b.faults {
		out = append(out, *f)
	}
	return out
}

// take finds a fault to apply and counts the hit. It returns a copy.
func (b *faultList) take(kind string, attrs map[string]string) *Fault {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, f := range b.faults {
		if f.matches(kind, attrs) && b.strikes(f) {
			f.Hits++
			hit := *f
			return &hit
		}
	}
	return nil
}

// strikes evaluates Skip and Chance. b.mu must be held.
func (b *faultList) strikes(f *Fault) bool {
	if f.Skip > 0 {
		f.Skip--
		return false
	}
	return f.Chance == 0 || b.random.Float64() < f.Chance
}

// peek finds the faults of kind that match, without counting a hit: whether they
// have an effect depends on all of them together. See countHits.
func (b *faultList) peek(kind string, attrs map[string]string) []*Fault {
	b.mu.Lock()
	defer b.mu.Unlock()
	var found []*Fault
	for _, f := range b.faults {
		if f.matches(kind, attrs) {
			found = append(found, f)
		}
	}
	return found
}

// countHits counts a hit for each of faults.
func (b *faultList) countHits(faults map[*Fault]bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for f := range faults {
		f.Hits++
	}
}

// ReadFaults reads a JSON file with a list of faults.
func ReadFaults(file string) ([]Fault, error) {
	b, err := os.ReadFile(file) //nolint:gosec // a flag of the server
	if err != nil {
		return nil, fmt.Errorf("read faults: %w", err)
	}
	var faults []Fault
	if err := json.Unmarshal(b, &faults); err != nil {
		return nil, fmt.Errorf("decode faults %s: %w", file, err)
	}
	return faults, nil
}
