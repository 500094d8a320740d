package cluster

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/emr"

	"ephemr/internal/fault"
)

// TerminateAPI is the part of EMR that ends clusters.
type TerminateAPI interface {
	TerminateJobFlows(context.Context, *emr.TerminateJobFlowsInput, ...func(*emr.Options)) (*emr.TerminateJobFlowsOutput, error)
	SetTerminationProtection(context.Context, *emr.SetTerminationProtectionInput, ...func(*emr.Options)) (*emr.SetTerminationProtectionOutput, error)
}

// perTermination is how many clusters one call ends.
const perTermination = 10

// Terminate ends clusters of the stage, also those with termination protection: a
// person or a policy of the account may have set it, and EMR sets it for clusters
// with three primary nodes. It ends all that it can, and returns them.
// Source: Amazon EMR Management Guide, "Using termination protection".
func Terminate(ctx context.Context, api TerminateAPI, ids ...string) (ended []string, _ error) {
	var errs []error
	for some := range slices.Chunk(ids, perTermination) {
		err := terminate(ctx, api, some...)
		if err == nil {
			ended = append(ended, some...)
			continue
		}
		if fault.NameOf(err) != fault.InvalidInput {
			errs = append(errs, err)
			continue
		}
		for _, id := range some { // EMR does not say which of them it refuses, nor whether it ended the others
			if err := terminateOne(ctx, api, id); err != nil {
				errs = append(errs, err)
				continue
			}
			ended = append(ended, id)
		}
	}
	return ended, errors.Join(errs...)
}

func terminate(ctx context.Context, api TerminateAPI, ids ...string) error {
	if _, err := api.TerminateJobFlows(ctx, &emr.TerminateJobFlowsInput{JobFlowIds: ids}); err != nil {
		return fmt.Errorf("terminate clusters %v: %w", ids, err)
	}
	return nil
}

// terminateOne ends a cluster, after switching off its protection if that is what
// stands against it. One that cannot be modified has ended.
func terminateOne(ctx context.Context, api TerminateAPI, id string) error {
	err := terminate(ctx, api, id)
	if fault.NameOf(err) != fault.InvalidInput {
		return err
	}
	_, unprotectErr := api.SetTerminationProtection(ctx, &emr.SetTerminationProtectionInput{JobFlowIds: []string{id}, TerminationProtected: aws.Bool(false)})
	if fault.NameOf(unprotectErr) == fault.InvalidInput {
		slog.InfoContext(ctx, "cluster is not there any more", "clusterId", id, "reason", unprotectErr.Error())
		return nil
	}
	if unprotectErr != nil {
		return fmt.Errorf("switch off termination protection of cluster %s: %w", id, unprotectErr)
	}
	slog.WarnContext(ctx, "termination protection switched off", "clusterId", id, "reason", err.Error())
	return terminate(ctx, api, id)
}
