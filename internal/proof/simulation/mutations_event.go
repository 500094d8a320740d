package simulation

import (
	"context"
	"maps"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"ephemr/internal/run/store"
)

// BelieveAnyEvent takes the event about the step of any attempt of a job for one about
// its newest. Most attempts fail, their runners leave results some time before the
// steps end, and events come again when the next attempt is under way.
func BelieveAnyEvent(c *Config) {
	c.Steps = func(Attempt) Step { return Step{Takes: 3 * time.Minute, ExitCode: 1, Lead: 2 * time.Minute} }
	c.EventDelays = func(string) []time.Duration { return []time.Duration{time.Second, 90 * time.Second} }
	c.Table = func(db store.DB) store.DB { return anyEvent{db} }
}

type anyEvent struct{ store.DB }

func (e anyEvent) UpdateItem(ctx context.Context, in *dynamodb.UpdateItemInput, o ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error) {
	changed := *in
	for _, name := range in.ExpressionAttributeNames {
		if name == "stepEnd" {
			changed.ConditionExpression = aws.String("(" + aws.ToString(in.ConditionExpression) + ") OR attribute_exists(pk)")
		}
	}
	return e.DB.UpdateItem(ctx, &changed, o...)
}

func (e anyEvent) Query(ctx context.Context, in *dynamodb.QueryInput, o ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	out, err := e.DB.Query(ctx, in, o...)
	if err != nil {
		return out, err
	}
	for i, it := range out.Items {
		end, ok := it["stepEnd"].(*types.AttributeValueMemberM)
		if !ok || !strings.HasPrefix(text(it["sk"]), "JOB#") {
			continue
		}
		believed := maps.Clone(end.Value)
		believed["stepId"], believed["clusterId"] = it["stepId"], it["clusterId"]
		out.Items[i] = maps.Clone(it)
		out.Items[i]["stepEnd"] = &types.AttributeValueMemberM{Value: believed}
	}
	return out, nil
}
