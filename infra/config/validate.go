package config

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"ephemr/events"
	"ephemr/internal/profile"
)

var (
	stageName   = regexp.MustCompile(`^[a-z][a-z0-9]{1,11}$`) // it is part of every name; buckets allow 63 characters
	zoneName    = regexp.MustCompile(`^[a-z][a-z0-9]{1,15}$`)
	profileName = regexp.MustCompile(`^[a-z][a-z0-9-]{0,31}$`)
	varName     = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,39}$`)
	accountID   = regexp.MustCompile(`^([0-9]{12})?$`)
)

// LogDays are the retention periods that CloudWatch Logs allows.
var LogDays = []int{1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 3653}

// maxSweep is the longest interval of sweep: until then a cluster that no run needs is charged.
const maxSweep = time.Hour

// ownBuckets are reserved: buckets that are not zones of the lake.
var ownBuckets = []string{"artifacts", "logs", "queries"}

// Validate returns all errors of the configuration at once.
func (c Config) Validate() error {
	var errs []error
	need := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	need(stageName.MatchString(c.Stage), "stage %q must be 2 to 12 lower-case letters and digits", c.Stage)
	need(accountID.MatchString(c.Account), "account %q must have 12 digits", c.Account)
	need(regionName.MatchString(c.Region), "region %q must be the name of a Region, like eu-west-1", c.Region)
	need(slices.Contains([]Synthesizer{BootstrapRoles, CallerRights}, c.Synthesizer), "synthesizer %q must be default or cli", c.Synthesizer)
	need(slices.Contains([]Architecture{Arm64, Host}, c.FunctionArchitecture), "functionArchitecture %q must be arm64 or host", c.FunctionArchitecture)
	need(c.EmrEventSource != "", "emrEventSource is missing")
	need(c.EmrEventSource == events.SourceEMR || c.CoarseRights, "emrEventSource %q must be %s: anyone who may send events could report the end of steps (other sources are for the emulator, with coarseRights)",
		c.EmrEventSource, events.SourceEMR)
	need(slices.Contains(LogDays, c.Logs.Days), "logs.days %d must be one of %v", c.Logs.Days, LogDays)
	need(c.Logs.BucketDays >= 1, "logs.bucketDays must be at least 1")
	need(c.Intake.MaxConcurrency >= 2 && c.Intake.MaxConcurrency <= 1000, "intake.maxConcurrency %d must be 2 to 1000", c.Intake.MaxConcurrency)
	every := c.Sweep.Every.Std()
	need(every >= time.Minute && every <= maxSweep && every%time.Minute == 0, "sweep.every %s must be whole minutes, 1m to %s", every, maxSweep)
	need(c.Limits.MaxActive >= 1, "limits.maxActive must be at least 1")
	need(c.Limits.TeamMaxActive >= 0, "limits.teamMaxActive must not be negative")
	for _, team := range slices.Sorted(maps.Keys(c.Limits.Teams)) {
		need(c.Limits.Teams[team] >= 1, "limits.teams.%s must be at least 1", team)
	}
	need(c.Limits.PipelineMaxActive >= 1, "limits.pipelineMaxActive must be at least 1")
	need(c.Limits.Deadline > 0, "limits.deadline must be positive")
	need(c.Limits.ClusterReady > 0 && c.Limits.ClusterReady < c.Limits.Deadline, "limits.clusterReady must be positive and less than limits.deadline")
	need(c.Limits.ClusterProvision >= 0 && c.Limits.ClusterProvision <= c.Limits.ClusterReady, "limits.clusterProvision must not be negative or longer than limits.clusterReady")
	errs = append(errs, c.validateQuery()...)
	return errors.Join(append(errs, c.Limits.EMR.Validate(), c.Limits.Pool.Validate(), c.Limits.Requests.Validate(), c.validateZones(), c.validateSources(), c.validateShapes(), c.validateAccess(),
		c.validateNames(), c.validateKeys(), c.validateVars(), c.Notices.validate(), c.Lineage.Validate(), c.validateSizes(), c.Costs.Validate(), c.validatePrices(), c.validateNetwork(), c.validateIngestion(), c.validateDelivery(), c.validateEncryption())...)
}

func (c Config) validateVars() error {
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(c.Vars)) {
		switch value := c.Vars[name]; {
		case !varName.MatchString(name):
			errs = append(errs, fmt.Errorf("vars.%s: invalid name: use up to 40 letters, digits and _, beginning with a letter", name))
		case strings.Contains(value, "{{"):
			errs = append(errs, fmt.Errorf("vars.%s: %q contains a template, and none is evaluated here; write the value itself", name, value))
		case strings.ContainsFunc(value, unicode.IsControl):
			errs = append(errs, fmt.Errorf("vars.%s: contains a control character; remove it", name))
		}
	}
	return errors.Join(errs...)
}

func (c Config) validateShapes() error {
	if len(c.Shapes) == 0 {
		return errors.New("profiles: at least one is required")
	}
	var errs []error
	for _, name := range c.ShapeNames() {
		if !profileName.MatchString(name) {
			errs = append(errs, fmt.Errorf("profiles.%s: invalid name", name))
		}
		if err := c.Shapes[name].Validate(); err != nil {
			errs = append(errs, fmt.Errorf("profiles.%s: %w", name, err))
		} else {
			errs = append(errs, validateRungs(name, c.Shapes[name]))
		}
		if err := c.Shapes[name].Holds(c.Limits.Pool.Steps); err != nil && c.Shapes[name].StepConcurrency == 0 {
			errs = append(errs, fmt.Errorf("profiles.%s, with limits.pool.steps of its pools: %w", name, err))
		}
	}
	return errors.Join(append(errs, c.validateApplications())...)
}

// validateRungs validates the profile with each of its fallbacks.
func validateRungs(name string, p profile.Profile) error {
	for n := 1; n < p.Rungs(); n++ {
		if err := p.Rung(n).Validate(); err != nil {
			return fmt.Errorf("profiles.%s.fallbacks[%d]: %w", name, n-1, err)
		}
	}
	return nil
}
