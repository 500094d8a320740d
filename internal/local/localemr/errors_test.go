package localemr_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/aws/aws-sdk-go-v2/service/emr/types"
	"github.com/aws/smithy-go"
)

// wants compares an error with "Code: message"; a message that ends in * is a prefix.
func wants(t *testing.T, err error, want string) {
	t.Helper()
	api, ok := errors.AsType[smithy.APIError](err)
	if !ok {
		t.Fatalf("got %v, want %s", err, want)
	}
	got := api.ErrorCode() + ": " + api.ErrorMessage()
	prefix, open := strings.CutSuffix(want, "*")
	if got != want && (!open || !strings.HasPrefix(got, prefix)) {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

const notModifiable = "A job flow that is shutting down, terminated, or finished may not be modified."

func TestRunJobFlowErrors(t *testing.T) {
	t.Parallel()
	st := begin(t)
	fleet := func(kind types.InstanceFleetType, onDemand int32, n int) types.InstanceFleetConfig {
		f := types.InstanceFleetConfig{InstanceFleetType: kind, TargetOnDemandCapacity: &onDemand}
		for range n {
			f.InstanceTypeConfigs = append(f.InstanceTypeConfigs, types.InstanceTypeConfig{InstanceType: new("m5.xlarge")})
		}
		return f
	}
	master := fleet(types.InstanceFleetTypeMaster, 1, 1)
	group := func(role types.InstanceRoleType, n int32) types.InstanceGroupConfig {
		return types.InstanceGroupConfig{InstanceRole: role, InstanceType: new("m5.xlarge"), InstanceCount: &n}
	}
	fleets := func(f ...types.InstanceFleetConfig) func(*emr.RunJobFlowInput) {
		return func(in *emr.RunJobFlowInput) { in.Instances.InstanceFleets = f }
	}
	groups := func(g ...types.InstanceGroupConfig) func(*emr.RunJobFlowInput) {
		return func(in *emr.RunJobFlowInput) { in.Instances.InstanceFleets, in.Instances.InstanceGroups = nil, g }
	}
	long := strings.Repeat("x", 10_241)
	for _, tt := range []struct {
		name   string
		change func(*emr.RunJobFlowInput)
		want   string
	}{
		{"no release", func(in *emr.RunJobFlowInput) { in.ReleaseLabel = nil }, "ValidationException: Must specify exactly one of the following: release label, AMI version, or Hadoop version."},
		{"bad release", func(in *emr.RunJobFlowInput) { in.ReleaseLabel = new("7.14") }, "ValidationException: The supplied release label is invalid: 7.14."},
		{"no name", func(in *emr.RunJobFlowInput) { in.Name = new("") }, "ValidationException: 1 validation error detected: Value null at 'name'*"},
		{"long name", func(in *emr.RunJobFlowInput) { in.Name = new(long[:257]) }, "ValidationException: 1 validation error detected: Value at 'name'*"},
		{"fleets and groups", func(in *emr.RunJobFlowInput) {
			in.Instances.InstanceGroups = []types.InstanceGroupConfig{group(types.InstanceRoleTypeMaster, 1)}
		}, "ValidationException: Please configure instances using one and only one of the following:*"},
		{"no instances", fleets(), "ValidationException: Please configure instances using one and only one of the following:*"},
		{"subnets for groups", func(in *emr.RunJobFlowInput) {
			groups(group(types.InstanceRoleTypeMaster, 1))(in)
			in.Instances.Ec2SubnetIds = []string{"subnet-1", "subnet-2"}
		}, "ValidationException: Only one subnet may be specified for clusters configured with instance groups*"},
		{"both kinds of subnet", func(in *emr.RunJobFlowInput) {
			in.Instances.Ec2SubnetId, in.Instances.Ec2SubnetIds = new("subnet-1"), []string{"subnet-2"}
		}, "ValidationException: Only one of Ec2SubnetId and Ec2SubnetIds may be specified."},
		{"no master fleet", fleets(fleet(types.InstanceFleetTypeCore, 1, 1)), "ValidationException: No master instance fleets were supplied*"},
		{"two master fleets", fleets(master, master), "ValidationException: Multiple master instance fleets supplied, you must specify exactly one master instance fleet"},
		{"task without core", fleets(master, fleet(types.InstanceFleetTypeTask, 1, 1)), "ValidationException: Clusters with task instance fleets must also define core instance fleets."},
		{"two masters", fleets(fleet(types.InstanceFleetTypeMaster, 2, 1)), "ValidationException: A master instance fleet can only have a target capacity of 1.*"},
		{"empty fleet", fleets(master, fleet(types.InstanceFleetTypeCore, 0, 1)), "ValidationException: The instance fleet (null) should have a value of one or greater*"},
		{"six types", fleets(fleet(types.InstanceFleetTypeMaster, 1, 6)), "ValidationException: The instance fleet (null) can have at most 5 instance types."},
		{"no types", fleets(fleet(types.InstanceFleetTypeMaster, 1, 0)), "ValidationException: The instance fleet (null) must have at least one instance type."},
		{"spot timeout", func(in *emr.RunJobFlowInput) {
			in.Instances.InstanceFleets[0].LaunchSpecifications = &types.InstanceFleetProvisioningSpecifications{
				SpotSpecification: &types.SpotProvisioningSpecification{TimeoutDurationMinutes: new(int32(4)), TimeoutAction: "TERMINATE_CLUSTER"},
			}
		}, "ValidationException: The spot provisioning timeout must be between 5 and 1440 minutes."},
		{"no master group", groups(group(types.InstanceRoleTypeCore, 1)), "ValidationException: Zero master instance groups supplied, you must specify exactly one master instance group"},
		{"task group without core", groups(group(types.InstanceRoleTypeMaster, 1), group(types.InstanceRoleTypeTask, 1)), "ValidationException: Clusters with task nodes must also define core nodes."},
		{"two master nodes", groups(group(types.InstanceRoleTypeMaster, 2)), "ValidationException: A master instance group must specify a single instance*"},
		{"concurrency", func(in *emr.RunJobFlowInput) { in.StepConcurrencyLevel = new(int32(257)) }, "ValidationException: The step concurrency level must be between 1 and 256."},
		{"action under concurrency", func(in *emr.RunJobFlowInput) {
			in.StepConcurrencyLevel = new(int32(2))
			in.Steps[0].ActionOnFailure = types.ActionOnFailureCancelAndWait
		}, "ValidationException: ActionOnFailure for steps must be CONTINUE*"},
		{"long argument", func(in *emr.RunJobFlowInput) { in.Steps[0].HadoopJarStep.Args = []string{long} }, "ValidationException: 1 validation error detected: Value at 'steps.member.hadoopJarStep'*"},
		{"no arguments", func(in *emr.RunJobFlowInput) { in.Steps[0].HadoopJarStep.Args = nil }, "ValidationException: Step one: command-runner.jar needs arguments."},
		{"unknown action", func(in *emr.RunJobFlowInput) { in.Steps[0].ActionOnFailure = "SHRUG" }, "ValidationException: 1 validation error detected: Value 'SHRUG' at 'actionOnFailure'*"},
		{"runtime role", func(in *emr.RunJobFlowInput) { in.StepExecutionRoleArn = new("arn:aws:iam::000000000000:role/job") }, "ValidationException: Runtime roles are not supported on this cluster*"},
		{"idle timeout", func(in *emr.RunJobFlowInput) {
			in.AutoTerminationPolicy = &types.AutoTerminationPolicy{IdleTimeout: new(int64(59))}
		}, "ValidationException: The idle timeout*"},
		{"empty tag", func(in *emr.RunJobFlowInput) { in.Tags = []types.Tag{{Key: new("")}} }, "InvalidRequestException: Invalid tag key: ''*"},
		{"unsupported parameter", func(in *emr.RunJobFlowInput) { in.AmiVersion = new("3.11") }, "ValidationException: Unsupported parameter: AmiVersion*"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			in := request("wrong", bash("one", "true"))
			tt.change(in)
			_, err := st.emr.RunJobFlow(t.Context(), in)
			wants(t, err, tt.want)
		})
	}
}

func TestOperationErrors(t *testing.T) {
	t.Parallel()
	st := begin(t)
	ctx := t.Context()
	live := st.run(request("live"))
	st.awaitCluster(live, types.ClusterStateWaiting)
	protected := request("protected")
	protected.Instances.TerminationProtected = new(true)
	safe := st.run(protected)
	over := st.run(request("over"))
	st.terminate(over)
	st.awaitCluster(over, types.ClusterStateTerminated)
	none := "j-NONE"
	step := []types.StepConfig{bash("one", "true")}
	many := make([]string, 11)
	for i := range many {
		many[i] = live
	}
	tooMany := make([]types.StepConfig, 257)
	for i := range tooMany {
		tooMany[i] = step[0]
	}
	c := st.emr
	for _, tt := range []struct {
		name string
		call func() error
		want string
	}{
		{"describe unknown", second(c.DescribeCluster(ctx, &emr.DescribeClusterInput{ClusterId: &none})), "InvalidRequestException: Cluster id 'j-NONE' is not valid."},
		{"list steps of unknown", second(c.ListSteps(ctx, &emr.ListStepsInput{ClusterId: &none})), "InvalidRequestException: Cluster id 'j-NONE' is not valid."},
		{"describe unknown step", second(c.DescribeStep(ctx, &emr.DescribeStepInput{ClusterId: &live, StepId: new("s-NONE")})), "InvalidRequestException: Step id 's-NONE' is not valid."},
		{"add to unknown", second(c.AddJobFlowSteps(ctx, &emr.AddJobFlowStepsInput{JobFlowId: &none, Steps: step})), "ValidationException: Specified job flow ID does not exist."},
		{"add to terminated", second(c.AddJobFlowSteps(ctx, &emr.AddJobFlowStepsInput{JobFlowId: &over, Steps: step})), "ValidationException: " + notModifiable},
		{"add too many", second(c.AddJobFlowSteps(ctx, &emr.AddJobFlowStepsInput{JobFlowId: &live, Steps: tooMany})), "ValidationException: Maximum number of active steps(State = 'Running', 'Pending' or 'Cancel_Pending') for cluster exceeded."},
		{"add none", second(c.AddJobFlowSteps(ctx, &emr.AddJobFlowStepsInput{JobFlowId: &live, Steps: []types.StepConfig{}})), "ValidationException: At least one step must be specified."},
		{"ids and states", second(c.ListSteps(ctx, &emr.ListStepsInput{ClusterId: &live, StepIds: many[:1], StepStates: []types.StepState{"PENDING"}})), "InvalidRequestException: Cannot specify both StepIds and StepStates."},
		{"eleven ids", second(c.ListSteps(ctx, &emr.ListStepsInput{ClusterId: &live, StepIds: many})), "InvalidRequestException: You can specify at most 10 step ids in a request."},
		{"unknown state", second(c.ListClusters(ctx, &emr.ListClustersInput{ClusterStates: []types.ClusterState{"ASLEEP"}})), "ValidationException: 1 validation error detected: Value 'ASLEEP' at 'clusterStates'*"},
		{"bad marker", second(c.ListClusters(ctx, &emr.ListClustersInput{Marker: new("?")})), "InvalidRequestException: Marker '?' is not valid."},
		{"cancel unknown", second(c.CancelSteps(ctx, &emr.CancelStepsInput{ClusterId: &live, StepIds: []string{"s-NONE"}})), "InvalidRequestException: Step id 's-NONE' is not valid."},
		{"cancel how", second(c.CancelSteps(ctx, &emr.CancelStepsInput{ClusterId: &live, StepIds: []string{"s-1"}, StepCancellationOption: "BEG"})), "ValidationException: 1 validation error detected: Value 'BEG' at 'stepCancellationOption'*"},
		{"terminate protected", second(c.TerminateJobFlows(ctx, &emr.TerminateJobFlowsInput{JobFlowIds: []string{safe}})), "ValidationException: Could not shut down one or more job flows since they are termination protected."},
		{"terminate eleven", second(c.TerminateJobFlows(ctx, &emr.TerminateJobFlowsInput{JobFlowIds: many})), "ValidationException: You can specify at most 10 job flow ids in a request."},
		{"terminate unknown", second(c.TerminateJobFlows(ctx, &emr.TerminateJobFlowsInput{JobFlowIds: []string{none}})), "ValidationException: Specified job flow ID does not exist."},
		{"protect terminated", second(c.SetTerminationProtection(ctx, &emr.SetTerminationProtectionInput{JobFlowIds: []string{over}, TerminationProtected: new(true)})), "ValidationException: " + notModifiable},
		{"modify terminated", second(c.ModifyCluster(ctx, &emr.ModifyClusterInput{ClusterId: &over, StepConcurrencyLevel: new(int32(2))})), "InvalidRequestException: " + notModifiable},
		{"modify wrong", second(c.ModifyCluster(ctx, &emr.ModifyClusterInput{ClusterId: &live, StepConcurrencyLevel: new(int32(0))})), "InvalidRequestException: The step concurrency level must be between 1 and 256."},
		{"tag terminated", second(c.AddTags(ctx, &emr.AddTagsInput{ResourceId: &over, Tags: []types.Tag{{Key: new("k")}}})), "InvalidRequestException: Tags cannot be modified on terminated clusters."},
		{"reserved tag", second(c.AddTags(ctx, &emr.AddTagsInput{ResourceId: &live, Tags: []types.Tag{{Key: new("aws:k")}}})), "InvalidRequestException: Invalid tag key: 'aws:k'*"},
		{"groups of a fleet cluster", second(c.ListInstanceGroups(ctx, &emr.ListInstanceGroupsInput{ClusterId: &live})), "InvalidRequestException: Instance fleets and instance groups are mutually exclusive.*"},
		{"unknown fleet", second(c.ModifyInstanceFleet(ctx, &emr.ModifyInstanceFleetInput{ClusterId: &live, InstanceFleet: &types.InstanceFleetModifyConfig{InstanceFleetId: new("if-NONE")}})), "InvalidRequestException: Instance fleet id 'if-NONE' is not valid."},
		{"unknown group", second(c.ModifyInstanceGroups(ctx, &emr.ModifyInstanceGroupsInput{InstanceGroups: []types.InstanceGroupModifyConfig{{InstanceGroupId: new("ig-NONE")}}})), "ValidationException: Instance group id 'ig-NONE' is not valid."},
		{"scaling limits", second(c.PutManagedScalingPolicy(ctx, &emr.PutManagedScalingPolicyInput{ClusterId: &live, ManagedScalingPolicy: &types.ManagedScalingPolicy{ComputeLimits: &types.ComputeLimits{UnitType: "Instances", MinimumCapacityUnits: new(int32(3)), MaximumCapacityUnits: new(int32(2))}}})), "ValidationException: MaximumCapacityUnits must be*"},
		{"policy of terminated", second(c.RemoveAutoTerminationPolicy(ctx, &emr.RemoveAutoTerminationPolicyInput{ClusterId: &over})), "ValidationException: " + notModifiable},
		{"unknown operation", second(c.ListReleaseLabels(ctx, &emr.ListReleaseLabelsInput{})), "UnknownOperationException: *"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			wants(t, tt.call(), tt.want)
		})
	}
}

// second keeps the error of a call that has been made.
func second[T any](_ T, err error) func() error { return func() error { return err } }

func TestRawProtocol(t *testing.T) {
	t.Parallel()
	st := begin(t)
	for _, tt := range []struct {
		name, target, body string
		status             int
		want               string
	}{
		{"not JSON", "ElasticMapReduce.ListClusters", "{", 400, `"__type":"SerializationException"`},
		{"wrong type", "ElasticMapReduce.DescribeCluster", `{"ClusterId":7}`, 400, `"__type":"SerializationException"`},
		{"no body", "ElasticMapReduce.ListClusters", "", 200, `{"Clusters":[]}`},
		{"another service", "DynamoDB_20120810.ListTables", "{}", 400, `"__type":"UnknownOperationException"`},
		{"newer error shape", "ElasticMapReduce.DescribeCluster", `{"ClusterId":"j-1"}`, 400, `"ErrorCode":"NoSuchCluster","Message":"Cluster id 'j-1' is not valid.","__type":"InvalidRequestException"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, st.http.URL+"/", strings.NewReader(tt.body))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("X-Amz-Target", tt.target)
			res, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = res.Body.Close() }()
			b, err := io.ReadAll(res.Body)
			if err != nil {
				t.Fatal(err)
			}
			if res.StatusCode != tt.status || !strings.Contains(string(b), tt.want) {
				t.Errorf("got %d %s", res.StatusCode, b)
			}
			if got := res.Header.Get("Content-Type"); got != "application/x-amz-json-1.1" {
				t.Errorf("content type: %s", got)
			}
		})
	}
}
