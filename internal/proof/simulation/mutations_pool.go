package simulation

import (
	"context"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/emr"
	emrtypes "github.com/aws/aws-sdk-go-v2/service/emr/types"

	"ephemr/internal/emr/emrapi"
	"ephemr/internal/emr/pool"
	"ephemr/internal/run/store"
)

// LendLeftovers leaves clusters in their pools on which runners were killed.
func LendLeftovers(c *Config) { c.Table = func(db store.DB) store.DB { return neverDrains{db} } }

type neverDrains struct{ store.DB }

func (n neverDrains) UpdateItem(ctx context.Context, in *dynamodb.UpdateItemInput, o ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error) {
	drains := false
	for _, v := range in.ExpressionAttributeValues {
		drains = drains || text(v) == string(pool.Draining)
	}
	if !drains {
		return n.DB.UpdateItem(ctx, in, o...)
	}
	now, err := n.GetItem(ctx, &dynamodb.GetItemInput{TableName: in.TableName, Key: in.Key})
	if err != nil {
		return nil, err
	}
	if leases, ok := now.Item["leases"].(*types.AttributeValueMemberM); !ok || len(leases.Value) == 0 {
		return n.DB.UpdateItem(ctx, in, o...) // for its age
	}
	return &dynamodb.UpdateItemOutput{Attributes: now.Item}, nil
}

// BelieveCancelled takes a step for over as soon as EMR calls it CANCELLED, although
// its runner may still be at work, and does not ask whether the runner has ended
// before it lends the cluster to others.
func BelieveCancelled(c *Config) {
	LendLeftovers(c)
	c.EMR = func(_ string, api emrapi.API) emrapi.API { return believesCancelled{api} }
}

type believesCancelled struct{ emrapi.API }

func (b believesCancelled) ListSteps(ctx context.Context, in *emr.ListStepsInput, o ...func(*emr.Options)) (*emr.ListStepsOutput, error) {
	out, err := b.API.ListSteps(ctx, in, o...)
	if err != nil {
		return out, err
	}
	out.Steps = slices.Clone(out.Steps)
	for i, s := range out.Steps {
		if s.Status.State != emrtypes.StepStateCancelled || s.Status.Timeline.EndDateTime == nil {
			continue
		}
		status, timeline := *s.Status, *s.Status.Timeline
		timeline.EndDateTime = new(timeline.EndDateTime.Add(-time.Hour))
		status.Timeline = &timeline
		out.Steps[i].Status = &status
	}
	return out, nil
}
