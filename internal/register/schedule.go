package register

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
	"github.com/aws/aws-sdk-go-v2/service/scheduler/types"

	"ephemr/events"
	"ephemr/internal/cron"
	"ephemr/internal/fault"
	"ephemr/internal/pipeline"
)

// ScheduleAPI is the part of EventBridge Scheduler that Schedules uses.
type ScheduleAPI interface {
	CreateSchedule(context.Context, *scheduler.CreateScheduleInput, ...func(*scheduler.Options)) (*scheduler.CreateScheduleOutput, error)
	UpdateSchedule(context.Context, *scheduler.UpdateScheduleInput, ...func(*scheduler.Options)) (*scheduler.UpdateScheduleOutput, error)
	DeleteSchedule(context.Context, *scheduler.DeleteScheduleInput, ...func(*scheduler.Options)) (*scheduler.DeleteScheduleOutput, error)
}

// Schedules manages one EventBridge schedule for each schedule trigger.
type Schedules struct {
	API    ScheduleAPI
	Group  string
	Role   string // ARN
	Target string // ARN of the events queue
	DLQ    string // ARN; for messages that could not be delivered
}

// maxSchedules is the maximum for one pipeline. Schedules beyond its last are deleted.
const maxSchedules = 10

// Sync creates, updates and deletes schedules to match spec, and returns their
// names.
func (s *Schedules) Sync(ctx context.Context, spec pipeline.Spec) ([]string, error) {
	names := []string{}
	for _, t := range spec.Triggers {
		if t.Schedule == "" {
			continue
		}
		if len(names) == maxSchedules {
			return nil, fault.New(fault.InvalidInput, "pipeline %s has more than the maximum of %d schedules", spec.Name, maxSchedules)
		}
		name := scheduleName(spec.Name, len(names))
		if err := s.put(ctx, name, spec.Name, t); err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	for i := len(names); i < maxSchedules; i++ {
		name := scheduleName(spec.Name, i)
		_, err := s.API.DeleteSchedule(ctx, &scheduler.DeleteScheduleInput{Name: &name, GroupName: &s.Group})
		if _, none := errors.AsType[*types.ResourceNotFoundException](err); none {
			continue // there may be more after a gap, created by a concurrent caller
		}
		if err != nil {
			return nil, fmt.Errorf("delete schedule %s: %w", name, err)
		}
	}
	return names, nil
}

func scheduleName(pipelineName string, i int) string { return fmt.Sprintf("%s-%d", pipelineName, i) }

func (s *Schedules) put(ctx context.Context, name, pipelineName string, t pipeline.Trigger) error {
	schedule, err := cron.Parse(t.Schedule)
	if err != nil {
		return fault.New(fault.InvalidInput, "pipeline %s: schedule %q: %w", pipelineName, t.Schedule, err)
	}
	expr := schedule.EventBridge()
	input, err := json.Marshal(events.ScheduleTick{
		Kind: events.KindSchedule, Pipeline: pipelineName, ScheduledTime: events.ScheduledTimePlaceholder,
	})
	if err != nil {
		return fmt.Errorf("encode tick of %s: %w", pipelineName, err)
	}
	// json.Marshal escapes < and >, which would hide the placeholder.
	text := strings.NewReplacer(`\u003c`, "<", `\u003e`, ">").Replace(string(input))
	zone := t.Timezone
	if zone == "" {
		zone = "UTC"
	}
	target := &types.Target{Arn: &s.Target, RoleArn: &s.Role, Input: &text}
	if s.DLQ != "" {
		target.DeadLetterConfig = &types.DeadLetterConfig{Arn: &s.DLQ}
	}
	window := &types.FlexibleTimeWindow{Mode: types.FlexibleTimeWindowModeOff}
	_, err = s.API.CreateSchedule(ctx, &scheduler.CreateScheduleInput{
		Name: &name, GroupName: &s.Group, ScheduleExpression: &expr, ScheduleExpressionTimezone: &zone,
		FlexibleTimeWindow: window, Target: target, Description: aws.String("ephemr pipeline " + pipelineName),
	})
	_, exists := errors.AsType[*types.ConflictException](err)
	if exists {
		_, err = s.API.UpdateSchedule(ctx, &scheduler.UpdateScheduleInput{
			Name: &name, GroupName: &s.Group, ScheduleExpression: &expr, ScheduleExpressionTimezone: &zone,
			FlexibleTimeWindow: window, Target: target, Description: aws.String("ephemr pipeline " + pipelineName),
		})
	}
	if _, gone := errors.AsType[*types.ResourceNotFoundException](err); gone && exists { // it was deleted between the two calls
		return overtaken(pipelineName)
	}
	if err != nil {
		return fmt.Errorf("write schedule %s: %w", name, err)
	}
	return nil
}
