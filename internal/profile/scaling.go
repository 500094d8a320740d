package profile

import (
	"fmt"
	"slices"
	"strings"
)

// Scaling lets EMR choose the number of core and task units between bounds, by what YARN has to do.
type Scaling struct {
	Min         int  `json:"min" yaml:"min"` // core and task units together
	Max         int  `json:"max" yaml:"max"`
	MaxCore     *int `json:"maxCore,omitempty" yaml:"maxCore,omitempty"`         // the rest are task units; nil = Max
	MaxOnDemand *int `json:"maxOnDemand,omitempty" yaml:"maxOnDemand,omitempty"` // the rest are Spot units; nil = Max
}

// onYARN are applications whose work managed scaling sees.
// Source: Amazon EMR Management Guide, "Using managed scaling in Amazon EMR".
var onYARN = []string{"Spark", "Hadoop", "Hive", "Flink", "Tez", "Pig"}

// validateScaling reports what EMR would reject, or could not do.
func (p Profile) validateScaling() error {
	s := p.Scaling
	if s == nil {
		return nil
	}
	switch {
	case !ReleaseAtLeast(p.Release, 5, 30, 0) || p.Release == "emr-6.0.0":
		return fmt.Errorf("scaling: release %s has no managed scaling; use emr-5.30.0 or later, but not emr-6.0.0", p.Release)
	case p.Core == nil:
		return fmt.Errorf("scaling: requires a core fleet; add core")
	case !slices.ContainsFunc(p.Applications, func(name string) bool { return slices.Contains(onYARN, name) }):
		return fmt.Errorf("scaling: EMR scales applications on YARN only (%s); remove scaling, or add one of them to applications", strings.Join(onYARN, ", "))
	}
	if err := s.validate(); err != nil {
		return err
	}
	return p.validateScaled()
}

// validate compares the bounds with each other.
func (s Scaling) validate() error {
	outside := func(n *int, low int) bool { return n != nil && (*n < low || *n > s.Max) }
	switch {
	case s.Min < 1:
		return fmt.Errorf("scaling.min %d must be at least 1, a core unit", s.Min)
	case s.Max < s.Min:
		return fmt.Errorf("scaling.max %d is less than min %d", s.Max, s.Min)
	case outside(s.MaxCore, 1):
		return fmt.Errorf("scaling.maxCore %d is not between 1 and max %d", *s.MaxCore, s.Max)
	case outside(s.MaxOnDemand, 0):
		return fmt.Errorf("scaling.maxOnDemand %d is not between 0 and max %d", *s.MaxOnDemand, s.Max)
	}
	return nil
}

// validateScaled compares the bounds with the units that a cluster begins with, and with maxUnits.
func (p Profile) validateScaled() error {
	s, n := p.Scaling, p.units()
	switch {
	case n > s.Max:
		return fmt.Errorf("scaling.max %d is less than the %d core and task units that a cluster begins with", s.Max, n)
	case s.MaxCore != nil && p.Core.Units() > *s.MaxCore:
		return fmt.Errorf("scaling.maxCore %d is less than the %d core units that a cluster begins with", *s.MaxCore, p.Core.Units())
	case p.MaxUnits > 0 && s.Max > p.MaxUnits:
		return fmt.Errorf("scaling.max %d is more than maxUnits %d; use at most that, or raise maxUnits", s.Max, p.MaxUnits)
	}
	return nil
}
