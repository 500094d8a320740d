package awsfake

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/aws/aws-sdk-go-v2/service/emr/types"
	"github.com/aws/smithy-go/middleware"
)

// Client returns the SDK's client with f instead of the network. Parameters are
// validated by the SDK; operations that f does not have are unknown to EMR.
func (f *EMR) Client() *emr.Client {
	return emr.New(emr.Options{Region: "us-east-1", Credentials: aws.AnonymousCredentials{}, APIOptions: []func(*middleware.Stack) error{
		func(stack *middleware.Stack) error {
			return stack.Serialize.Add(middleware.SerializeMiddlewareFunc("awsfake", f.serve), middleware.Before)
		},
	}})
}

// ClusterRequest is a minimal valid request for a cluster that is kept alive.
func ClusterRequest(name string) *emr.RunJobFlowInput {
	return &emr.RunJobFlowInput{Name: &name, ReleaseLabel: new("emr-7.14.0"), ServiceRole: new("service"), JobFlowRole: new("instances"), Instances: &types.JobFlowInstancesConfig{
		KeepJobFlowAliveWhenNoSteps: new(true),
		InstanceFleets: []types.InstanceFleetConfig{{
			InstanceFleetType: types.InstanceFleetTypeMaster, TargetOnDemandCapacity: new(int32(1)),
			InstanceTypeConfigs: []types.InstanceTypeConfig{{InstanceType: new("m5.xlarge")}},
		}},
	}}
}

// serve answers a call before it is serialized.
func (f *EMR) serve(ctx context.Context, in middleware.SerializeInput, _ middleware.SerializeHandler) (out middleware.SerializeOutput, meta middleware.Metadata, err error) {
	operation, ok := emrOperations[middleware.GetOperationName(ctx)]
	if !ok {
		return out, meta, apiError("UnknownOperationException", "UnknownError")
	}
	out.Result, err = operation(ctx, f, in.Parameters)
	return out, meta, err
}

// EMROperations lists the operations of Client.
func EMROperations() []string {
	var all []string
	for op := range emrOperations {
		all = append(all, op)
	}
	return all
}

var emrOperations = map[string]func(context.Context, *EMR, any) (any, error){
	"AddInstanceFleet":         emrOperation((*EMR).AddInstanceFleet),
	"AddJobFlowSteps":          emrOperation((*EMR).AddJobFlowSteps),
	"AddTags":                  emrOperation((*EMR).AddTags),
	"CancelSteps":              emrOperation((*EMR).CancelSteps),
	"DescribeCluster":          emrOperation((*EMR).DescribeCluster),
	"DescribeStep":             emrOperation((*EMR).DescribeStep),
	"GetManagedScalingPolicy":  emrOperation((*EMR).GetManagedScalingPolicy),
	"ListClusters":             emrOperation((*EMR).ListClusters),
	"ListInstanceFleets":       emrOperation((*EMR).ListInstanceFleets),
	"ListSteps":                emrOperation((*EMR).ListSteps),
	"ModifyCluster":            emrOperation((*EMR).ModifyCluster),
	"ModifyInstanceFleet":      emrOperation((*EMR).ModifyInstanceFleet),
	"PutAutoTerminationPolicy": emrOperation((*EMR).PutAutoTerminationPolicy),
	"PutManagedScalingPolicy":  emrOperation((*EMR).PutManagedScalingPolicy),
	"RunJobFlow":               emrOperation((*EMR).RunJobFlow),
	"SetTerminationProtection": emrOperation((*EMR).SetTerminationProtection),
	"TerminateJobFlows":        emrOperation((*EMR).TerminateJobFlows),
}

// emrOperation converts an operation to untyped parameters and results.
func emrOperation[I, O any](do func(*EMR, context.Context, *I, ...func(*emr.Options)) (*O, error)) func(context.Context, *EMR, any) (any, error) {
	return func(ctx context.Context, f *EMR, params any) (any, error) {
		in, ok := params.(*I)
		if !ok {
			return nil, fmt.Errorf("unexpected input %T", params)
		}
		out, err := do(f, ctx, in)
		if err != nil {
			return nil, err // not a nil *O in an interface
		}
		return out, nil
	}
}
