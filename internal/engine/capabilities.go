package engine

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"ephemr/internal/fault"
	"ephemr/internal/job"
	"ephemr/internal/pipeline"
	"ephemr/internal/run"
)

// Capabilities are what an engine can do. A pipeline that asks for more is
// refused when it is registered or requested, not when its run has begun.
type Capabilities struct {
	JobTypes []job.Type
	Pools    bool // capacity can outlive a run: cluster.pool, cluster.keepAlive, cluster.id
	Resize   bool // jobs can ask for more units: resize
	Users    bool // jobs can run with the rights of a stage's user
}

// Check returns what s asks for and the engine does not have, all at once.
// asUser says whether the run's jobs run with the rights of a user.
func (c Capabilities) Check(s *pipeline.Spec, asUser bool) error {
	var errs []error
	for _, j := range s.AllJobs() {
		if !slices.Contains(c.JobTypes, j.Type) {
			errs = append(errs, fmt.Errorf("jobs[%s]: the engine of profile %s does not run jobs of type %s", j.Name, s.Cluster.Profile, j.Type))
		}
	}
	if !c.Pools && (s.Pool() != "" || s.Cluster.ID != "") {
		errs = append(errs, fmt.Errorf("cluster: the engine of profile %s has no pools; remove pool, keepAlive and id", s.Cluster.Profile))
	}
	if !c.Resize && s.Resizes() {
		errs = append(errs, fmt.Errorf("jobs: the engine of profile %s cannot resize capacity; remove resize", s.Cluster.Profile))
	}
	if !c.Users && asUser {
		errs = append(errs, fmt.Errorf("the engine of profile %s cannot run jobs with the rights of a user", s.Cluster.Profile))
	}
	if len(errs) == 0 {
		return nil
	}
	return fault.New(fault.InvalidInput, "%w", errors.Join(errs...))
}

// Set has the engines of a stage.
type Set struct {
	Default Engine
	// Profiles names the engine of each profile that is not the default's.
	Profiles map[string]Engine
}

// Of returns the engine of rec's run: that of its profile.
func (s Set) Of(rec *run.Record) Engine {
	if rec.Spec == nil {
		return s.Default
	}
	return s.OfProfile(rec.Spec.Cluster.Profile)
}

// OfProfile returns the engine of a profile.
func (s Set) OfProfile(name string) Engine {
	if e, ok := s.Profiles[name]; ok {
		return e
	}
	return s.Default
}

// All returns each engine once, the default first.
func (s Set) All() []Engine {
	all := []Engine{s.Default}
	for _, name := range slices.Sorted(maps.Keys(s.Profiles)) {
		if e := s.Profiles[name]; !slices.Contains(all, e) {
			all = append(all, e)
		}
	}
	return all
}

// Catalog is what the engines of a stage can do: all that a function needs which
// judges pipelines and runs none.
type Catalog struct {
	Default  Capabilities
	Profiles map[string]Capabilities // of each profile whose engine is not the default
}

// Catalog returns what the engines can do.
func (s Set) Catalog() Catalog {
	c := Catalog{Default: s.Default.Capabilities(), Profiles: map[string]Capabilities{}}
	for name, e := range s.Profiles {
		c.Profiles[name] = e.Capabilities()
	}
	return c
}

// Check is Capabilities.Check for the engine of the profile that s names.
func (c Catalog) Check(s *pipeline.Spec, asUser bool) error {
	if own, ok := c.Profiles[s.Cluster.Profile]; ok {
		return own.Check(s, asUser)
	}
	return c.Default.Check(s, asUser)
}
