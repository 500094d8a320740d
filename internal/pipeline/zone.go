package pipeline

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // the Lambda image has no time zones
)

// loadZone returns the time zone with an IANA name; "" is UTC. Names that only this machine knows are unknown.
func loadZone(name string) (*time.Location, error) {
	ofMachine := name == "Local" || slices.Contains([]string{"localtime", "posixrules", "Factory"}, name) || strings.HasPrefix(name, "posix/") || strings.HasPrefix(name, "right/")
	loc, err := time.LoadLocation(name)
	if err != nil || ofMachine {
		return time.UTC, fmt.Errorf("unknown time zone %q (example: Europe/Lisbon)", name)
	}
	return loc, nil
}

// Zone is the time zone of a schedule of s.
func (t Trigger) Zone(s Spec) string { return cmp.Or(t.Timezone, s.Timezone, "UTC") }

// Zone is the time zone of runs that no schedule plans: the pipeline's, or that of its first schedule, or UTC.
func (s Spec) Zone() string {
	zone := s.Timezone
	for _, t := range s.Triggers {
		if t.Schedule != "" {
			zone = cmp.Or(zone, t.Timezone)
		}
	}
	return cmp.Or(zone, "UTC")
}

// inheritZone makes the pipeline's time zone that of its schedules.
func (s *Spec) inheritZone() {
	for i := range s.Triggers {
		if t := &s.Triggers[i]; t.Schedule != "" {
			t.Timezone = cmp.Or(t.Timezone, s.Timezone)
		}
	}
}
