package awsfake

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/aws/aws-sdk-go-v2/service/emr/types"
)

// AddJobFlowSteps adds steps to a cluster. Each call adds them once more: EMR
// has no client token.
func (f *EMR) AddJobFlowSteps(ctx context.Context, in *emr.AddJobFlowStepsInput, _ ...func(*emr.Options)) (*emr.AddJobFlowStepsOutput, error) {
	return emrCall(ctx, f, "AddJobFlowSteps", func() (*emr.AddJobFlowStepsOutput, error) {
		clusters, err := f.jobFlows([]string{aws.ToString(in.JobFlowId)})
		if err != nil {
			return nil, err
		}
		c := clusters[0]
		if err := f.checkNewSteps(c, in); err != nil {
			return nil, err
		}
		ids := f.addSteps(c, in.Steps, in.ExecutionRoleArn)
		f.schedule(c)
		return &emr.AddJobFlowStepsOutput{StepIds: ids}, nil
	})
}

func (f *EMR) checkNewSteps(c *emrCluster, in *emr.AddJobFlowStepsInput) error {
	switch {
	case c.over():
		return validationEMR(textNotModifiable)
	case len(in.Steps) == 0:
		return validationEMR("At least one step must be specified.")
	}
	return firstError(
		func() error { return checkRole(in.ExecutionRoleArn, f.roles(c.in.SecurityConfiguration)) },
		func() error { return checkSteps(in.Steps, c.active(), int32(c.concurrency)) }, //nolint:gosec // at most 256
	)
}

// DescribeStep returns a step.
func (f *EMR) DescribeStep(ctx context.Context, in *emr.DescribeStepInput, _ ...func(*emr.Options)) (*emr.DescribeStepOutput, error) {
	return emrCall(ctx, f, "DescribeStep", func() (*emr.DescribeStepOutput, error) {
		c, err := f.cluster(in.ClusterId)
		if err != nil {
			return nil, err
		}
		found, err := c.pick([]string{aws.ToString(in.StepId)})
		if err != nil {
			return nil, err
		}
		return &emr.DescribeStepOutput{Step: found[0].describe()}, nil
	})
}

// pick returns steps in the order of ids.
func (c *emrCluster) pick(ids []string) ([]*emrStep, error) {
	var out []*emrStep
	for _, id := range ids {
		i := slices.IndexFunc(c.steps, func(s *emrStep) bool { return s.id == id })
		if i < 0 {
			return nil, invalidEMR("Step id '%s' is not valid.", id)
		}
		out = append(out, c.steps[i])
	}
	return out, nil
}

// ListSteps lists steps, 50 a page: those with ids in their order, otherwise the
// newest first.
func (f *EMR) ListSteps(ctx context.Context, in *emr.ListStepsInput, _ ...func(*emr.Options)) (*emr.ListStepsOutput, error) {
	return emrCall(ctx, f, "ListSteps", func() (*emr.ListStepsOutput, error) {
		if err := checkListSteps(in); err != nil {
			return nil, err
		}
		c, err := f.cluster(in.ClusterId)
		if err != nil {
			return nil, err
		}
		all, err := c.listSteps(in)
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

func checkListSteps(in *emr.ListStepsInput) error {
	switch {
	case len(in.StepIds) > 0 && len(in.StepStates) > 0:
		return invalidEMR("Cannot specify both StepIds and StepStates.")
	case len(in.StepIds) > maxStepIDs:
		return invalidEMR("You can specify at most %d step ids in a request.", maxStepIDs)
	}
	for _, state := range in.StepStates {
		if !slices.Contains(state.Values(), state) {
			return enumsError("stepStates", in.StepStates, state.Values())
		}
	}
	return nil
}

func (c *emrCluster) listSteps(in *emr.ListStepsInput) ([]*emrStep, error) {
	if len(in.StepIds) > 0 {
		return c.pick(in.StepIds)
	}
	var out []*emrStep
	for _, s := range slices.Backward(c.steps) {
		if len(in.StepStates) == 0 || slices.Contains(in.StepStates, s.state) {
			out = append(out, s)
		}
	}
	return out, nil
}

// CancelSteps cancels pending and running steps. It triggers no ActionOnFailure.
func (f *EMR) CancelSteps(ctx context.Context, in *emr.CancelStepsInput, _ ...func(*emr.Options)) (*emr.CancelStepsOutput, error) {
	return emrCall(ctx, f, "CancelSteps", func() (*emr.CancelStepsOutput, error) {
		option := in.StepCancellationOption
		if option != "" && !slices.Contains(option.Values(), option) {
			return nil, enumError("stepCancellationOption", option, option.Values())
		}
		c, err := f.cluster(in.ClusterId)
		if err != nil {
			return nil, err
		}
		if n := len(in.StepIds); n == 0 || n > c.maxCancelled() {
			return nil, invalidEMR("A maximum of %d steps are allowed in each CancelSteps request.", c.maxCancelled())
		}
		steps, err := c.pick(in.StepIds)
		if err != nil {
			return nil, err
		}
		out := &emr.CancelStepsOutput{CancelStepsInfoList: []types.CancelStepsInfo{}}
		for _, s := range steps {
			out.CancelStepsInfoList = append(out.CancelStepsInfoList, f.cancelStep(c, s, option == types.StepCancellationOptionTerminateProcess))
		}
		f.schedule(c)
		return out, nil
	})
}
