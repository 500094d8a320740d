package chaos

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"ephemr/internal/proof/chaos/evidence"
	"ephemr/internal/run"
)

// stuck adds everything that is known about requests that have not ended.
func (r *region) stuck(ctx context.Context, report *Report, e *evidence.Evidence) error {
	var runs []run.Run
	for _, rec := range e.Records {
		runs = append(runs, rec.Run)
	}
	for _, a := range evidence.Unsettled(e.Requests, runs) {
		s := Stuck{Request: a}
		for _, rec := range e.Records {
			if a.Matches(rec.Run) {
				known := *rec
				known.Spec = nil // the same for all
				s.Record = &known
			}
		}
		if s.Record != nil && s.Record.Run.Execution != "" {
			var err error
			if s.States, err = r.path(ctx, s.Record.Run.Execution); err != nil {
				return err
			}
		}
		report.Stuck = append(report.Stuck, s)
	}
	return nil
}

// path returns the states that an execution entered, and what failed there.
func (r *region) path(ctx context.Context, execution string) ([]string, error) {
	var states []string
	for p := sfn.NewGetExecutionHistoryPaginator(r.sfn, &sfn.GetExecutionHistoryInput{ExecutionArn: &execution}); p.HasMorePages(); {
		page, err := p.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("read history of %s: %w", execution, err)
		}
		for _, e := range page.Events {
			switch {
			case e.StateEnteredEventDetails != nil:
				states = append(states, *e.StateEnteredEventDetails.Name)
			case e.TaskFailedEventDetails != nil && e.TaskFailedEventDetails.Error != nil:
				states = append(states, "! "+*e.TaskFailedEventDetails.Error)
			}
		}
	}
	return states, nil
}
