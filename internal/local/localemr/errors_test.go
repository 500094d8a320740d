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
	group := func(role types.InstanceRoleType, n int32) types.InstanceGroupConfig {
		return types.InstanceGroupConfig{InstanceRole: role, InstanceType: new("m5.xlarge"), InstanceCount: &n}
	}
	groups := func(g ...types.InstanceGroupConfig) func(*emr.RunJobFlowInput) {
		return func(in *emr.RunJobFlowInput) { in.Instances.InstanceFleets, in.Instances.InstanceGroups = nil, g }
	}
	for _, tt := range []struct {
		name   string
		change func(*emr.RunJobFlowInput)
		want   string
	}{
		{"long name", func(in *emr.RunJobFlowInput) { in.Name = new(strings.Repeat("x", 257)) }, "ValidationException: 1 validation error detected: Value '" + strings.Repeat("x", 257) + "' at 'name' failed to satisfy constraint: Member must have length less than or equal to 256"},
		{"subnets for groups", func(in *emr.RunJobFlowInput) {
			groups(group(types.InstanceRoleTypeMaster, 1))(in)
			in.Instances.Ec2SubnetIds = []string{"subnet-1", "subnet-2"}
		}, "ValidationException: Only one subnet may be specified for clusters configured with instance groups*"},
		{"both kinds of subnet", func(in *emr.RunJobFlowInput) {
			in.Instances.Ec2SubnetId, in.Instances.Ec2SubnetIds = new("subnet-1"), []string{"subnet-2"}
		}, "ValidationException: Only one of Ec2SubnetId and Ec2SubnetIds may be specified."},
		{"spot timeout", func(in *emr.RunJobFlowInput) {
			in.Instances.InstanceFleets[0].LaunchSpecifications = &types.InstanceFleetProvisioningSpecifications{
				SpotSpecification: &types.SpotProvisioningSpecification{TimeoutDurationMinutes: new(int32(4)), TimeoutAction: "TERMINATE_CLUSTER"},
			}
		}, "ValidationException: The spot provisioning timeout must be between 5 and 1440 minutes."},
		{"no master group", groups(group(types.InstanceRoleTypeCore, 1)), "ValidationException: Zero master instance groups supplied, you must specify exactly one master instance group"},
		{"task group without core", groups(group(types.InstanceRoleTypeMaster, 1), group(types.InstanceRoleTypeTask, 1)), "ValidationException: Clusters with task nodes must also define core nodes."},
		{"two master nodes", groups(group(types.InstanceRoleTypeMaster, 2)), "ValidationException: A master instance group must specify a single instance*"},
		{"no arguments", func(in *emr.RunJobFlowInput) { in.Steps[0].HadoopJarStep.Args = nil }, "ValidationException: Step one: command-runner.jar needs arguments."},
		{"unsupported parameter", func(in *emr.RunJobFlowInput) { in.AmiVersion = new("3.11") }, "ValidationException: Unsupported parameter: localemr does not support the parameter AmiVersion of Amazon EMR. See docs/local.md."},
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
	over := st.run(request("over"))
	st.terminate(over)
	st.awaitCluster(over, types.ClusterStateTerminated)
	c := st.emr
	for _, tt := range []struct {
		name string
		call func() error
		want string
	}{
		{"groups of a fleet cluster", second(c.ListInstanceGroups(ctx, &emr.ListInstanceGroupsInput{ClusterId: &live})), "InvalidRequestException: Instance fleets and instance groups are mutually exclusive.*"},
		{"policy of terminated", second(c.RemoveAutoTerminationPolicy(ctx, &emr.RemoveAutoTerminationPolicyInput{ClusterId: &over})), "ValidationException: " + notModifiable},
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
		{"wrong type", "ElasticMapReduce.DescribeCluster", `{"ClusterId":7}`, 400, `{"Message":"NUMBER_VALUE can not be converted to a String","__type":"SerializationException"}`},
		{"unusual integer", "ElasticMapReduce.ModifyCluster", `{"ClusterId":"j-1","StepConcurrencyLevel":1e1}`, 400, `{"Message":"NUMBER_VALUE can not be converted to an Integer","__type":"SerializationException"}`},
		{"unknown parameter", "ElasticMapReduce.DescribeCluster", `{"ClusterId":"j-1","clusterID":"j-1"}`, 400, `"message":"Unsupported parameter: clusterID is not a parameter of DescribeCluster.`},
		{"unsupported operation", "ElasticMapReduce.CreateStudio", "{}", 400, `"message":"localemr does not support the operation CreateStudio of Amazon EMR. The supported operations are listed in docs/local.md."`},
		{"unknown operation", "ElasticMapReduce.MakeTea", "{}", 400, `"message":"localemr does not know MakeTea: Amazon EMR has no such operation. The supported operations are listed in docs/local.md."`},
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
