package sweep

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"ephemr/events"
	"ephemr/internal/stage"
)

// RepairMade is the log message of a repair, by which package chaos counts them.
const RepairMade = "repair made"

// metric makes a number visible to alarms.
func (s *Sweeper) metric(ctx context.Context, name string, n int) error {
	if n == 0 {
		return nil
	}
	_, err := s.Metrics.PutMetricData(ctx, &cloudwatch.PutMetricDataInput{
		Namespace: aws.String(stage.MetricNamespace),
		MetricData: []cwtypes.MetricDatum{{
			MetricName: &name, Value: aws.Float64(float64(n)), Unit: cwtypes.StandardUnitCount,
			Dimensions: []cwtypes.Dimension{{Name: aws.String("Stage"), Value: &s.Settings.Stage}},
		}},
	})
	if err != nil {
		return fmt.Errorf("count %d of metric %s: %w", n, name, err)
	}
	return nil
}

// report sends an event for each repair.
func (s *Sweeper) report(ctx context.Context, repairs []events.Repaired) error {
	for _, r := range repairs {
		slog.WarnContext(ctx, RepairMade, "what", r.What, "runId", r.RunID, "clusterId", r.ClusterID, "reason", r.Reason)
		detail, err := json.Marshal(r)
		if err != nil {
			return fmt.Errorf("encode repair: %w", err)
		}
		if _, err := s.Bus.PutEvents(ctx, &eventbridge.PutEventsInput{Entries: []ebtypes.PutEventsRequestEntry{{
			EventBusName: &s.Settings.EventBus, Source: aws.String(events.Source),
			DetailType: aws.String(events.TypeRepaired), Detail: aws.String(string(detail)),
		}}}); err != nil {
			return fmt.Errorf("report repair %s: %w", r.What, err)
		}
	}
	return nil
}
