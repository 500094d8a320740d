package awsfake

import (
	"cmp"
	"context"
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/aws/aws-sdk-go-v2/service/emr/types"
)

const (
	emrPage         = 50
	maxTerminations = 10
	maxStepIDs      = 10
)

// emrCall runs effect under the lock unless the call is throttled.
func emrCall[O any](ctx context.Context, f *EMR, op string, effect func() (*O, error)) (*O, error) {
	return call(ctx, &f.Control, op, func() (*O, error) {
		f.mu.Lock()
		defer f.mu.Unlock()
		if !f.limits.take(op) {
			return nil, Throttled()
		}
		return effect()
	})
}

// RunJobFlow creates a cluster. Each call creates one more: EMR has no client
// token.
func (f *EMR) RunJobFlow(ctx context.Context, in *emr.RunJobFlowInput, _ ...func(*emr.Options)) (*emr.RunJobFlowOutput, error) {
	return emrCall(ctx, f, "RunJobFlow", func() (*emr.RunJobFlowOutput, error) {
		if err := f.checkRunJobFlow(in); err != nil {
			return nil, err
		}
		c := f.newCluster(in)
		f.clusters[c.id] = c
		f.order = append(f.order, c)
		f.provision(c)
		f.addSteps(c, in.Steps, in.StepExecutionRoleArn)
		return &emr.RunJobFlowOutput{JobFlowId: new(c.id), ClusterArn: new(clusterARN(c.id))}, nil
	})
}

// DescribeCluster returns a cluster.
func (f *EMR) DescribeCluster(ctx context.Context, in *emr.DescribeClusterInput, _ ...func(*emr.Options)) (*emr.DescribeClusterOutput, error) {
	return emrCall(ctx, f, "DescribeCluster", func() (*emr.DescribeClusterOutput, error) {
		c, err := f.cluster(in.ClusterId)
		if err != nil {
			return nil, err
		}
		return &emr.DescribeClusterOutput{Cluster: c.describe()}, nil
	})
}

// ListClusters lists clusters in no particular order, 50 a page.
func (f *EMR) ListClusters(ctx context.Context, in *emr.ListClustersInput, _ ...func(*emr.Options)) (*emr.ListClustersOutput, error) {
	return emrCall(ctx, f, "ListClusters", func() (*emr.ListClustersOutput, error) {
		for _, state := range in.ClusterStates {
			if !slices.Contains(state.Values(), state) {
				return nil, enumsError("clusterStates", in.ClusterStates, state.Values())
			}
		}
		all := slices.Clone(f.order)
		slices.SortFunc(all, func(a, b *emrCluster) int { return cmp.Compare(hash(a.id), hash(b.id)) })
		all = slices.DeleteFunc(all, func(c *emrCluster) bool {
			return f.omitted[c.id] || len(in.ClusterStates) > 0 && !slices.Contains(in.ClusterStates, c.state) ||
				in.CreatedAfter != nil && c.created.Before(*in.CreatedAfter) || in.CreatedBefore != nil && c.created.After(*in.CreatedBefore)
		})
		all, marker, err := emrPageOf(all, in.Marker)
		if err != nil {
			return nil, err
		}
		out := &emr.ListClustersOutput{Marker: marker, Clusters: []types.ClusterSummary{}}
		for _, c := range all {
			out.Clusters = append(out.Clusters, types.ClusterSummary{Id: new(c.id), Name: new(c.name), ClusterArn: new(clusterARN(c.id)), Status: c.status()})
		}
		return out, nil
	})
}

// Omit makes ListClusters omit a cluster, as EMR may do with those that change
// during the call.
func (f *EMR) Omit(clusterID string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.omitted[clusterID] = true
}

// emrPageOf returns the page at marker.
func emrPageOf[T any](all []T, marker *string) (page []T, next *string, err error) {
	from := 0
	if marker != nil {
		if from, err = strconv.Atoi(*marker); err != nil || from < 0 {
			return nil, nil, invalidEMR("Marker '%s' is not valid.", *marker)
		}
	}
	all = all[min(from, len(all)):]
	if len(all) > emrPage {
		return all[:emrPage], new(strconv.Itoa(from + emrPage)), nil
	}
	return all, nil, nil
}

// TerminateJobFlows starts the end of up to 10 clusters. When one of them is
// protected, it ends none.
func (f *EMR) TerminateJobFlows(ctx context.Context, in *emr.TerminateJobFlowsInput, _ ...func(*emr.Options)) (*emr.TerminateJobFlowsOutput, error) {
	return emrCall(ctx, f, "TerminateJobFlows", func() (*emr.TerminateJobFlowsOutput, error) {
		clusters, err := f.jobFlows(in.JobFlowIds)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(clusters, func(c *emrCluster) bool { return c.protected && !c.over() }) {
			return nil, validationEMR("Could not shut down one or more job flows since they are termination protected.")
		}
		for _, c := range clusters {
			f.terminate(c, types.ClusterStateTerminated, types.ClusterStateChangeReasonCodeUserRequest, "Terminated by user request")
		}
		return &emr.TerminateJobFlowsOutput{}, nil
	})
}

// jobFlows finds clusters for the operations with JobFlowIds.
func (f *EMR) jobFlows(ids []string) ([]*emrCluster, error) {
	switch {
	case len(ids) == 0:
		return nil, validationEMR("Job flow ids must not be empty")
	case len(ids) > maxTerminations:
		return nil, validationEMR("You can specify at most %d job flow ids in a request.", maxTerminations)
	}
	var out []*emrCluster
	for _, id := range ids {
		c, ok := f.clusters[id]
		if !ok {
			return nil, validationEMR(textUnknownJobFlow)
		}
		out = append(out, c)
	}
	return out, nil
}

// SetTerminationProtection switches the protection from TerminateJobFlows.
func (f *EMR) SetTerminationProtection(ctx context.Context, in *emr.SetTerminationProtectionInput, _ ...func(*emr.Options)) (*emr.SetTerminationProtectionOutput, error) {
	return emrCall(ctx, f, "SetTerminationProtection", func() (*emr.SetTerminationProtectionOutput, error) {
		clusters, err := f.jobFlows(in.JobFlowIds)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(clusters, (*emrCluster).over) {
			return nil, validationEMR(textNotModifiable)
		}
		for _, c := range clusters {
			c.protected = aws.ToBool(in.TerminationProtected)
		}
		return &emr.SetTerminationProtectionOutput{}, nil
	})
}

// PutAutoTerminationPolicy sets how long a cluster may be idle.
func (f *EMR) PutAutoTerminationPolicy(ctx context.Context, in *emr.PutAutoTerminationPolicyInput, _ ...func(*emr.Options)) (*emr.PutAutoTerminationPolicyOutput, error) {
	return emrCall(ctx, f, "PutAutoTerminationPolicy", func() (*emr.PutAutoTerminationPolicyOutput, error) {
		if err := checkIdle(in.AutoTerminationPolicy); err != nil {
			return nil, err
		}
		c, err := f.cluster(in.ClusterId)
		if err != nil {
			return nil, err
		}
		if c.over() {
			return nil, validationEMR(textNotModifiable)
		}
		c.setIdle(in.AutoTerminationPolicy)
		f.watchIdle(c)
		return &emr.PutAutoTerminationPolicyOutput{}, nil
	})
}

// AddTags sets tags of a cluster.
func (f *EMR) AddTags(ctx context.Context, in *emr.AddTagsInput, _ ...func(*emr.Options)) (*emr.AddTagsOutput, error) {
	return emrCall(ctx, f, "AddTags", func() (*emr.AddTagsOutput, error) {
		if err := checkTags(in.Tags); err != nil {
			return nil, err
		}
		c, err := f.cluster(in.ResourceId)
		if err != nil {
			return nil, err
		}
		if c.end != nil {
			return nil, invalidEMR("Tags cannot be modified on terminated clusters.")
		}
		for _, tag := range in.Tags {
			c.tags = slices.DeleteFunc(c.tags, func(t types.Tag) bool { return aws.ToString(t.Key) == aws.ToString(tag.Key) })
			c.tags = append(c.tags, tag)
		}
		return &emr.AddTagsOutput{}, nil
	})
}
