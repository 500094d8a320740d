package awsproof_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/aws/aws-sdk-go-v2/service/emr/types"

	"ephemr/internal/proof/awsfake"
	"ephemr/internal/proof/awsproof"
)

// Clusters are ended whatever fails, as long as there is time.
func TestTerminate(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(f *awsfake.EMR)
		left   int
	}{
		"all goes well":          {func(*awsfake.EMR) {}, 0},
		"a list fails":           {func(f *awsfake.EMR) { f.FailNext("ListClusters", awsfake.Throttled()) }, 0},
		"a description fails":    {func(f *awsfake.EMR) { f.FailNext("DescribeCluster", nil, awsfake.Throttled()) }, 0},
		"a termination fails":    {func(f *awsfake.EMR) { f.FailNext("TerminateJobFlows", awsfake.Throttled(), awsfake.Throttled()) }, 0},
		"terminations denied":    {func(f *awsfake.EMR) { f.Use(deny("EMR:TerminateJobFlows")) }, 12},
		"unprotecting is denied": {func(f *awsfake.EMR) { f.Use(deny("EMR:SetTerminationProtection")) }, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := awsfake.NewEMR(awsfake.EMRConfig{Protects: func(cluster string) bool { return cluster == "c-3" }})
				for n := range 12 {
					launch(t, f, fmt.Sprintf("c-%d", n))
				}
				time.Sleep(10 * time.Minute) // until they are ready, and one is protected
				tt.change(f)
				ctx, cancel := context.WithTimeout(t.Context(), 15*time.Minute)
				defer cancel()
				err := awsproof.Terminate(ctx, f)
				if (err != nil) != (tt.left > 0) || err != nil && !strings.Contains(err.Error(), "terminate cluster j-") {
					t.Errorf("got %v", err)
				}
				if n := running(t, f); n != tt.left {
					t.Errorf("%d clusters run, want %d", n, tt.left)
				}
			})
		})
	}
}

func deny(op string) *awsfake.Hooks {
	return &awsfake.Hooks{Before: func(called string) error {
		if called == op {
			return awsfake.Denied("elasticmapreduce:" + strings.TrimPrefix(op, "EMR:"))
		}
		return nil
	}}
}

func running(t *testing.T, f *awsfake.EMR) (n int) {
	t.Helper()
	f.Use(nil)
	out, err := f.ListClusters(t.Context(), &emr.ListClustersInput{ClusterStates: []types.ClusterState{types.ClusterStateRunning, types.ClusterStateWaiting}})
	if err != nil {
		t.Fatal(err)
	}
	return len(out.Clusters)
}

func launch(t *testing.T, f *awsfake.EMR, name string) {
	t.Helper()
	if _, err := f.RunJobFlow(t.Context(), awsfake.ClusterRequest(name)); err != nil {
		t.Fatal(err)
	}
}
