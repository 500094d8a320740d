package outcome

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	snstypes "github.com/aws/aws-sdk-go-v2/service/sns/types"

	"ephemr/events"
	"ephemr/internal/cost"
	"ephemr/internal/fault"
	"ephemr/internal/run"
	"ephemr/internal/run/store"
	"ephemr/internal/stage"
)

// BusAPI sends our own events.
type BusAPI interface {
	PutEvents(context.Context, *eventbridge.PutEventsInput, ...func(*eventbridge.Options)) (*eventbridge.PutEventsOutput, error)
}

// TopicAPI tells people.
type TopicAPI interface {
	Publish(context.Context, *sns.PublishInput, ...func(*sns.Options)) (*sns.PublishOutput, error)
}

// Slots gives back the room that a run took.
type Slots interface {
	Release(ctx context.Context, id, team, pipeline string) error
}

// Finisher is the FinishRun state.
type Finisher struct {
	Settings stage.Settings
	Runs     *store.Runs
	Slots    Slots
	Bus      BusAPI
	Topic    TopicAPI
}

// FinishInput names the run and what stopped the state machine, if anything did.
type FinishInput struct {
	RunID     string
	Execution string // ARN of who asks; "" = sweep, for an execution that cannot
	Error     *StateError
}

// FinishOutput is the outcome as the state machine reports it.
type FinishOutput struct {
	RunID string `json:"runId"`
	run.Outcome
}

// Finish decides and records the outcome, gives the room back and tells
// everybody. Called again it goes on where it was interrupted.
func (f *Finisher) Finish(ctx context.Context, in FinishInput) (FinishOutput, error) {
	out := FinishOutput{RunID: in.RunID}
	rec, err := f.Runs.Load(ctx, in.RunID)
	if err != nil {
		return out, err
	}
	out.Outcome = run.Outcome{State: rec.Run.State, Class: rec.Run.Class, Reason: rec.Run.Reason, NothingToDo: rec.Run.NothingToDo}
	if rec.Run.State == run.Rejected {
		return out, nil
	}
	if in.Execution != "" && !rec.Run.Owns(in.Execution) {
		return out, fault.New(fault.Conflict, "finish run %s: it is %s and belongs to another execution than %s", in.RunID, rec.Run.State, in.Execution)
	}
	if !rec.Run.State.Final() {
		now := time.Now()
		out.Outcome = OfRun(rec, in.Error)
		usd := cost.OfClusters(rec.Clusters, now)
		ok, err := f.Runs.Finish(ctx, in.RunID, out.Outcome, now, usd)
		if err != nil {
			return out, err
		}
		if !ok {
			return f.Finish(ctx, in) // somebody else was faster: report what they recorded
		}
		rec.Run.State, rec.Run.Class, rec.Run.Reason, rec.Run.NothingToDo = out.State, out.Class, out.Reason, out.NothingToDo
		rec.Run.EndedAt, rec.Run.CostUSD = now, usd
	}
	return out, f.settle(ctx, rec)
}

// settle clears up and tells, each unless it has been done: what is open after
// that belongs to a retry.
func (f *Finisher) settle(ctx context.Context, rec *run.Record) error {
	if rec.Run.Announced {
		return nil
	}
	if !rec.Run.Cleared {
		if err := f.clear(ctx, rec); err != nil {
			return err
		}
	}
	if err := f.announce(ctx, rec); err != nil {
		return errors.Join(err, f.Runs.Cleared(ctx, rec.Run))
	}
	return f.Runs.Announced(ctx, rec.Run)
}

// clear ends what a run leaves open and gives its room back.
func (f *Finisher) clear(ctx context.Context, rec *run.Record) error {
	if err := closeJobs(ctx, f.Runs, rec); err != nil {
		return err
	}
	if rec.Waiter != nil { // of a state that was stopped or has timed out
		if err := f.Runs.Woken(ctx, *rec.Waiter); err != nil {
			return err
		}
	}
	return f.Slots.Release(ctx, rec.Run.ID, rec.Run.TeamName(), rec.Run.Pipeline)
}

func (f *Finisher) announce(ctx context.Context, rec *run.Record) error {
	r := rec.Run
	detail, err := json.Marshal(events.RunFinished{
		RunID: r.ID, Pipeline: r.Pipeline, State: string(r.State), Class: string(r.Class), Reason: r.Reason,
		NothingToDo: r.NothingToDo, ClusterID: clusterID(rec), CostUSD: r.CostUSD, EndedAt: r.EndedAt,
	})
	if err != nil {
		return fmt.Errorf("encode RunFinished of %s: %w", r.ID, err)
	}
	sent, err := f.Bus.PutEvents(ctx, &eventbridge.PutEventsInput{Entries: []ebtypes.PutEventsRequestEntry{{
		EventBusName: &f.Settings.EventBus, Source: aws.String(events.Source),
		DetailType: aws.String(events.TypeRunFinished), Detail: aws.String(string(detail)),
	}}})
	if err != nil {
		return fmt.Errorf("send RunFinished of %s: %w", r.ID, err)
	}
	if sent.FailedEntryCount > 0 {
		return fmt.Errorf("send RunFinished of %s: %s", r.ID, aws.ToString(sent.Entries[0].ErrorMessage))
	}
	slog.InfoContext(ctx, "run finished", "runId", r.ID, "state", string(r.State), "class", string(r.Class), "reason", r.Reason)
	if !wantsNotice(rec) {
		return nil
	}
	_, err = f.Topic.Publish(ctx, &sns.PublishInput{
		TopicArn: &f.Settings.Topic, MessageAttributes: attributes(rec), Subject: aws.String(clip(headline(r)+" "+r.ID, 100)), Message: aws.String(notice(rec)),
	})
	if err != nil {
		return fmt.Errorf("tell the owner of run %s: %w", r.ID, err)
	}
	return nil
}

// attributes let subscriptions choose what they hear of, by filter policies.
func attributes(rec *run.Record) map[string]snstypes.MessageAttributeValue {
	text := func(s string) snstypes.MessageAttributeValue {
		return snstypes.MessageAttributeValue{DataType: aws.String("String"), StringValue: &s}
	}
	out := map[string]snstypes.MessageAttributeValue{
		"pipeline": text(rec.Run.Pipeline), "state": text(string(rec.Run.State)), "team": text(rec.Run.TeamName()),
	}
	if rec.Run.NothingToDo {
		out["nothingToDo"] = text("true")
	}
	if rec.Run.Class != "" {
		out["class"] = text(string(rec.Run.Class))
	}
	if who, err := json.Marshal(recipients(rec)); err == nil && len(recipients(rec)) > 0 {
		out["recipients"] = snstypes.MessageAttributeValue{DataType: aws.String("String.Array"), StringValue: aws.String(string(who))}
	}
	return out
}

// recipients are the addresses that the pipeline names for this outcome.
func recipients(rec *run.Record) []string {
	names := []string{"owner"}
	if rec.Spec != nil && rec.Run.State == run.Succeeded {
		names = rec.Spec.Notify.Success
	} else if rec.Spec != nil && len(rec.Spec.Notify.Failure) > 0 {
		names = rec.Spec.Notify.Failure
	}
	var out []string
	for _, n := range names {
		if n == "owner" {
			n = rec.Run.Owner
		}
		if n != "" {
			out = append(out, n)
		}
	}
	return out
}

func clip(s string, n int) string { return s[:min(len(s), n)] }

func clusterID(rec *run.Record) string {
	if c := rec.Cluster(); c != nil {
		return c.ID
	}
	return ""
}

// wantsNotice says whether somebody is to hear of the outcome: by default of
// failures only.
func wantsNotice(rec *run.Record) bool {
	if rec.Spec == nil {
		return rec.Run.State != run.Succeeded
	}
	if rec.Run.State == run.Succeeded {
		return len(rec.Spec.Notify.Success) > 0
	}
	return true
}

// headline is how a run ended, in a few words.
func headline(r run.Run) string {
	if r.NothingToDo {
		return string(r.State) + " (nothing to do)"
	}
	return string(r.State)
}

// notice is what the owner reads: class, job, exit code, last lines, what to do.
func notice(rec *run.Record) string {
	r := rec.Run
	var b strings.Builder
	fmt.Fprintf(&b, "Run %s of pipeline %s: %s\n", r.ID, r.Pipeline, headline(r))
	for _, j := range rec.Jobs {
		if j.NothingToDo {
			fmt.Fprintf(&b, "Job:    %s had nothing to do\n", j.Name)
		}
	}
	if r.Class != "" {
		fmt.Fprintf(&b, "Class:  %s\nReason: %s\n", r.Class, r.Reason)
	}
	if j := rec.Failure(); j != nil {
		fmt.Fprintf(&b, "Job:    %s, attempt %d", j.Name, j.Attempt)
		if j.ExitCode != nil {
			fmt.Fprintf(&b, ", exit code %d", *j.ExitCode)
		}
		b.WriteString("\n")
		for _, line := range j.Tail {
			fmt.Fprintf(&b, "  | %s\n", line)
		}
	}
	fmt.Fprintf(&b, "Cost:   about %.2f USD\nMore:   ephemr show %s; ephemr logs %s\n", r.CostUSD, r.ID, r.ID)
	return b.String()
}
