package awsfake

import (
	"context"
	"errors"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/aws/aws-sdk-go-v2/service/emr/types"
)

// AddJobFlowSteps adds steps to a cluster. Each call adds them once more: EMR
// has no client token.
func (f *EMR) AddJobFlowSteps(ctx context.Context, in *emr.AddJobFlowStepsInput, _ ...func(*emr.Options)) (*emr.AddJobFlowStepsOutput, error) {
	return emrCall(ctx, f, "AddJobFlowSteps", func() (*emr.AddJobFlowStepsOutput, error) {
		clusters, err := f.some([]string{deref(in.JobFlowId)})
		if err != nil {
			return nil, err
		}
		c := clusters[0]
		if c.over() {
			return nil, validationEMR("A job flow that is shutting down, terminating, or finished may not be modified.")
		}
		if len(in.Steps) == 0 {
			return nil, validationEMR("At least one step must be given.")
		}
		if err := errors.Join(c.checkRole(in.ExecutionRoleArn), c.checkSteps(in.Steps)); err != nil {
			return nil, err
		}
		ids := f.addSteps(c, in.Steps, in.ExecutionRoleArn)
		f.schedule(c)
		return &emr.AddJobFlowStepsOutput{StepIds: ids}, nil
	})
}

// DescribeStep returns a step.
func (f *EMR) DescribeStep(ctx context.Context, in *emr.DescribeStepInput, _ ...func(*emr.Options)) (*emr.DescribeStepOutput, error) {
	return emrCall(ctx, f, "DescribeStep", func() (*emr.DescribeStepOutput, error) {
		c, err := f.cluster(in.ClusterId)
		if err != nil {
			return nil, err
		}
		i := slices.IndexFunc(c.steps, func(s *emrStep) bool { return s.id == deref(in.StepId) })
		if i < 0 {
			return nil, invalidEMR("Step id '%s' is not valid.", deref(in.StepId))
		}
		return &emr.DescribeStepOutput{Step: c.steps[i].describe()}, nil
	})
}

// ListSteps lists steps, the newest first, 50 a page.
func (f *EMR) ListSteps(ctx context.Context, in *emr.ListStepsInput, _ ...func(*emr.Options)) (*emr.ListStepsOutput, error) {
	return emrCall(ctx, f, "ListSteps", func() (*emr.ListStepsOutput, error) {
		c, err := f.cluster(in.ClusterId)
		if err != nil {
			return nil, err
		}
		all, err := c.newestSteps(in)
		if err != nil {
			return nil, err
		}
		all, marker, err := emrPageOf(all, in.Marker)
		if err != nil {
			return nil, err
		}
		out := &emr.ListStepsOutput{Marker: marker, Steps: []types.StepSummary{}}
		for _, s := range all {
			d := s.describe()
			out.Steps = append(out.Steps, types.StepSummary{Id: d.Id, Name: d.Name, ActionOnFailure: d.ActionOnFailure, Config: d.Config, Status: d.Status})
		}
		return out, nil
	})
}

func (c *emrCluster) newestSteps(in *emr.ListStepsInput) ([]*emrStep, error) {
	if len(in.StepIds) > maxStepIDs {
		return nil, validationEMR("1 validation error detected: Value at 'stepIds' failed to satisfy constraint: Member must have length less than or equal to %d", maxStepIDs)
	}
	if len(in.StepIds) > 0 && len(in.StepStates) > 0 {
		return nil, invalidEMR("Step ids and step states cannot be used together.")
	}
	var out []*emrStep
	for _, s := range slices.Backward(c.steps) {
		if (len(in.StepIds) == 0 || slices.Contains(in.StepIds, s.id)) && (len(in.StepStates) == 0 || slices.Contains(in.StepStates, s.state)) {
			out = append(out, s)
		}
	}
	return out, nil
}

// CancelSteps cancels steps that wait or run. It triggers no ActionOnFailure.
func (f *EMR) CancelSteps(ctx context.Context, in *emr.CancelStepsInput, _ ...func(*emr.Options)) (*emr.CancelStepsOutput, error) {
	return emrCall(ctx, f, "CancelSteps", func() (*emr.CancelStepsOutput, error) {
		c, err := f.cluster(in.ClusterId)
		if err != nil {
			return nil, err
		}
		out := &emr.CancelStepsOutput{CancelStepsInfoList: []types.CancelStepsInfo{}}
		for _, id := range in.StepIds {
			out.CancelStepsInfoList = append(out.CancelStepsInfoList, f.cancelStep(c, id, in.StepCancellationOption == types.StepCancellationOptionTerminateProcess))
		}
		return out, nil
	})
}
