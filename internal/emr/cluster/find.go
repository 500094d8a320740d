package cluster

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/emr"

	"ephemr/internal/run"
)

// Finder looks for clusters by name.
type Finder interface {
	ListClusters(context.Context, *emr.ListClustersInput, ...func(*emr.Options)) (*emr.ListClustersOutput, error)
}

// find looks for a cluster by its name among those created since the run began.
// The intent's own time would not do: each resumed try sets it anew, and the
// cluster may be as old as the first.
func find(ctx context.Context, api Finder, r run.Run, a run.Cluster) (string, error) {
	in := &emr.ListClustersInput{CreatedAfter: aws.Time(r.StartedAt.Add(-run.Lease))} // clocks differ
	for p := emr.NewListClustersPaginator(api, in); p.HasMorePages(); {
		page, err := p.NextPage(ctx)
		if err != nil {
			return "", fmt.Errorf("look for cluster %s: %w", a.Name, err)
		}
		for _, s := range page.Clusters {
			if aws.ToString(s.Name) == a.Name {
				return aws.ToString(s.Id), nil
			}
		}
	}
	return "", nil
}
