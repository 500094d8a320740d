package acceptance_test

import (
	"context"
	"flag"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/aws/aws-sdk-go-v2/service/emr/types"

	"ephemr/internal/awsapi"
	"ephemr/internal/local/laptop"
	"ephemr/internal/proof/rights"
)

// callsDir is where the functions of a region record their calls.
func callsDir(region string) string { return filepath.Join(region, "calls") }

// recordCalls is the setting of a region that makes its functions record their calls.
func recordCalls(region string) string { return awsapi.RecordVariable + "=" + callsDir(region) }

// checkRights compares the calls that functions have made in all tests with the rights
// that they have on AWS, which are narrower than those in the region. After all tests it
// also checks that they have made the calls that storms leave out.
func checkRights(ctx context.Context, w *world) error {
	policies, err := rights.ReadPolicies("../infra/stacks/testdata/rights.golden.json")
	if err != nil {
		return err
	}
	calls, err := rights.ReadCalls(callsDir(w.region.Dir))
	if err != nil {
		return err
	}
	for _, recorded := range calls {
		for _, call := range recorded {
			for field, values := range call.Input { // the deployment generates this id
				for i := range values {
					call.Input[field][i] = strings.ReplaceAll(values[i], w.settings.Namespace, "ns-deployed")
				}
			}
		}
	}
	place := rights.Place{
		Account: laptop.Account, Region: laptop.Name, StateMachine: w.settings.StateMachine,
		ClusterTags: w.clusterTags(ctx), Tags: map[string]string{"ephemr:stage": laptop.Stage},
	}
	findings, used := rights.Missing(place, policies, calls)
	if flag.Lookup("test.run").Value.String() == "" {
		findings = append(findings, rights.NotRecorded(used, rights.Exceptions())...)
	}
	if len(findings) > 0 {
		return fmt.Errorf("rights of functions (docs/adr/0024-rights-by-recorded-calls.md):\n  %s", strings.Join(findings, "\n  "))
	}
	return nil
}

// clusterTags looks up the tags of clusters in the region.
func (w *world) clusterTags(ctx context.Context) func(id string) map[string]string {
	known := map[string]map[string]string{}
	return func(id string) map[string]string {
		if tags, ok := known[id]; ok {
			return tags
		}
		tags := map[string]string{}
		out, err := w.emr.DescribeCluster(ctx, &emr.DescribeClusterInput{ClusterId: &id})
		if err != nil { // it never existed: AWS denies such a call, and is right
			tags["ephemr:stage"] = laptop.Stage
			out = &emr.DescribeClusterOutput{Cluster: &types.Cluster{}}
		}
		for _, tag := range out.Cluster.Tags {
			tags[*tag.Key] = *tag.Value
		}
		known[id] = tags
		return tags
	}
}
