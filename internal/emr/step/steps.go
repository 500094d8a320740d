// Package step carries attempts of jobs as steps of an EMR cluster: it submits
// each once, finds it again by its name, says how it ended and cancels it.
//
// Tested by statemachines and internal/proof/simulation.
package step

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/aws/aws-sdk-go-v2/service/emr/types"

	"ephemr/internal/emr/cluster"
	"ephemr/internal/emr/pool"
	"ephemr/internal/engine"
	"ephemr/internal/fault"
	"ephemr/internal/result"
	"ephemr/internal/run"
)

// API is the part of EMR that adds, lists and cancels steps, and describes the
// cluster under them.
type API interface {
	AddJobFlowSteps(context.Context, *emr.AddJobFlowStepsInput, ...func(*emr.Options)) (*emr.AddJobFlowStepsOutput, error)
	ListSteps(context.Context, *emr.ListStepsInput, ...func(*emr.Options)) (*emr.ListStepsOutput, error)
	CancelSteps(context.Context, *emr.CancelStepsInput, ...func(*emr.Options)) (*emr.CancelStepsOutput, error)
	DescribeCluster(context.Context, *emr.DescribeClusterInput, ...func(*emr.Options)) (*emr.DescribeClusterOutput, error)
}

// Sizes give clusters the task units that jobs request.
type Sizes interface {
	// Fit ensures that the cluster of attempt a has the task units that jobs of its
	// run request now, and returns what became of it. It never fails.
	Fit(ctx context.Context, rec *run.Record, a run.Cluster, want int) string
}

// Steps submits, observes and cancels the steps of runs.
type Steps struct {
	Region  string
	EMR     API
	Pools   *pool.Store
	Sizes   Sizes
	Results *result.Reader
}

// Find returns those of the jobs' newest attempts that are steps of the run's
// cluster. A cluster that EMR does not know any more has none.
func (s *Steps) Find(ctx context.Context, rec *run.Record, jobs []*run.Job) ([]engine.Handle, error) {
	found, err := s.find(ctx, rec, jobs)
	if fault.NameOf(err) == fault.InvalidInput {
		return nil, nil
	}
	return found, err
}

func (s *Steps) find(ctx context.Context, rec *run.Record, jobs []*run.Job) ([]engine.Handle, error) {
	c := rec.Cluster()
	ids := map[string]string{}
	for p := emr.NewListStepsPaginator(s.EMR, &emr.ListStepsInput{ClusterId: &c.ID}); p.HasMorePages(); {
		page, err := p.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("search steps by name: %w", err)
		}
		for _, st := range page.Steps {
			ids[aws.ToString(st.Name)] = aws.ToString(st.Id)
		}
	}
	var found []engine.Handle
	for _, j := range jobs {
		if id, ok := ids[c.Step(*j)]; ok {
			found = append(found, engine.Handle{Job: j.Name, CapacityID: c.ID, ID: id})
		}
	}
	return found, nil
}

// lookup asks EMR about a cluster at most once.
type lookup struct {
	emr API
	id  string
	got engine.Capacity
}

func (l *lookup) capacity(ctx context.Context) (engine.Capacity, error) {
	if l.got.State != engine.Unknown {
		return l.got, nil
	}
	out, err := l.emr.DescribeCluster(ctx, &emr.DescribeClusterInput{ClusterId: &l.id})
	if err != nil {
		return l.got, fmt.Errorf("describe cluster %s: %w", l.id, err)
	}
	l.got = cluster.Capacity(l.id, out.Cluster.Status)
	return l.got, nil
}

// config is the step of an attempt. The runner reads from S3 what it is to do: a
// step's own arguments are limited to 10,240 characters.
func (s *Steps) config(name, uri string) types.StepConfig {
	return types.StepConfig{
		Name:            &name,
		ActionOnFailure: types.ActionOnFailureContinue,
		HadoopJarStep: &types.HadoopJarStepConfig{
			Jar: aws.String("command-runner.jar"),
			// No shell, and nothing that a shell would change: with a runtime role
			// EMR passes the arguments through another one.
			Args: []string{"ephemr-runner", "-region", s.Region, "run", uri},
		},
	}
}
