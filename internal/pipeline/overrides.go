package pipeline

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
)

// Overrides change the profile for the clusters of one pipeline, within what the
// profile allows under overrides. What they leave out stays.
type Overrides struct {
	Primary        *FleetOverride               `json:"primary,omitempty"`
	Core           *FleetOverride               `json:"core,omitempty"`
	Task           *FleetOverride               `json:"task,omitempty"`
	MaxUnits       int                          `json:"maxUnits,omitempty" jsonschema:"minimum=1,maximum=1000"` // of core and task together, when a cluster is resized
	RootGiB        int                          `json:"rootGiB,omitempty" jsonschema:"minimum=15,maximum=100"`  // root volume of each instance
	Tags           map[string]string            `json:"tags,omitempty"`                                         // added to the profile's
	Configurations map[string]map[string]string `json:"configurations,omitempty"`                               // properties by classification, added to the profile's
}

// FleetOverride changes one fleet of a profile.
type FleetOverride struct {
	Types    []string `json:"types,omitempty"`                                        // instead of the profile's; fallbacks with types keep their own
	OnDemand *int     `json:"onDemand,omitempty" jsonschema:"minimum=0,maximum=1000"` // units
	Spot     *int     `json:"spot,omitempty" jsonschema:"minimum=0,maximum=1000"`     // units
}

// Refusal is an override that the profile does not allow: its keys below
// cluster.overrides, and why.
type Refusal struct {
	Path []string
	Msg  string
}

func (r Refusal) String() string { return r.place().String() + ": " + r.Msg }

func (r Refusal) place() *place {
	p := root("cluster").key("overrides")
	for _, name := range r.Path {
		p = p.key(name)
	}
	return p
}

// WithOverrides has the overrides compared with the profile that the cluster names.
func WithOverrides(check func(Cluster) []Refusal) Option {
	return func(r *rules) { r.refused = check }
}

// overrides checks what no profile can allow, and then what this one does.
func (r *rules) overrides(c Cluster) {
	o := c.Overrides
	if o == nil {
		return
	}
	p := root("cluster").key("overrides")
	for name, f := range map[string]*FleetOverride{"primary": o.Primary, "core": o.Core, "task": o.Task} {
		if f != nil {
			r.fleetOverride(p.key(name), *f)
		}
	}
	r.within(p.key("maxUnits"), "maxUnits", o.MaxUnits, 0, maxUnits)
	if o.RootGiB != 0 {
		r.within(p.key("rootGiB"), "rootGiB", o.RootGiB, minRootGiB, maxRootGiB)
	}
	r.atMost(p.key("tags"), "tags", len(o.Tags), maxClusterTags)
	if r.refused == nil {
		return
	}
	for _, refusal := range r.refused(c) {
		r.fault(refusal.place(), "%s", refusal.Msg)
	}
}

func (r *rules) fleetOverride(p *place, f FleetOverride) {
	r.atMost(p.key("types"), "instance types", len(f.Types), maxFleetTypes)
	for name, n := range map[string]*int{"onDemand": f.OnDemand, "spot": f.Spot} {
		if n != nil {
			r.within(p.key(name), name, *n, 0, maxUnits)
		}
	}
}

// Bounds of overrides. EMR takes 30 types in a fleet with an allocation strategy, and root
// volumes of 15 to 100 GiB; a cluster has 50 tags, of which ephemr sets up to 10.
// Source: Amazon EMR Management Guide, "Customizing the Amazon EBS root device volume".
const (
	maxFleetTypes  = 30
	maxClusterTags = 40
	minRootGiB     = 15
	maxRootGiB     = 100
)

// Digest identifies overrides; "" = none.
func (o *Overrides) Digest() string {
	if o == nil {
		return ""
	}
	data, err := json.Marshal(o) // maps are sorted
	if err != nil {
		panic(fmt.Sprintf("encode overrides: %v", err)) // plain values only
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:8])
}
