package awsfake

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/aws/aws-sdk-go-v2/service/emr/types"

	"ephemr/internal/local/emrreleases"
	"ephemr/internal/profile"
)

// Limits of the API reference.
const (
	maxSteps               = 256   // pending and running in a cluster, and the highest concurrency
	maxStepText            = 10240 // characters of all strings of a HadoopJarStep
	maxFleetTypes          = 5     // without an allocation strategy
	maxFleetTypesAllocated = 30
	minIdleTimeout         = 60
	maxIdleTimeout         = 604800
	maxTagKey              = 128
	maxTagValue            = 256
)

const (
	textUnknownJobFlow = "Specified job flow ID does not exist."
	textNotModifiable  = "A job flow that is shutting down, terminated, or finished may not be modified."
)

// invalidEMR is the error of the newer operations, which have ClusterId.
func invalidEMR(format string, args ...any) error {
	return &types.InvalidRequestException{Message: aws.String(fmt.Sprintf(format, args...))}
}

// validationEMR is the error of the older operations, which have JobFlowIds.
func validationEMR(format string, args ...any) error {
	return apiError("ValidationException", fmt.Sprintf(format, args...))
}

// invalidated converts err to the error of the newer operations.
func invalidated(err error) error {
	if e, ok := asAPIError(err); ok {
		return invalidEMR("%s", e.ErrorMessage())
	}
	return err
}

func enumError[T ~string](field string, value T, known []T) error {
	return validationEMR("1 validation error detected: Value '%s' at '%s' failed to satisfy constraint: Member must satisfy enum value set: [%s]",
		value, field, joined(known))
}

// enumsError is the error of a list with a value outside its enum.
func enumsError[T ~string](field string, values, known []T) error {
	return validationEMR("1 validation error detected: Value '[%s]' at '%s' failed to satisfy constraint:"+
		" Member must satisfy constraint: [Member must satisfy enum value set: [%s]]", joined(values), field, joined(known))
}

func joined[T ~string](values []T) string {
	text := make([]string, len(values))
	for i, v := range values {
		text[i] = string(v)
	}
	return strings.Join(text, ", ")
}

// firstError runs checks until one fails.
func firstError(checks ...func() error) error {
	for _, check := range checks {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

func (f *EMR) checkRunJobFlow(in *emr.RunJobFlowInput) error {
	release := aws.ToString(in.ReleaseLabel)
	switch {
	case release == "":
		return validationEMR("Must specify exactly one of the following: release label, AMI version, or Hadoop version.")
	case aws.ToString(in.ServiceRole) == "":
		return validationEMR("ServiceRole is required for creating cluster.")
	case aws.ToString(in.JobFlowRole) == "":
		return validationEMR("InstanceProfile is required for creating cluster.")
	case in.StepConcurrencyLevel != nil && badConcurrency(*in.StepConcurrencyLevel):
		return validationEMR("The step concurrency level must be between 1 and %d.", maxSteps)
	}
	return firstError(
		func() error { return checkRelease(release, in.Applications) },
		func() error { return checkInstances(in.Instances) },
		func() error { return checkSteps(in.Steps, 0, max(1, aws.ToInt32(in.StepConcurrencyLevel))) },
		func() error { return refuseRole(in.StepExecutionRoleArn, f.roles(in.SecurityConfiguration)) },
		func() error { return checkTags(in.Tags) },
		func() error { return checkIdle(in.AutoTerminationPolicy) },
		func() error { return checkScaling(in.ManagedScalingPolicy, release) },
	)
}

func checkRelease(label string, applications []types.Application) error {
	release, ok := emrreleases.Find(label)
	if !ok {
		return validationEMR("The supplied release label is invalid: %s.", label)
	}
	for _, a := range applications {
		if _, ok := release.Application(aws.ToString(a.Name)); !ok {
			return validationEMR("The supplied application is not available in release %s: %s.", label, aws.ToString(a.Name))
		}
	}
	return nil
}

func badConcurrency(level int32) bool { return level < 1 || level > maxSteps }

// checkInstances accepts instance fleets only: profiles have no groups.
func checkInstances(in *types.JobFlowInstancesConfig) error {
	if in == nil || len(in.InstanceFleets) == 0 || len(in.InstanceGroups) > 0 || in.MasterInstanceType != nil {
		return validationEMR("Please configure instances using one and only one of the following: instance groups; instance fleets;" +
			" instance count, master and slave instance type.")
	}
	if (in.EmrManagedMasterSecurityGroup == nil) != (in.EmrManagedSlaveSecurityGroup == nil) {
		return validationEMR("You must specify both EmrManagedMasterSecurityGroup and EmrManagedSlaveSecurityGroup, or neither.")
	}
	return checkFleets(in.InstanceFleets)
}

func checkFleets(fleets []types.InstanceFleetConfig) error {
	seen := map[types.InstanceFleetType]bool{}
	for _, f := range fleets {
		kind := f.InstanceFleetType
		if err := checkFleet(&f); err != nil {
			return err
		}
		if seen[kind] {
			return validationEMR("Multiple %s instance fleets supplied, you must specify exactly one %[1]s instance fleet", strings.ToLower(string(kind)))
		}
		seen[kind] = true
	}
	switch {
	case !seen[types.InstanceFleetTypeMaster]:
		return validationEMR("No master instance fleets were supplied; you must specify exactly one master instance fleet." +
			" Revise the configuration and resubmit.")
	case seen[types.InstanceFleetTypeTask] && !seen[types.InstanceFleetTypeCore]:
		return validationEMR("Clusters with task instance fleets must also define core instance fleets.")
	}
	return nil
}

func checkFleet(f *types.InstanceFleetConfig) error {
	onDemand, spot := aws.ToInt32(f.TargetOnDemandCapacity), aws.ToInt32(f.TargetSpotCapacity)
	name := cmp.Or(aws.ToString(f.Name), "null")
	switch {
	case !slices.Contains(f.InstanceFleetType.Values(), f.InstanceFleetType):
		return enumError("instanceFleetType", f.InstanceFleetType, f.InstanceFleetType.Values())
	case f.InstanceFleetType == types.InstanceFleetTypeMaster && onDemand+spot != 1:
		return validationEMR("A master instance fleet can only have a target capacity of 1. Revise the configuration and resubmit.")
	case onDemand < 0 || spot < 0 || onDemand+spot < 1:
		return validationEMR("The instance fleet (%s) should have a value of one or greater for either targetOnDemandCapacity or targetSpotCapacity.", name)
	}
	return checkTypes(f, name)
}

func checkTypes(f *types.InstanceFleetConfig, name string) error {
	l, most := f.LaunchSpecifications, maxFleetTypes
	if l != nil && (l.OnDemandSpecification != nil || l.SpotSpecification != nil && l.SpotSpecification.AllocationStrategy != "") {
		most = maxFleetTypesAllocated
	}
	switch n := len(f.InstanceTypeConfigs); {
	case n == 0:
		return validationEMR("The instance fleet (%s) must have at least one instance type.", name)
	case n > most:
		return validationEMR("The instance fleet (%s) can have at most %d instance types.", name, most)
	}
	return nil
}

// checkSteps checks steps that are added to a number of active ones.
func checkSteps(steps []types.StepConfig, active int, level int32) error {
	for i, s := range steps {
		if err := checkStep(i+1, s, level); err != nil {
			return err
		}
	}
	if active+len(steps) > maxSteps {
		return validationEMR("Maximum number of active steps(State = 'Running', 'Pending' or 'Cancel_Pending') for cluster exceeded.")
	}
	return nil
}

var actions = []types.ActionOnFailure{
	types.ActionOnFailureTerminateJobFlow, types.ActionOnFailureTerminateCluster, types.ActionOnFailureCancelAndWait, types.ActionOnFailureContinue,
}

func checkStep(number int, s types.StepConfig, level int32) error {
	if s.HadoopJarStep == nil || aws.ToString(s.HadoopJarStep.Jar) == "" || aws.ToString(s.Name) == "" {
		return validationEMR("A step must have a name and a HadoopJarStep with a jar.") // the SDK does not send it
	}
	texts := append([]string{*s.HadoopJarStep.Jar, aws.ToString(s.HadoopJarStep.MainClass)}, s.HadoopJarStep.Args...)
	for _, p := range s.HadoopJarStep.Properties {
		texts = append(texts, aws.ToString(p.Key), aws.ToString(p.Value))
	}
	switch {
	case s.ActionOnFailure != "" && !slices.Contains(actions, s.ActionOnFailure):
		return enumError(fmt.Sprintf("steps.%d.member.actionOnFailure", number), s.ActionOnFailure, actions)
	case level > 1 && s.ActionOnFailure != types.ActionOnFailureContinue:
		return validationEMR("ActionOnFailure for steps must be CONTINUE when the step concurrency level is greater than 1.")
	case utf8.RuneCountInString(strings.Join(texts, "")) > maxStepText:
		return validationEMR("The string values passed into HadoopJarStep object cannot exceed a total of %d characters.", maxStepText)
	}
	return nil
}

// roles reports whether a security configuration asks for runtime roles.
func (f *EMR) roles(securityConfiguration *string) bool {
	name := aws.ToString(securityConfiguration)
	return name != "" && !slices.Contains(f.config.WithoutRoles, name)
}

// checkRole holds a cluster's steps to having a runtime role or none.
func checkRole(role *string, roles bool) error {
	if roles && aws.ToString(role) == "" {
		return validationEMR("Runtime roles are required for this cluster. Please specify the role using the ExecutionRoleArn parameter.")
	}
	return refuseRole(role, roles)
}

func refuseRole(role *string, roles bool) error {
	if aws.ToString(role) != "" && !roles {
		return validationEMR("Runtime roles are not supported on this cluster. Please remove the ExecutionRoleArn parameter.")
	}
	return nil
}

func checkTags(tags []types.Tag) error {
	for _, t := range tags {
		key, value := aws.ToString(t.Key), aws.ToString(t.Value)
		switch {
		case key == "" || utf8.RuneCountInString(key) > maxTagKey:
			return invalidEMR("Invalid tag key: '%s'. Tag keys must be between 1 and %d characters in length.", key, maxTagKey)
		case strings.HasPrefix(strings.ToLower(key), "aws:"):
			return invalidEMR("Invalid tag key: '%s'. Tag keys starting with 'aws:' are reserved.", key)
		case utf8.RuneCountInString(value) > maxTagValue:
			return invalidEMR("Invalid tag value: '%s'. Tag values must be between 1 and %d characters in length.", value, maxTagValue)
		}
	}
	return nil
}

func checkIdle(p *types.AutoTerminationPolicy) error {
	if p == nil || p.IdleTimeout == nil {
		return nil
	}
	if *p.IdleTimeout < minIdleTimeout || *p.IdleTimeout > maxIdleTimeout {
		return validationEMR("The idle timeout of an auto-termination policy must be between %d and %d seconds.", minIdleTimeout, maxIdleTimeout)
	}
	return nil
}

// checkScaling accepts the policy of a new cluster, which has instance fleets.
func checkScaling(p *types.ManagedScalingPolicy, release string) error {
	if p == nil {
		return nil
	}
	if err := checkLimits(p); err != nil {
		return err
	}
	switch unit := p.ComputeLimits.UnitType; {
	case unit != types.ComputeLimitsUnitTypeInstanceFleetUnits:
		return validationEMR("The unit type %s cannot be used with this cluster's instance collection type.", unit)
	case !profile.ReleaseAtLeast(release, 5, 30, 0) || release == "emr-6.0.0":
		return validationEMR("Managed scaling is not supported for release %s.", release)
	}
	return nil
}

func checkLimits(p *types.ManagedScalingPolicy) error {
	if p == nil || p.ComputeLimits == nil {
		return validationEMR("1 validation error detected: Value null at 'managedScalingPolicy' failed to satisfy constraint: Member must not be null")
	}
	l := p.ComputeLimits
	low, high := aws.ToInt32(l.MinimumCapacityUnits), aws.ToInt32(l.MaximumCapacityUnits)
	outside := func(n *int32, low int32) bool { return n != nil && (*n < low || *n > high) }
	switch {
	case low < 1 || high < low:
		return validationEMR("MaximumCapacityUnits must be greater than or equal to MinimumCapacityUnits, which must be at least 1.")
	case outside(l.MaximumCoreCapacityUnits, 1) || outside(l.MaximumOnDemandCapacityUnits, 0):
		return validationEMR("MaximumCoreCapacityUnits and MaximumOnDemandCapacityUnits must not be greater than MaximumCapacityUnits.")
	}
	return nil
}

// maxCancelled is the limit of step ids of one CancelSteps call.
func (c *emrCluster) maxCancelled() int {
	if profile.ReleaseAtLeast(aws.ToString(c.in.ReleaseLabel), 7, 14, 0) {
		return 100
	}
	return 256
}
