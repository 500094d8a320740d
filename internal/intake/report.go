package intake

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"ephemr/internal/notify"
	"ephemr/internal/outbox"
	"ephemr/internal/run"
)

// report is what is to be written in the transaction that records a rejected request: a
// notice to the owner of the pipeline that it names. It is nothing for other runs.
func report(ctx context.Context, known Pipelines, notices *outbox.Store, stage string, r run.Run) ([]types.TransactWriteItem, error) {
	if r.State != run.Rejected {
		return nil, nil
	}
	v, err := known.Current(ctx, r.Pipeline)
	if err != nil || v == nil {
		return nil, err
	}
	r.Owner, r.Team = v.Spec.Owner, v.Spec.Team
	post, err := notices.Post(notify.OfRun(&run.Record{Run: r, Spec: &v.Spec}, stage), r.ID)
	return []types.TransactWriteItem{post}, err
}
