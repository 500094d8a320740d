package awsproof

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/aws/aws-sdk-go-v2/service/emr/types"

	"ephemr/internal/emr/cluster"
)

// terminate ends the clusters of the probes and waits until they have ended.
func (w *world) terminate(ctx context.Context) error {
	return w.until(ctx, "the end of the clusters", func() (bool, error) {
		ids, ending, err := w.clusters(ctx)
		if err != nil {
			return false, err
		}
		for len(ids) > 0 {
			n := min(len(ids), 10) // of a call
			if _, err := w.emr.TerminateJobFlows(ctx, &emr.TerminateJobFlowsInput{JobFlowIds: ids[:n]}); err != nil {
				return false, fmt.Errorf("terminate clusters: %w", err)
			}
			ids, ending = ids[n:], true
		}
		return !ending, nil
	})
}

// clusters returns the clusters of the probes that run, and whether others of them are about to end.
func (w *world) clusters(ctx context.Context) (ids []string, ending bool, err error) {
	pages := emr.NewListClustersPaginator(w.emr, &emr.ListClustersInput{ClusterStates: []types.ClusterState{
		types.ClusterStateStarting, types.ClusterStateBootstrapping, types.ClusterStateRunning, types.ClusterStateWaiting, types.ClusterStateTerminating,
	}})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, false, fmt.Errorf("list clusters: %w", err)
		}
		for _, c := range page.Clusters {
			out, err := w.emr.DescribeCluster(ctx, &emr.DescribeClusterInput{ClusterId: c.Id})
			if err != nil {
				return nil, false, fmt.Errorf("describe cluster %s: %w", *c.Id, err)
			}
			switch {
			case !w.mine(out.Cluster.Tags):
			case c.Status.State == types.ClusterStateTerminating:
				ending = true
			default:
				ids = append(ids, *c.Id)
			}
		}
	}
	return ids, ending, nil
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
