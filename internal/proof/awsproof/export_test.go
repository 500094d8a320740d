package awsproof

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/emr/types"
)

// Terminate ends all clusters.
func Terminate(ctx context.Context, api clusterAPI) error {
	return clusters{api, func([]types.Tag) bool { return true }}.terminate(ctx, time.Second)
}

// Judge makes the report of observations.
func Judge(local bool, observations ...Observation) *Report {
	r := &Report{Local: local, Region: "eu-west-1", Observations: observations, accounts: []string{"111122223333"}}
	r.judge()
	return r
}
