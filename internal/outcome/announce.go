package outcome

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"ephemr/events"
	"ephemr/internal/notify"
	"ephemr/internal/run"
)

// BusAPI sends ephemr's own events.
type BusAPI interface {
	PutEvents(context.Context, *eventbridge.PutEventsInput, ...func(*eventbridge.Options)) (*eventbridge.PutEventsOutput, error)
}

// report records the notice about the end of the run, once for each end: before the run
// can be retried.
func (f *Finisher) report(ctx context.Context, rec *run.Record) error {
	r := rec.Run
	if r.Noticed {
		return nil
	}
	e := notify.OfRun(rec, f.Settings.Stage)
	if e.To == nil {
		if awaited, err := f.awaited(ctx, e); err != nil || !awaited {
			return err
		}
	}
	post, err := f.Notices.Post(e, fmt.Sprintf("%s#%d", r.ID, r.Restarts))
	if err != nil {
		return err
	}
	return f.Runs.Noticed(ctx, r, post)
}

// announce sends RunFinished to programs, which admits the next runs and has notices sent.
func (f *Finisher) announce(ctx context.Context, rec *run.Record) error {
	r := rec.Run
	if err := f.sendFinished(ctx, rec); err != nil {
		return fmt.Errorf("send RunFinished of %s: %w", r.ID, err)
	}
	slog.InfoContext(ctx, "run finished", "runId", r.ID, "state", string(r.State), "class", string(r.Class), "reason", r.Reason)
	return nil
}

// awaited reports whether a success is worth a message because the pipeline failed before.
func (f *Finisher) awaited(ctx context.Context, e notify.Entry) (bool, error) {
	if !e.Works() || e.Message.Pipeline == "" {
		return false, nil
	}
	return f.Notices.Awaits(ctx, e.Message.Pipeline)
}

func (f *Finisher) sendFinished(ctx context.Context, rec *run.Record) error {
	r := rec.Run
	detail, err := json.Marshal(events.RunFinished{
		RunID: r.ID, Pipeline: r.Pipeline, State: string(r.State), Class: string(r.Class), Reason: r.Reason,
		NothingToDo: r.NothingToDo, ClusterID: clusterID(rec), CostUSD: r.CostUSD, EndedAt: r.EndedAt,
	})
	if err != nil {
		return err
	}
	sent, err := f.Bus.PutEvents(ctx, &eventbridge.PutEventsInput{Entries: []types.PutEventsRequestEntry{{
		EventBusName: &f.Settings.EventBus, Source: aws.String(events.Source),
		DetailType: aws.String(events.TypeRunFinished), Detail: aws.String(string(detail)),
	}}})
	if err != nil {
		return err
	}
	if sent.FailedEntryCount > 0 {
		return fmt.Errorf("EventBridge refused it: %s", aws.ToString(sent.Entries[0].ErrorMessage))
	}
	return nil
}

func clusterID(rec *run.Record) string {
	if c := rec.Cluster(); c != nil {
		return c.ID
	}
	return ""
}
