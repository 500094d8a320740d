package emrbehaviour_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/aws/aws-sdk-go-v2/service/emr/types"
	"github.com/google/go-cmp/cmp"
)

const (
	unknownFlow    = "ValidationException: Specified job flow ID does not exist."
	unknownCluster = "InvalidRequestException: Cluster id 'j-NONE' is not valid. (client fault)"
	notModifiable  = "A job flow that is shutting down, terminated, or finished may not be modified."
)

// refusal is a call and its error.
type refusal struct {
	name string
	call func() error
	want string
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	emulations(t, settings{}, func(w *world) {
		live, over := w.run(), w.run()
		w.await(live, "WAITING")
		w.must(w.terminate(over))
		w.await(over, "TERMINATED")
		var got, want []string
		for _, r := range slices.Concat(w.runRefusals(), w.stepRefusals(live, over), w.clusterRefusals(live, over), w.fleetRefusals(live, over)) {
			got, want = append(got, r.name+": "+answer(r.call())), append(want, r.name+": "+r.want)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			w.t.Errorf("answers (-want +got):\n%s", diff)
		}
	})
}

func (w *world) runRefusals() []refusal {
	run := func(changes ...func(*emr.RunJobFlowInput)) func() error {
		return func() error {
			_, err := w.RunJobFlow(w.t.Context(), request(changes...))
			return err
		}
	}
	fleets := func(all ...types.InstanceFleetConfig) func(*emr.RunJobFlowInput) {
		return func(in *emr.RunJobFlowInput) { in.Instances.InstanceFleets = all }
	}
	master, core, task := types.InstanceFleetTypeMaster, types.InstanceFleetTypeCore, types.InstanceFleetTypeTask
	typed := func(f types.InstanceFleetConfig, n int) types.InstanceFleetConfig {
		f.InstanceTypeConfigs = slices.Repeat(f.InstanceTypeConfigs, n)
		return f
	}
	const shape = "ValidationException: Please configure instances using one and only one of the following: instance groups; instance fleets;" +
		" instance count, master and slave instance type."
	return []refusal{
		{"no name", run(func(in *emr.RunJobFlowInput) { in.Name = nil }), "client: 1 validation error(s) found. - missing required field, RunJobFlowInput.Name."},
		{"no release", run(func(in *emr.RunJobFlowInput) { in.ReleaseLabel = nil }), "ValidationException: Must specify exactly one of the following: release label, AMI version, or Hadoop version."},
		{"bad release", run(func(in *emr.RunJobFlowInput) { in.ReleaseLabel = new("7.14") }), "ValidationException: The supplied release label is invalid: 7.14."},
		{"unknown release", run(func(in *emr.RunJobFlowInput) { in.ReleaseLabel = new("emr-7.99.0") }), "ValidationException: The supplied release label is invalid: emr-7.99.0."},
		{"unknown application", run(func(in *emr.RunJobFlowInput) {
			in.Applications = []types.Application{{Name: new("spark")}, {Name: new("Snark")}}
		}), "ValidationException: The supplied application is not available in release emr-7.14.0: Snark."},
		{"no service role", run(func(in *emr.RunJobFlowInput) { in.ServiceRole = nil }), "ValidationException: ServiceRole is required for creating cluster."},
		{"no instance profile", run(func(in *emr.RunJobFlowInput) { in.JobFlowRole = nil }), "ValidationException: InstanceProfile is required for creating cluster."},
		{"no instances", run(fleets()), shape},
		{"fleets and groups", run(func(in *emr.RunJobFlowInput) {
			in.Instances.InstanceGroups = []types.InstanceGroupConfig{{InstanceRole: "MASTER", InstanceType: new("m5.xlarge"), InstanceCount: new(int32(1))}}
		}), shape},
		{
			"a security group of the primary alone", run(func(in *emr.RunJobFlowInput) { in.Instances.EmrManagedMasterSecurityGroup = new("sg-1") }),
			"ValidationException: You must specify both EmrManagedMasterSecurityGroup and EmrManagedSlaveSecurityGroup, or neither.",
		},
		{"no primary", run(fleets(fleet(core, 1, 0))), "ValidationException: No master instance fleets were supplied; you must specify exactly one master instance fleet. Revise the configuration and resubmit."},
		{"two primaries", run(fleets(fleet(master, 1, 0), fleet(master, 1, 0))), "ValidationException: Multiple master instance fleets supplied, you must specify exactly one master instance fleet"},
		{"a primary of two units", run(fleets(fleet(master, 2, 0))), "ValidationException: A master instance fleet can only have a target capacity of 1. Revise the configuration and resubmit."},
		{"task without core", run(fleets(fleet(master, 1, 0), fleet(task, 1, 0))), "ValidationException: Clusters with task instance fleets must also define core instance fleets."},
		{"no units", run(fleets(fleet(master, 1, 0), fleet(core, 0, 0))), "ValidationException: The instance fleet (null) should have a value of one or greater for either targetOnDemandCapacity or targetSpotCapacity."},
		{"no types", run(fleets(typed(fleet(master, 1, 0), 0))), "ValidationException: The instance fleet (null) must have at least one instance type."},
		{"six types", run(fleets(typed(fleet(master, 1, 0), 6))), "ValidationException: The instance fleet (null) can have at most 5 instance types."},
		{"concurrency 0", run(atOnce(0)), "ValidationException: The step concurrency level must be between 1 and 256."},
		{"concurrency 257", run(atOnce(257)), "ValidationException: The step concurrency level must be between 1 and 256."},
		{"idle timeout too short", run(idle(59)), "ValidationException: The idle timeout of an auto-termination policy must be between 60 and 604800 seconds."},
		{"idle timeout too long", run(idle(604_801)), "ValidationException: The idle timeout of an auto-termination policy must be between 60 and 604800 seconds."},
		{"too many steps", run(withSteps(slices.Repeat([]types.StepConfig{step(completes)}, 257)...)), "ValidationException: Maximum number of active steps(State = 'Running', 'Pending' or 'Cancel_Pending') for cluster exceeded."},
		{"an action with concurrency", run(atOnce(2), withSteps(action(completes, "CANCEL_AND_WAIT"))), "ValidationException: ActionOnFailure for steps must be CONTINUE when the step concurrency level is greater than 1."},
		{"a runtime role", run(func(in *emr.RunJobFlowInput) { in.StepExecutionRoleArn = new("arn:aws:iam::000000000000:role/job") }), "ValidationException: Runtime roles are not supported on this cluster. Please remove the ExecutionRoleArn parameter."},
		{"a tag without a key", run(func(in *emr.RunJobFlowInput) { in.Tags = []types.Tag{{Key: new("")}} }), "InvalidRequestException: Invalid tag key: ''. Tag keys must be between 1 and 128 characters in length. (client fault)"},
	}
}

func (w *world) stepRefusals(live, over string) []refusal {
	add := func(id string, steps ...types.StepConfig) func() error {
		return func() error { return w.tryAdd(id, steps...) }
	}
	withArgs := func(args ...string) types.StepConfig {
		s := step(completes)
		s.HadoopJarStep.Args = args
		return s
	}
	cancel := func(id string, how types.StepCancellationOption, steps ...string) func() error {
		return func() error {
			_, err := w.CancelSteps(w.t.Context(), &emr.CancelStepsInput{ClusterId: &id, StepIds: steps, StepCancellationOption: how})
			return err
		}
	}
	list := func(in emr.ListStepsInput) func() error {
		return func() error {
			_, err := w.ListSteps(w.t.Context(), &in)
			return err
		}
	}
	describe := func(id, step string) func() error {
		return func() error {
			_, err := w.DescribeStep(w.t.Context(), &emr.DescribeStepInput{ClusterId: &id, StepId: &step})
			return err
		}
	}
	none := "j-NONE"
	const tooLong = "ValidationException: The string values passed into HadoopJarStep object cannot exceed a total of 10240 characters."
	jar := len("command-runner.jar")
	return []refusal{
		{"add to an unknown cluster", add(none, step(completes)), unknownFlow},
		{"add to a terminated cluster", add(over, step(completes)), "ValidationException: " + notModifiable},
		{"add nothing", add(live, []types.StepConfig{}...), "ValidationException: At least one step must be specified."},
		{"add with an unknown action", add(live, action(completes, "SHRUG")), "ValidationException: 1 validation error detected: Value 'SHRUG' at 'steps.1.member.actionOnFailure' failed to satisfy constraint: Member must satisfy enum value set: [TERMINATE_JOB_FLOW, TERMINATE_CLUSTER, CANCEL_AND_WAIT, CONTINUE]"},
		{"add with a role", func() error {
			_, err := w.AddJobFlowSteps(w.t.Context(), &emr.AddJobFlowStepsInput{JobFlowId: &live, Steps: []types.StepConfig{step(completes)}, ExecutionRoleArn: new("arn:aws:iam::000000000000:role/job")})
			return err
		}, "ValidationException: Runtime roles are not supported on this cluster. Please remove the ExecutionRoleArn parameter."},
		{"10,240 characters", add(live, withArgs("true", strings.Repeat("ä", 10_240-jar-len("true")))), "ok"},
		{"10,241 characters in one", add(live, withArgs("true", strings.Repeat("ä", 10_241-jar-len("true")))), tooLong},
		{"10,241 characters in several", add(live, withArgs(append(slices.Repeat([]string{"x"}, 10_240-jar), "y")...)), tooLong},
		{"describe one of an unknown cluster", describe(none, "s-NONE"), unknownCluster},
		{"describe an unknown one", describe(live, "s-NONE"), "InvalidRequestException: Step id 's-NONE' is not valid. (client fault)"},
		{"list those of an unknown cluster", list(emr.ListStepsInput{ClusterId: &none}), unknownCluster},
		{"list without a cluster", list(emr.ListStepsInput{}), "client: 1 validation error(s) found. - missing required field, ListStepsInput.ClusterId."},
		{"list an unknown one", list(emr.ListStepsInput{ClusterId: &live, StepIds: []string{"s-NONE"}}), "InvalidRequestException: Step id 's-NONE' is not valid. (client fault)"},
		{"list eleven", list(emr.ListStepsInput{ClusterId: &live, StepIds: slices.Repeat([]string{"s-NONE"}, 11)}), "InvalidRequestException: You can specify at most 10 step ids in a request. (client fault)"},
		{"list by ids and states", list(emr.ListStepsInput{ClusterId: &live, StepIds: []string{"s-NONE"}, StepStates: []types.StepState{"PENDING"}}), "InvalidRequestException: Cannot specify both StepIds and StepStates. (client fault)"},
		{"list by an unknown state", list(emr.ListStepsInput{ClusterId: &live, StepStates: []types.StepState{"ASLEEP"}}), "ValidationException: 1 validation error detected: Value '[ASLEEP]' at 'stepStates' failed to satisfy constraint: Member must satisfy constraint: [Member must satisfy enum value set: [PENDING, CANCEL_PENDING, RUNNING, COMPLETED, CANCELLED, FAILED, INTERRUPTED]]"},
		{"list with an invalid marker", list(emr.ListStepsInput{ClusterId: &live, Marker: new("?")}), "InvalidRequestException: Marker '?' is not valid. (client fault)"},
		{"cancel on an unknown cluster", cancel(none, "", "s-NONE"), unknownCluster},
		{"cancel an unknown one", cancel(live, "", "s-NONE"), "InvalidRequestException: Step id 's-NONE' is not valid. (client fault)"},
		{"cancel with an unknown option", cancel(live, "BEG", "s-NONE"), "ValidationException: 1 validation error detected: Value 'BEG' at 'stepCancellationOption' failed to satisfy constraint: Member must satisfy enum value set: [SEND_INTERRUPT, TERMINATE_PROCESS]"},
	}
}

func (w *world) clusterRefusals(live, over string) []refusal {
	ctx := w.t.Context()
	none := "j-NONE"
	describe := func(id *string) func() error {
		return func() error {
			_, err := w.DescribeCluster(ctx, &emr.DescribeClusterInput{ClusterId: id})
			return err
		}
	}
	terminate := func(ids ...string) func() error { return func() error { return w.terminate(ids...) } }
	protect := func(ids ...string) func() error {
		return func() error {
			_, err := w.SetTerminationProtection(ctx, &emr.SetTerminationProtectionInput{JobFlowIds: ids, TerminationProtected: new(true)})
			return err
		}
	}
	modify := func(id string, level int32) func() error {
		return func() error {
			_, err := w.ModifyCluster(ctx, &emr.ModifyClusterInput{ClusterId: &id, StepConcurrencyLevel: &level})
			return err
		}
	}
	tag := func(id, key, value string) func() error {
		return func() error {
			_, err := w.AddTags(ctx, &emr.AddTagsInput{ResourceId: &id, Tags: []types.Tag{{Key: &key, Value: &value}}})
			return err
		}
	}
	policy := func(id string, seconds int64) func() error {
		return func() error {
			_, err := w.PutAutoTerminationPolicy(ctx, &emr.PutAutoTerminationPolicyInput{ClusterId: &id, AutoTerminationPolicy: &types.AutoTerminationPolicy{IdleTimeout: &seconds}})
			return err
		}
	}
	list := func(in emr.ListClustersInput) func() error {
		return func() error {
			_, err := w.ListClusters(ctx, &in)
			return err
		}
	}
	const eleven = "ValidationException: You can specify at most 10 job flow ids in a request."
	return []refusal{
		{"describe an unknown one", describe(&none), unknownCluster},
		{"describe none", describe(nil), "client: 1 validation error(s) found. - missing required field, DescribeClusterInput.ClusterId."},
		{"list by an unknown state", list(emr.ListClustersInput{ClusterStates: []types.ClusterState{"ASLEEP"}}), "ValidationException: 1 validation error detected: Value '[ASLEEP]' at 'clusterStates' failed to satisfy constraint: Member must satisfy constraint: [Member must satisfy enum value set: [STARTING, BOOTSTRAPPING, RUNNING, WAITING, TERMINATING, TERMINATED, TERMINATED_WITH_ERRORS]]"},
		{"list with an invalid marker", list(emr.ListClustersInput{Marker: new("?")}), "InvalidRequestException: Marker '?' is not valid. (client fault)"},
		{"terminate an unknown one", terminate(none), unknownFlow},
		{"terminate an unknown one beside another", terminate(live, none), unknownFlow},
		{"terminate none", terminate([]string{}...), "ValidationException: Job flow ids must not be empty"},
		{"terminate eleven", terminate(slices.Repeat([]string{live}, 11)...), eleven},
		{"protect an unknown one", protect(none), unknownFlow},
		{"protect a terminated one", protect(over), "ValidationException: " + notModifiable},
		{"protect eleven", protect(slices.Repeat([]string{live}, 11)...), eleven},
		{"modify an unknown one", modify(none, 2), unknownCluster},
		{"modify a terminated one", modify(over, 2), "InvalidRequestException: " + notModifiable + " (client fault)"},
		{"concurrency 0", modify(live, 0), "InvalidRequestException: The step concurrency level must be between 1 and 256. (client fault)"},
		{"concurrency 257", modify(live, 257), "InvalidRequestException: The step concurrency level must be between 1 and 256. (client fault)"},
		{"tag an unknown one", tag(none, "k", "v"), unknownCluster},
		{"tag a terminated one", tag(over, "k", "v"), "InvalidRequestException: Tags cannot be modified on terminated clusters. (client fault)"},
		{"tag without a key", tag(live, "", "v"), "InvalidRequestException: Invalid tag key: ''. Tag keys must be between 1 and 128 characters in length. (client fault)"},
		{"tag with a reserved key", tag(live, "aws:k", "v"), "InvalidRequestException: Invalid tag key: 'aws:k'. Tag keys starting with 'aws:' are reserved. (client fault)"},
		{"tag with a long value", tag(live, "k", strings.Repeat("v", 257)), "InvalidRequestException: Invalid tag value: '" + strings.Repeat("v", 257) + "'. Tag values must be between 1 and 256 characters in length. (client fault)"},
		{"a policy for an unknown one", policy(none, 60), unknownCluster},
		{"a policy for a terminated one", policy(over, 60), "ValidationException: " + notModifiable},
		{"idle timeout too short", policy(live, 59), "ValidationException: The idle timeout of an auto-termination policy must be between 60 and 604800 seconds."},
		{"idle timeout too long", policy(live, 604_801), "ValidationException: The idle timeout of an auto-termination policy must be between 60 and 604800 seconds."},
	}
}

func (w *world) fleetRefusals(live, over string) []refusal {
	ctx := w.t.Context()
	all := w.fleets(live)
	master, core := *all[0].Id, *all[1].Id
	gone := *w.fleets(over)[1].Id
	modify := func(id, fleet string, onDemand, spot *int32) func() error {
		return func() error { return w.modify(id, fleet, onDemand, spot) }
	}
	add := func(id string, f types.InstanceFleetConfig) func() error {
		return func() error { return w.addFleet(id, f) }
	}
	limits := func(id string, unit types.ComputeLimitsUnitType, low int32) func() error {
		return func() error { return w.limits(id, unit, low, 2) }
	}
	none, one := new(int32(0)), new(int32(1))
	task := fleet(types.InstanceFleetTypeTask, 1, 0)
	return []refusal{
		{"list those of an unknown cluster", func() error {
			_, err := w.ListInstanceFleets(ctx, &emr.ListInstanceFleetsInput{ClusterId: new("j-NONE")})
			return err
		}, unknownCluster},
		{"modify one of an unknown cluster", modify("j-NONE", core, one, one), unknownCluster},
		{"modify an unknown one", modify(live, "if-NONE", one, one), "InvalidRequestException: Instance fleet id 'if-NONE' is not valid. (client fault)"},
		{"modify one of a terminated cluster", modify(over, gone, one, one), "InvalidRequestException: An instance fleet may only be modified when the cluster is running or waiting. (client fault)"},
		{"modify with one target", modify(live, core, one, nil), "InvalidRequestException: The instance fleet (if-ID) should have both targetOnDemandCapacity and targetSpotCapacity specified. (client fault)"},
		{"modify the primary fleet", modify(live, master, one, one), "InvalidRequestException: A master instance fleet may not be resized. (client fault)"},
		{"modify the core fleet to 0", modify(live, core, none, none), "InvalidRequestException: The core instance fleet has an invalid target capacity. (client fault)"},
		{"modify to a negative target", modify(live, core, new(int32(-1)), new(int32(3))), "ValidationException: 1 validation error detected: Value '-1' at 'instanceFleet.targetOnDemandCapacity' failed to satisfy constraint: Member must have value greater than or equal to 0"},
		{"add to an unknown cluster", add("j-NONE", task), unknownCluster},
		{"add to a terminated cluster", add(over, task), "InvalidRequestException: An instance fleet may only be added when the cluster is running or waiting. (client fault)"},
		{"add a core fleet", add(live, fleet(types.InstanceFleetTypeCore, 1, 0)), "InvalidRequestException: Only a task instance fleet can be added to a running cluster. (client fault)"},
		{"add", add(live, task), "ok"},
		{"add another", add(live, task), "InvalidRequestException: The cluster j-ID already has a task instance fleet. (client fault)"},
		{"scale an unknown cluster", limits("j-NONE", "InstanceFleetUnits", 1), unknownCluster},
		{"scale a terminated cluster", limits(over, "InstanceFleetUnits", 1), "ValidationException: " + notModifiable},
		{"scale groups", limits(live, "Instances", 1), "ValidationException: The unit type Instances cannot be used with this cluster's instance collection type."},
		{"scale with minimum over maximum", limits(live, "InstanceFleetUnits", 3), "ValidationException: MaximumCapacityUnits must be greater than or equal to MinimumCapacityUnits, which must be at least 1."},
		{"scale with minimum 0", limits(live, "InstanceFleetUnits", 0), "ValidationException: MaximumCapacityUnits must be greater than or equal to MinimumCapacityUnits, which must be at least 1."},
	}
}
