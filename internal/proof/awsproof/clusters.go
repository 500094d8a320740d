package awsproof

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/aws/aws-sdk-go-v2/service/emr/types"

	"ephemr/internal/emr/cluster"
)

// clusterAPI finds and ends clusters.
type clusterAPI interface {
	emr.ListClustersAPIClient
	emr.DescribeClusterAPIClient
	TerminateJobFlows(context.Context, *emr.TerminateJobFlowsInput, ...func(*emr.Options)) (*emr.TerminateJobFlowsOutput, error)
	SetTerminationProtection(context.Context, *emr.SetTerminationProtectionInput, ...func(*emr.Options)) (*emr.SetTerminationProtectionOutput, error)
}

// clusters are those that the probes or their runs have made.
type clusters struct {
	api  clusterAPI
	mine func([]types.Tag) bool
}

func (w *world) clusters() clusters { return clusters{w.emr, w.mine} }

// terminateWithin bounds one try to end all clusters; EMR takes minutes for each.
const terminateWithin = destroyWithin / 3

// terminate ends the clusters and waits until they have ended. They cost money: errors
// do not keep it from ending the others, and it goes on until none is left or ctx ends.
func (c clusters) terminate(ctx context.Context, every time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, terminateWithin)
	defer cancel()
	tick := time.NewTicker(every)
	defer tick.Stop()
	for last := error(nil); ; {
		ids, ending, err := c.list(ctx)
		for batch := range slices.Chunk(ids, maxTerminations) {
			err = errors.Join(err, c.end(ctx, batch))
		}
		if err == nil && !ending && len(ids) == 0 {
			return nil
		}
		if ctx.Err() == nil { // or the error says no more than that
			last = err
		}
		select {
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("wait for the end of the clusters: %w", context.Cause(ctx)), last)
		case <-tick.C:
		}
	}
}

// maxTerminations is how many clusters a call of TerminateJobFlows may name.
const maxTerminations = 10

// end terminates clusters: one by one where EMR refuses them together, as it does if
// one of them is protected.
func (c clusters) end(ctx context.Context, ids []string) error {
	_, err := c.api.TerminateJobFlows(ctx, &emr.TerminateJobFlowsInput{JobFlowIds: ids})
	if err == nil {
		return nil
	}
	var errs []error
	for _, id := range ids {
		one := []string{id}
		_, unprotected := c.api.SetTerminationProtection(ctx, &emr.SetTerminationProtectionInput{JobFlowIds: one, TerminationProtected: aws.Bool(false)})
		if _, err := c.api.TerminateJobFlows(ctx, &emr.TerminateJobFlowsInput{JobFlowIds: one}); err != nil {
			errs = append(errs, fmt.Errorf("terminate cluster %s: %w", id, errors.Join(unprotected, err)))
		}
	}
	return errors.Join(errs...)
}

// list returns the clusters that run, and whether others are about to end. With an
// error there may be more.
func (c clusters) list(ctx context.Context) (ids []string, ending bool, err error) {
	pages := emr.NewListClustersPaginator(c.api, &emr.ListClustersInput{ClusterStates: []types.ClusterState{
		types.ClusterStateStarting, types.ClusterStateBootstrapping, types.ClusterStateRunning, types.ClusterStateWaiting, types.ClusterStateTerminating,
	}})
	var errs []error
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			errs = append(errs, fmt.Errorf("list clusters: %w", err))
			break
		}
		for _, found := range page.Clusters {
			out, err := c.api.DescribeCluster(ctx, &emr.DescribeClusterInput{ClusterId: found.Id})
			switch {
			case err != nil:
				errs = append(errs, fmt.Errorf("describe cluster %s: %w", *found.Id, err))
			case !c.mine(out.Cluster.Tags):
			case found.Status.State == types.ClusterStateTerminating:
				ending = true
			default:
				ids = append(ids, *found.Id)
			}
		}
	}
	return ids, ending, errors.Join(errs...)
}

// mine reports whether the probes, or their runs, have made a cluster. A real stage
// proof belongs to them as a whole.
func (w *world) mine(tags []types.Tag) bool {
	own := cluster.Tag(tags, tagProof)
	if w.deployed {
		return cluster.Tag(tags, cluster.TagStage) == Stage || own != "" && (w.nonce == "" || own == w.nonce)
	}
	return own == w.nonce || strings.HasSuffix(cluster.Tag(tags, cluster.TagPool), "/proof-"+w.nonce)
}
