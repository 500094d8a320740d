// Package profile describes named cluster shapes. Profiles are part of a
// stage's configuration; the deployment writes each into SSM Parameter Store,
// where CreateCluster reads it.
package profile

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"

	"ephemr/internal/pipeline"
)

// Profile is a cluster shape with fallbacks.
type Profile struct {
	Release         string            `json:"release" yaml:"release"` // EMR release label, e.g. emr-7.14.0
	Applications    []string          `json:"applications" yaml:"applications"`
	Tables          []Format          `json:"tables,omitempty" yaml:"tables,omitempty"` // formats of tables that Spark has
	Primary         Fleet             `json:"primary" yaml:"primary"`
	Core            *Fleet            `json:"core,omitempty" yaml:"core,omitempty"`
	Task            *Fleet            `json:"task,omitempty" yaml:"task,omitempty"` // without units it is created by the first resize
	Subnets         []string          `json:"subnets,omitempty" yaml:"subnets,omitempty"`
	SecurityConfig  string            `json:"securityConfiguration,omitempty" yaml:"securityConfiguration,omitempty"`
	Configurations  []Configuration   `json:"configurations,omitempty" yaml:"configurations,omitempty"`
	Bootstrap       []Bootstrap       `json:"bootstrap,omitempty" yaml:"bootstrap,omitempty"` // after the runner's own
	IdleTimeout     pipeline.Duration `json:"idleTimeout" yaml:"idleTimeout"`                 // safety net: 60s..168h
	StepConcurrency int               `json:"stepConcurrency,omitempty" yaml:"stepConcurrency,omitempty"`
	MaxUnits        int               `json:"maxUnits,omitempty" yaml:"maxUnits,omitempty"` // of core and task together, when a cluster is resized; 0 = no limit
	Scaling         *Scaling          `json:"scaling,omitempty" yaml:"scaling,omitempty"`   // nil = units change by requests only
	Fallbacks       []Fallback        `json:"fallbacks,omitempty" yaml:"fallbacks,omitempty"`
	Tags            map[string]string `json:"tags,omitempty" yaml:"tags,omitempty"`
	RootGiB         int               `json:"rootGiB,omitempty" yaml:"rootGiB,omitempty"`     // root volume of each instance; 0 = EMR's default
	Image           string            `json:"image,omitempty" yaml:"image,omitempty"`         // id of an AMI; "" = EMR's default
	Overrides       *Overrides        `json:"overrides,omitempty" yaml:"overrides,omitempty"` // what pipelines may change; nil = nothing
}

// Fleet is one instance fleet: how many units, of which types, bought how.
type Fleet struct {
	Types    []string `json:"types" yaml:"types"` // at most 30; EMR's limit with an allocation strategy
	OnDemand int      `json:"onDemand,omitempty" yaml:"onDemand,omitempty"`
	Spot     int      `json:"spot,omitempty" yaml:"spot,omitempty"`
	DiskGiB  int      `json:"diskGiB,omitempty" yaml:"diskGiB,omitempty"` // gp3, per instance; 0 = EMR's default
}

// Configuration is an EMR configuration classification.
type Configuration struct {
	Classification string            `json:"classification" yaml:"classification"`
	Properties     map[string]string `json:"properties,omitempty" yaml:"properties,omitempty"`
	Configurations []Configuration   `json:"configurations,omitempty" yaml:"configurations,omitempty"`
}

// Bootstrap is a bootstrap action.
type Bootstrap struct {
	Name string   `json:"name" yaml:"name"`
	Path string   `json:"path" yaml:"path"` // s3://…
	Args []string `json:"args,omitempty" yaml:"args,omitempty"`

	SHA256 string `json:"sha256,omitempty" yaml:"sha256,omitempty"` // of the file; "" = it runs unverified
}

// Fallback replaces parts of the profile; what it leaves out stays.
type Fallback struct {
	Types    []string `json:"types,omitempty" yaml:"types,omitempty"`       // for all fleets
	Subnets  []string `json:"subnets,omitempty" yaml:"subnets,omitempty"`   // instead of the profile's
	OnDemand bool     `json:"onDemand,omitempty" yaml:"onDemand,omitempty"` // spot units become on-demand units
}

// Rungs is the number of shapes to try: the profile and its fallbacks.
func (p Profile) Rungs() int { return 1 + len(p.Fallbacks) }

// Rung returns the profile with its fallback n applied; 0 is the profile itself.
func (p Profile) Rung(n int) Profile {
	if n <= 0 || n > len(p.Fallbacks) {
		return p
	}
	f := p.Fallbacks[n-1]
	p.Primary = p.Primary.with(f)
	if p.Core != nil {
		core := p.Core.with(f)
		p.Core = &core
	}
	if p.Task != nil {
		task := p.Task.with(f)
		p.Task = &task
	}
	if len(f.Subnets) > 0 {
		p.Subnets = f.Subnets
	}
	if f.OnDemand && p.Scaling != nil {
		all := *p.Scaling
		all.MaxOnDemand = nil // there are no Spot instances
		p.Scaling = &all
	}
	return p
}

func (f Fleet) with(b Fallback) Fleet {
	if len(b.Types) > 0 {
		f.Types = b.Types
	}
	if b.OnDemand {
		f.OnDemand, f.Spot = f.OnDemand+f.Spot, 0
	}
	return f
}

// Units is the number of instances that f requests.
func (f Fleet) Units() int { return f.OnDemand + f.Spot }

var release = regexp.MustCompile(`^emr-\d+\.\d+\.\d+$`)

// Validate reports what EMR would reject.
func (p Profile) Validate() error {
	var errs []error
	if !release.MatchString(p.Release) {
		errs = append(errs, fmt.Errorf("invalid release %q (example: emr-7.14.0)", p.Release))
	}
	if p.Primary.Units() != 1 {
		errs = append(errs, fmt.Errorf("primary must have exactly one unit, not %d", p.Primary.Units()))
	}
	for _, fleet := range []struct {
		name string
		*Fleet
	}{{"primary", &p.Primary}, {"core", p.Core}, {"task", p.Task}} {
		if fleet.Fleet != nil && (len(fleet.Types) < 1 || len(fleet.Types) > 30) {
			errs = append(errs, fmt.Errorf("%s needs 1 to 30 instance types, has %d", fleet.name, len(fleet.Types)))
		}
	}
	if s := p.IdleTimeout.Std().Seconds(); s < 60 || s > 604800 {
		errs = append(errs, fmt.Errorf("idleTimeout %s is not between 60s and 168h", p.IdleTimeout))
	}
	if p.StepConcurrency < 0 || p.StepConcurrency > 256 {
		errs = append(errs, fmt.Errorf("stepConcurrency %d is not between 1 and 256", p.StepConcurrency))
	}
	return errors.Join(append(errs, p.validateRoot(), p.Overrides.validate(), p.validateMaxUnits(), p.validateScaling(), p.validateImage(), p.validateBootstrap(), p.validateTables(), p.validateArchitecture(), p.Holds(p.StepConcurrency))...)
}

// validateRoot compares the root volume with what EMR takes.
// Source: Amazon EMR Management Guide, "Customizing the Amazon EBS root device volume".
func (p Profile) validateRoot() error {
	if p.RootGiB != 0 && (p.RootGiB < 15 || p.RootGiB > 100) {
		return fmt.Errorf("rootGiB %d is not between 15 and 100", p.RootGiB)
	}
	return nil
}

// units are the core and task units that a cluster begins with.
func (p Profile) units() (n int) {
	for _, f := range []*Fleet{p.Core, p.Task} {
		if f != nil {
			n += f.Units()
		}
	}
	return n
}

// MostInstances is how many instances a cluster may have, with its primary.
func (p Profile) MostInstances() int {
	most := max(p.units(), p.MaxUnits)
	if p.Scaling != nil {
		most = max(most, p.Scaling.Max)
	}
	return 1 + most
}

// validateMaxUnits compares the limit with the initial size of a cluster.
func (p Profile) validateMaxUnits() error {
	n := p.units()
	if p.MaxUnits < 0 || p.MaxUnits > 0 && p.MaxUnits < n {
		return fmt.Errorf("maxUnits %d is less than the %d core and task units that a cluster begins with", p.MaxUnits, n)
	}
	return nil
}

// Parse reads a profile from its JSON form.
func Parse(name, text string) (Profile, error) {
	var p Profile
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		return p, fmt.Errorf("read profile %s: %w", name, err)
	}
	if err := p.Validate(); err != nil {
		return p, fmt.Errorf("read profile %s: %w", name, err)
	}
	return p, nil
}
