package step

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/emr"

	"ephemr/internal/run"
	"ephemr/internal/run/store"
)

// StepsAPI is the part of EMR that lists steps.
type StepsAPI interface {
	ListSteps(context.Context, *emr.ListStepsInput, ...func(*emr.Options)) (*emr.ListStepsOutput, error)
}

// adoptSteps records the claimed jobs whose steps the cluster has already and
// returns the others.
func adoptSteps(ctx context.Context, runs *store.Runs, api StepsAPI, rec *run.Record, clusterID string, claimed []*run.Job) ([]*run.Job, error) {
	ids := map[string]string{}
	for p := emr.NewListStepsPaginator(api, &emr.ListStepsInput{ClusterId: &clusterID}); p.HasMorePages(); {
		page, err := p.NextPage(ctx)
		if err != nil {
			return claimed, fmt.Errorf("look for steps: %w", err)
		}
		for _, st := range page.Steps {
			ids[aws.ToString(st.Name)] = aws.ToString(st.Id)
		}
	}
	var left []*run.Job
	for _, j := range claimed {
		id, ok := ids[rec.Cluster().Step(*j)]
		if !ok {
			left = append(left, j)
			continue
		}
		if err := submitted(ctx, runs, rec, clusterID, []*run.Job{j}, []string{id}); err != nil {
			return left, err
		}
	}
	return left, nil
}

func submitted(ctx context.Context, runs *store.Runs, rec *run.Record, clusterID string, jobs []*run.Job, ids []string) error {
	for i, j := range jobs {
		if _, err := runs.SubmittedJob(ctx, rec.Run.ID, *j, clusterID, ids[i]); err != nil {
			return err
		}
		j.State, j.ClusterID, j.StepID = run.JobRunning, clusterID, ids[i]
		slog.InfoContext(ctx, "step submitted", "runId", rec.Run.ID, "job", j.Name, "attempt", j.Attempt, "clusterId", clusterID, "stepId", ids[i])
	}
	return nil
}
