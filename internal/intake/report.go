package intake

import (
	"context"
	"log/slog"

	"ephemr/internal/notify"
	"ephemr/internal/run"
)

// report notifies the owner of the pipeline that a rejected request names. The record
// exists, so that an error is no reason to process the request again.
func report(ctx context.Context, known Pipelines, api notify.TopicAPI, topic string, r run.Run) {
	v, err := known.Current(ctx, r.Pipeline)
	if err == nil && v != nil {
		r.Owner, r.Team = v.Spec.Owner, v.Spec.Team
		if n, wanted := notify.OfRun(&run.Record{Run: r, Spec: &v.Spec}); wanted {
			err = notify.Send(ctx, api, topic, n)
		}
	}
	if err != nil {
		slog.ErrorContext(ctx, "rejected request not reported to the owner of its pipeline", "runId", r.ID, "error", err.Error())
	}
}
