package step

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/aws/aws-sdk-go-v2/service/emr/types"

	"ephemr/internal/run"
)

// perCall is how many step ids ListSteps takes.
const perCall = 10

// list asks EMR about the steps of jobs, in as few calls as possible: without ids a
// call returns 50 steps, the newest first.
func (s *Steps) list(ctx context.Context, clusterID string, jobs []run.Job) (map[string]types.StepSummary, error) {
	found, left := map[string]types.StepSummary{}, map[string]bool{}
	for _, j := range jobs {
		left[j.StepID] = true
	}
	take := func(steps []types.StepSummary) (n int) {
		for _, st := range steps {
			if id := aws.ToString(st.Id); left[id] {
				found[id] = st
				delete(left, id)
				n++
			}
		}
		return n
	}
	for p := emr.NewListStepsPaginator(s.EMR, &emr.ListStepsInput{ClusterId: &clusterID}); len(left) > perCall && p.HasMorePages(); {
		page, err := p.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list steps of %s: %w", clusterID, err)
		}
		if take(page.Steps) < perCall {
			break // a cluster of a pool has many steps of other runs
		}
	}
	for ids := range slices.Chunk(slices.Sorted(maps.Keys(left)), perCall) {
		out, err := s.EMR.ListSteps(ctx, &emr.ListStepsInput{ClusterId: &clusterID, StepIds: ids})
		if err != nil {
			return nil, fmt.Errorf("list steps of %s: %w", clusterID, err)
		}
		take(out.Steps)
	}
	return found, nil
}
