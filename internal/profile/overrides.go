package profile

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"ephemr/internal/pipeline"
)

// Overrides are what pipelines may change of a profile. What is left out may not be changed.
type Overrides struct {
	Primary        *FleetBounds        `json:"primary,omitempty" yaml:"primary,omitempty"` // its units are always one
	Core           *FleetBounds        `json:"core,omitempty" yaml:"core,omitempty"`
	Task           *FleetBounds        `json:"task,omitempty" yaml:"task,omitempty"`
	MaxUnits       *Bounds             `json:"maxUnits,omitempty" yaml:"maxUnits,omitempty"`
	RootGiB        *Bounds             `json:"rootGiB,omitempty" yaml:"rootGiB,omitempty"`
	Tags           []string            `json:"tags,omitempty" yaml:"tags,omitempty"`                     // patterns of keys, e.g. project-*
	Configurations map[string][]string `json:"configurations,omitempty" yaml:"configurations,omitempty"` // patterns of properties by classification
}

// FleetBounds are what pipelines may change of a fleet.
type FleetBounds struct {
	Types []string `json:"types,omitempty" yaml:"types,omitempty"` // patterns, e.g. m7g.*xlarge
	Units *Bounds  `json:"units,omitempty" yaml:"units,omitempty"` // on-demand and spot together
}

// Bounds are the smallest and the largest value.
type Bounds struct {
	Min int `json:"min" yaml:"min"`
	Max int `json:"max" yaml:"max"`
}

// With is the profile with the overrides of a pipeline's cluster, and those that it does not allow. Its own list of
// what may be changed is removed: it does not matter to a cluster.
func (p Profile) With(c pipeline.Cluster) (Profile, []pipeline.Refusal) {
	o, allowed := c.Overrides, p.Overrides
	p.Overrides = nil
	if o == nil {
		return p, nil
	}
	w := with{name: c.Profile, profile: p}
	if allowed == nil {
		w.refuse(nil, "profile %s allows no overrides; remove them, or add overrides to the profile and deploy the stage", c.Profile)
		return p, w.refused
	}
	w.profile.Primary = *w.fleet("primary", &p.Primary, o.Primary, allowed.Primary)
	w.profile.Core = w.fleet("core", p.Core, o.Core, allowed.Core)
	w.profile.Task = w.fleet("task", p.Task, o.Task, allowed.Task)
	w.number("maxUnits", &w.profile.MaxUnits, o.MaxUnits, allowed.MaxUnits)
	w.number("rootGiB", &w.profile.RootGiB, o.RootGiB, allowed.RootGiB)
	w.tags(o.Tags, allowed.Tags)
	w.configurations(o.Configurations, allowed.Configurations)
	if len(w.refused) > 0 {
		return p, w.refused
	}
	if err := w.profile.Validate(); err != nil {
		w.refuse(nil, "profile %s with these overrides: %s", c.Profile, strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	return w.profile, w.refused
}

// with is a profile in the course of With.
type with struct {
	name    string
	profile Profile
	refused []pipeline.Refusal
}

func (w *with) refuse(keys []string, format string, args ...any) {
	w.refused = append(w.refused, pipeline.Refusal{Path: keys, Msg: fmt.Sprintf(format, args...)})
}

func (w *with) fleet(name string, f *Fleet, o *pipeline.FleetOverride, b *FleetBounds) *Fleet {
	switch {
	case o == nil:
		return f
	case f == nil:
		w.refuse([]string{name}, "profile %s has no %s fleet; remove it", w.name, name)
		return nil
	case b == nil:
		w.refuse([]string{name}, "profile %s does not allow changes of the %s fleet; remove it", w.name, name)
		return f
	}
	changed := *f
	if len(o.Types) > 0 {
		changed.Types = o.Types
		for _, t := range o.Types {
			w.matches([]string{name, "types"}, "instance type "+t, t, b.Types)
		}
	}
	if o.OnDemand == nil && o.Spot == nil {
		return &changed
	}
	if o.OnDemand != nil {
		changed.OnDemand = *o.OnDemand
	}
	if o.Spot != nil {
		changed.Spot = *o.Spot
	}
	w.bounded([]string{name}, "the number of units", changed.Units(), b.Units)
	return &changed
}

func (w *with) number(name string, to *int, n int, b *Bounds) {
	if n != 0 {
		w.bounded([]string{name}, name, n, b)
		*to = n
	}
}

func (w *with) bounded(keys []string, what string, n int, b *Bounds) {
	switch {
	case b == nil:
		w.refuse(keys, "profile %s does not allow a change of %s; remove it", w.name, what)
	case n < b.Min || n > b.Max:
		w.refuse(keys, "%s is %d, and profile %s allows %d to %d", what, n, w.name, b.Min, b.Max)
	}
}

func (w *with) matches(keys []string, what, value string, patterns []string) {
	if !matchesAny(value, patterns) {
		w.refuse(keys, "profile %s does not allow %s; it allows %s", w.name, what, list(patterns))
	}
}

func (w *with) tags(tags map[string]string, allowed []string) {
	if len(tags) == 0 {
		return
	}
	merged := maps.Clone(w.profile.Tags)
	if merged == nil {
		merged = map[string]string{}
	}
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		if keys := []string{"tags", key}; strings.HasPrefix(key, "aws:") || strings.HasPrefix(key, "ephemr:") {
			w.refuse(keys, "tags that begin with aws: or ephemr: are reserved; use another")
		} else {
			w.matches(keys, "tag "+key, key, allowed)
		}
		merged[key] = tags[key]
	}
	w.profile.Tags = merged
}

func (w *with) configurations(changes map[string]map[string]string, allowed map[string][]string) {
	all := slices.Clone(w.profile.Configurations)
	for _, name := range slices.Sorted(maps.Keys(changes)) {
		at := slices.IndexFunc(all, func(c Configuration) bool { return c.Classification == name })
		if at < 0 {
			at, all = len(all), append(all, Configuration{Classification: name})
		}
		merged := map[string]string{}
		maps.Copy(merged, all[at].Properties)
		for _, key := range slices.Sorted(maps.Keys(changes[name])) {
			w.matches([]string{"configurations", name, key}, name+" "+key, key, allowed[name])
			merged[key] = changes[name][key]
		}
		all[at].Properties = merged
	}
	w.profile.Configurations = all
}

func matchesAny(value string, patterns []string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		ok, err := path.Match(pattern, value)
		return err == nil && ok
	})
}

func list(patterns []string) string {
	if len(patterns) == 0 {
		return "none"
	}
	return strings.Join(patterns, ", ")
}

// validate reports bounds and patterns that allow nothing.
func (o *Overrides) validate() error {
	if o == nil {
		return nil
	}
	var errs []error
	bounds := func(name string, b *Bounds) {
		if b != nil && (b.Min < 0 || b.Min > b.Max) {
			errs = append(errs, fmt.Errorf("overrides.%s: min %d and max %d are not bounds", name, b.Min, b.Max))
		}
	}
	patterns := func(name string, all []string) {
		for i, pattern := range all {
			if _, err := path.Match(pattern, ""); err != nil || pattern == "" {
				errs = append(errs, fmt.Errorf("overrides.%s[%d]: %q is not a pattern (example: m7g.*xlarge)", name, i, pattern))
			}
		}
	}
	for _, f := range []struct {
		name string
		*FleetBounds
	}{{"primary", o.Primary}, {"core", o.Core}, {"task", o.Task}} {
		if f.FleetBounds != nil {
			bounds(f.name+".units", f.Units)
			patterns(f.name+".types", f.Types)
		}
	}
	bounds("maxUnits", o.MaxUnits)
	bounds("rootGiB", o.RootGiB)
	patterns("tags", o.Tags)
	for _, name := range slices.Sorted(maps.Keys(o.Configurations)) {
		patterns("configurations."+name, o.Configurations[name])
	}
	return errors.Join(errs...)
}
