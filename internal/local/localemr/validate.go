package localemr

import (
	"slices"
	"strings"
	"unicode/utf8"

	"ephemr/internal/local/emrreleases"
)

// Limits of the API reference.
const (
	maxStepText     = 10_240 // characters of all strings of a HadoopJarStep
	maxActiveSteps  = 256
	maxConcurrency  = 256
	maxStepFilter   = 10
	maxTerminations = 10
	maxBootstraps   = 16
	minIdleTimeout  = 60
	maxIdleTimeout  = 604_800
	maxTagKey       = 128
	maxTagValue     = 256
	maxTags         = 50
)

func (in *runJobFlowInput) validate() error {
	return firstOf(
		func() error { return in.validateBasics() },
		func() error { return in.Instances.validate() },
		func() error { return validateSteps(in.Steps, deref(in.StepConcurrencyLevel, 1)) },
		func() error { return validateTags(in.Tags) },
		func() error { return validateIdle(in.AutoTerminationPolicy) },
		func() error { return validateScaling(in.ManagedScalingPolicy) },
		func() error {
			return checkScaling(in.ManagedScalingPolicy, len(in.Instances.InstanceFleets) > 0, in.ReleaseLabel)
		},
	)
}

// firstOf runs checks until one fails.
func firstOf(checks ...func() error) error {
	for _, check := range checks {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

func (in *runJobFlowInput) validateBasics() error {
	switch {
	case in.ReleaseLabel == "":
		return validation("Must specify exactly one of the following: release label, AMI version, or Hadoop version.")
	case in.ServiceRole == "":
		return validation("ServiceRole is required for creating cluster.")
	case in.JobFlowRole == "":
		return validation("InstanceProfile is required for creating cluster.")
	case len(in.BootstrapActions) > maxBootstraps:
		return validation("The maximum number of bootstrap actions is %d.", maxBootstraps)
	}
	if err := in.validateRelease(); err != nil {
		return err
	}
	return validateConcurrency(deref(in.StepConcurrencyLevel, 1))
}

// validateRelease also holds the applications to those of the release.
func (in *runJobFlowInput) validateRelease() error {
	release, ok := emrreleases.Find(in.ReleaseLabel)
	if !ok {
		return badRelease(in.ReleaseLabel)
	}
	for _, a := range in.Applications {
		if _, ok := release.Application(a.Name); !ok {
			return validation("The supplied application is not available in release %s: %s.", in.ReleaseLabel, a.Name)
		}
	}
	if _, _, ok := parseS3(in.LogURI); in.LogURI != "" && !ok {
		return validation("The supplied log URI is invalid: %s.", in.LogURI)
	}
	return nil
}

func validateConcurrency(level int) error {
	if level < 1 || level > maxConcurrency {
		return validation("The step concurrency level must be between 1 and %d.", maxConcurrency)
	}
	return nil
}

func validateSteps(steps []stepInput, level int) error {
	for _, st := range steps {
		if err := st.validate(level); err != nil {
			return err
		}
	}
	if len(steps) > maxActiveSteps {
		return validation("%s", textTooManySteps)
	}
	return nil
}

func (st *stepInput) validate(level int) error {
	switch {
	case level > 1 && st.ActionOnFailure != actionContinue:
		return validation("ActionOnFailure for steps must be CONTINUE when the step concurrency level is greater than 1.")
	case isCommandRunner(st.HadoopJarStep.Jar) && len(st.HadoopJarStep.Args) == 0:
		return validation("Step %s: command-runner.jar needs arguments.", st.Name)
	}
	return st.validateLengths()
}

func (st *stepInput) validateLengths() error {
	j := st.HadoopJarStep
	texts := slices.Concat([]string{j.Jar, j.MainClass}, j.Args)
	for _, p := range j.Properties {
		texts = append(texts, p.Key, p.Value)
	}
	if tooLong(strings.Join(texts, ""), maxStepText) {
		return validation("The string values passed into HadoopJarStep object cannot exceed a total of %d characters.", maxStepText)
	}
	return nil
}

// validateRuntimeRole holds steps to having a runtime role or none.
func validateRuntimeRole(role string, required bool) error {
	if role == "" && required {
		return validation("Runtime roles are required for this cluster. Please specify the role using the ExecutionRoleArn parameter.")
	}
	return refuseRole(role, required)
}

func refuseRole(role string, supported bool) error {
	if role != "" && !supported {
		return validation("Runtime roles are not supported on this cluster. Please remove the ExecutionRoleArn parameter.")
	}
	return nil
}

func validateIdle(p *autoTerminationPolicy) error {
	if p == nil {
		return nil
	}
	if p.IdleTimeout == 0 {
		p.IdleTimeout = 3600 // EMR's default
	}
	if p.IdleTimeout < minIdleTimeout || p.IdleTimeout > maxIdleTimeout {
		return validation("The idle timeout of an auto-termination policy must be between %d and %d seconds.", minIdleTimeout, maxIdleTimeout)
	}
	return nil
}

func validateScaling(p *managedScalingPolicy) error {
	if p == nil {
		return nil
	}
	l := p.ComputeLimits
	switch {
	case l == nil:
		return validation("The managed scaling policy must have compute limits.")
	case l.MinimumCapacityUnits < 1 || l.MaximumCapacityUnits < l.MinimumCapacityUnits:
		return validation("MaximumCapacityUnits must be greater than or equal to MinimumCapacityUnits, which must be at least 1.")
	case outside(l.MaximumCoreCapacityUnits, 1, l.MaximumCapacityUnits) || outside(l.MaximumOnDemandCapacityUnits, 0, l.MaximumCapacityUnits):
		return validation("MaximumCoreCapacityUnits and MaximumOnDemandCapacityUnits must not be greater than MaximumCapacityUnits.")
	}
	return nil
}

func outside(n *int, low, high int) bool { return n != nil && (*n < low || *n > high) }

func validateTags(tags []tagShape) error {
	if len(tags) > maxTags {
		return tooManyTags()
	}
	for _, t := range tags {
		switch {
		case t.Key == "" || tooLong(t.Key, maxTagKey):
			return invalid("", "Invalid tag key: '%s'. Tag keys must be between 1 and %d characters in length.", t.Key, maxTagKey)
		case strings.HasPrefix(strings.ToLower(t.Key), "aws:"):
			return invalid("", "Invalid tag key: '%s'. Tag keys starting with 'aws:' are reserved.", t.Key)
		case tooLong(t.Value, maxTagValue):
			return invalid("", "Invalid tag value: '%s'. Tag values must be between 1 and %d characters in length.", t.Value, maxTagValue)
		}
	}
	return nil
}

func tooManyTags() error { return invalid("", "A resource can have at most %d tags.", maxTags) }

func tooLong(s string, limit int) bool { return utf8.RuneCountInString(s) > limit }
