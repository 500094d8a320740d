// Package emrapi is EMR as our functions call it: each call takes a token from
// the bucket of its API and one from the account's. EMR's own buckets are small
// and shared by everybody in the account; a call that they would refuse is
// refused here, before it is made, and the state machine waits instead of the
// Lambda.
package emrapi

import (
	"context"
	"errors"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/emr"

	"ephemr/internal/fault"
	"ephemr/internal/stage"
)

// API is EMR itself: the calls that functions make.
type API interface {
	RunJobFlow(context.Context, *emr.RunJobFlowInput, ...func(*emr.Options)) (*emr.RunJobFlowOutput, error)
	ListClusters(context.Context, *emr.ListClustersInput, ...func(*emr.Options)) (*emr.ListClustersOutput, error)
	DescribeCluster(context.Context, *emr.DescribeClusterInput, ...func(*emr.Options)) (*emr.DescribeClusterOutput, error)
	AddJobFlowSteps(context.Context, *emr.AddJobFlowStepsInput, ...func(*emr.Options)) (*emr.AddJobFlowStepsOutput, error)
	ListSteps(context.Context, *emr.ListStepsInput, ...func(*emr.Options)) (*emr.ListStepsOutput, error)
	CancelSteps(context.Context, *emr.CancelStepsInput, ...func(*emr.Options)) (*emr.CancelStepsOutput, error)
	TerminateJobFlows(context.Context, *emr.TerminateJobFlowsInput, ...func(*emr.Options)) (*emr.TerminateJobFlowsOutput, error)
	SetTerminationProtection(context.Context, *emr.SetTerminationProtectionInput, ...func(*emr.Options)) (*emr.SetTerminationProtectionOutput, error)
	ResizeAPI
}

// MaxCancelled is how many steps CancelSteps takes: more are refused from emr-7.14 on.
const MaxCancelled = 100

// Client is EMR within the budget. Paginators over it pay for each page.
type Client struct {
	emr    API
	budget *Budget
}

var _ API = (*Client)(nil)

// New returns api within the call budget of a stage.
func New(api API, db TableAPI, s stage.Settings) *Client {
	return &Client{emr: api, budget: &Budget{DB: db, Table: s.ClustersTable, Limits: s.Limits.EMR}}
}

// RunJobFlow creates a cluster.
func (c *Client) RunJobFlow(ctx context.Context, in *emr.RunJobFlowInput, o ...func(*emr.Options)) (*emr.RunJobFlowOutput, error) {
	return paid(ctx, c, "RunJobFlow", c.emr.RunJobFlow, in, o)
}

// ListClusters lists clusters, 50 a page.
func (c *Client) ListClusters(ctx context.Context, in *emr.ListClustersInput, o ...func(*emr.Options)) (*emr.ListClustersOutput, error) {
	return paid(ctx, c, "ListClusters", c.emr.ListClusters, in, o)
}

// DescribeCluster looks at a cluster.
func (c *Client) DescribeCluster(ctx context.Context, in *emr.DescribeClusterInput, o ...func(*emr.Options)) (*emr.DescribeClusterOutput, error) {
	return paid(ctx, c, "DescribeCluster", c.emr.DescribeCluster, in, o)
}

// AddJobFlowSteps adds steps to a cluster.
func (c *Client) AddJobFlowSteps(ctx context.Context, in *emr.AddJobFlowStepsInput, o ...func(*emr.Options)) (*emr.AddJobFlowStepsOutput, error) {
	return paid(ctx, c, "AddJobFlowSteps", c.emr.AddJobFlowSteps, in, o)
}

// ListSteps lists the steps of a cluster, 50 a page.
func (c *Client) ListSteps(ctx context.Context, in *emr.ListStepsInput, o ...func(*emr.Options)) (*emr.ListStepsOutput, error) {
	return paid(ctx, c, "ListSteps", c.emr.ListSteps, in, o)
}

// CancelSteps cancels steps that wait or run.
func (c *Client) CancelSteps(ctx context.Context, in *emr.CancelStepsInput, o ...func(*emr.Options)) (*emr.CancelStepsOutput, error) {
	return paid(ctx, c, "CancelSteps", c.emr.CancelSteps, in, o)
}

// TerminateJobFlows ends up to 10 clusters.
func (c *Client) TerminateJobFlows(ctx context.Context, in *emr.TerminateJobFlowsInput, o ...func(*emr.Options)) (*emr.TerminateJobFlowsOutput, error) {
	return paid(ctx, c, "TerminateJobFlows", c.emr.TerminateJobFlows, in, o)
}

// SetTerminationProtection protects clusters from TerminateJobFlows, or ends that.
func (c *Client) SetTerminationProtection(
	ctx context.Context, in *emr.SetTerminationProtectionInput, o ...func(*emr.Options),
) (*emr.SetTerminationProtectionOutput, error) {
	return paid(ctx, c, "SetTerminationProtection", c.emr.SetTerminationProtection, in, o)
}

// paid makes a call if the budget allows it.
func paid[In, Out any](
	ctx context.Context, c *Client, api string, call func(context.Context, *In, ...func(*emr.Options)) (*Out, error), in *In, o []func(*emr.Options),
) (*Out, error) {
	if err := c.budget.Take(ctx, api); err != nil {
		return nil, err
	}
	pay := func(ctx context.Context) error { return c.budget.Take(ctx, api) }
	out, err := call(ctx, in, slices.Concat([]func(*emr.Options){thrifty(pay)}, o)...)
	if _, ours := errors.AsType[*fault.Error](err); !ours && fault.NameOf(err) == fault.Throttled {
		c.budget.Drain(ctx, api)
	}
	return out, err
}
