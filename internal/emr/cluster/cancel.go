package cluster

import (
	"context"
	"fmt"
	"log/slog"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/aws/aws-sdk-go-v2/service/emr/types"

	"ephemr/internal/emr/emrapi"
	"ephemr/internal/fault"
)

// Kill ends steps without asking their programs first.
func Kill(ctx context.Context, api StepsAPI, clusterID string, ids []string) error {
	slog.InfoContext(ctx, "kill steps", "clusterId", clusterID, "steps", ids)
	return Cancel(ctx, api, clusterID, ids, types.StepCancellationOptionTerminateProcess)
}

// Cancel cancels steps, as many in one call as EMR accepts. Steps that have ended
// by themselves are no error.
func Cancel(ctx context.Context, api StepsAPI, clusterID string, ids []string, option types.StepCancellationOption) error {
	for some := range slices.Chunk(ids, emrapi.MaxCancelled) {
		if err := cancel(ctx, api, clusterID, some, option); err != nil {
			return err
		}
	}
	return nil
}

// cancel makes one call. EMR refuses all steps of a call for one that it does not
// know any more: then those are cancelled that are busy.
func cancel(ctx context.Context, api StepsAPI, clusterID string, ids []string, option types.StepCancellationOption) error {
	call := func(ids []string) error {
		out, err := api.CancelSteps(ctx, &emr.CancelStepsInput{ClusterId: &clusterID, StepIds: ids, StepCancellationOption: option})
		if err != nil {
			return fmt.Errorf("cancel steps of %s: %w", clusterID, err)
		}
		report(ctx, clusterID, out.CancelStepsInfoList)
		return nil
	}
	refusal := call(ids)
	if fault.NameOf(refusal) != fault.InvalidInput {
		return refusal
	}
	busy, err := Busy(ctx, api, clusterID, func(string) bool { return true })
	if err != nil {
		return err
	}
	left := slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return !slices.Contains(busy, id) })
	if len(left) == 0 || len(left) == len(ids) {
		slog.InfoContext(ctx, "no steps cancelled", "clusterId", clusterID, "steps", left, "reason", refusal.Error())
		return nil
	}
	if err := call(left); fault.NameOf(err) != fault.InvalidInput {
		return err
	}
	return nil // they have ended since
}

// report logs the steps that EMR did not cancel: most have ended by themselves.
func report(ctx context.Context, clusterID string, infos []types.CancelStepsInfo) {
	for _, x := range infos {
		if x.Status == types.CancelStepsRequestStatusFailed {
			slog.InfoContext(ctx, "step not cancelled", "clusterId", clusterID, "stepId", aws.ToString(x.StepId), "reason", aws.ToString(x.Reason))
		}
	}
}
