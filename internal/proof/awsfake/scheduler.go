package awsfake

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
	"github.com/aws/aws-sdk-go-v2/service/scheduler/types"
)

// Scheduler is an in-memory EventBridge Scheduler. It stores schedules and does
// not invoke their targets.
type Scheduler struct {
	Control

	mu        sync.Mutex
	schedules map[string]scheduler.GetScheduleOutput // by group/name
	groups    map[string]bool
	tokens    map[string]string // ClientToken to group/name
}

// NewScheduler returns a Scheduler with the group "default" and those given.
func NewScheduler(groups ...string) *Scheduler {
	f := &Scheduler{
		Control: newControl("Scheduler"), schedules: map[string]scheduler.GetScheduleOutput{}, groups: map[string]bool{"default": true}, tokens: map[string]string{},
	}
	for _, g := range groups {
		f.groups[g] = true
	}
	return f
}

var (
	scheduleName       = regexp.MustCompile(`^[0-9a-zA-Z_.-]{1,64}$`)
	scheduleExpression = regexp.MustCompile(`^(rate\(\d+ (minutes?|hours?|days?)\)|at\(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\)|cron\(\S+ \S+ \S+ \S+ \S+ \S+\))$`)
)

func groupOf(g *string) string {
	if g == nil {
		return "default"
	}
	return *g
}

func scheduleKey(group, name *string) string { return groupOf(group) + "/" + aws.ToString(name) }

func noSchedule(name *string) error {
	return &types.ResourceNotFoundException{Message: new("Schedule " + aws.ToString(name) + " does not exist.")}
}

// check validates what a create and an update have in common.
func (f *Scheduler) check(in *scheduler.CreateScheduleInput) error {
	invalid := func(format string, args ...any) error {
		return &types.ValidationException{Message: new(fmt.Sprintf(format, args...))}
	}
	if !f.groups[groupOf(in.GroupName)] {
		return &types.ResourceNotFoundException{Message: new("Schedule group " + groupOf(in.GroupName) + " does not exist.")}
	}
	if !scheduleName.MatchString(aws.ToString(in.Name)) {
		return invalid("Invalid schedule name %q.", aws.ToString(in.Name))
	}
	if !scheduleExpression.MatchString(aws.ToString(in.ScheduleExpression)) {
		return invalid("Invalid Schedule Expression %s.", aws.ToString(in.ScheduleExpression))
	}
	if in.ScheduleExpressionTimezone != nil {
		if _, err := time.LoadLocation(*in.ScheduleExpressionTimezone); err != nil {
			return invalid("Invalid ScheduleExpressionTimezone %s.", *in.ScheduleExpressionTimezone)
		}
	}
	if in.Target == nil || in.Target.Arn == nil || in.Target.RoleArn == nil || in.FlexibleTimeWindow == nil {
		return invalid("Target with Arn and RoleArn and FlexibleTimeWindow must not be null.")
	}
	return nil
}

// store replaces a schedule as a whole, as UpdateSchedule does too.
func (f *Scheduler) store(in *scheduler.CreateScheduleInput, created time.Time) *string {
	arn := "arn:aws:scheduler:us-east-1:123456789012:schedule/" + scheduleKey(in.GroupName, in.Name)
	s := scheduler.GetScheduleOutput{
		Arn: &arn, Name: in.Name, GroupName: new(groupOf(in.GroupName)), CreationDate: &created, LastModificationDate: new(time.Now()),
		ActionAfterCompletion: in.ActionAfterCompletion, Description: in.Description, StartDate: in.StartDate, EndDate: in.EndDate, KmsKeyArn: in.KmsKeyArn,
		FlexibleTimeWindow: in.FlexibleTimeWindow, ScheduleExpression: in.ScheduleExpression, ScheduleExpressionTimezone: in.ScheduleExpressionTimezone,
		State: in.State, Target: in.Target,
	}
	if s.State == "" {
		s.State = types.ScheduleStateEnabled
	}
	if s.ScheduleExpressionTimezone == nil {
		s.ScheduleExpressionTimezone = new("UTC")
	}
	f.schedules[scheduleKey(in.GroupName, in.Name)] = s
	return &arn
}

// CreateSchedule adds a schedule. A known ClientToken answers as before.
func (f *Scheduler) CreateSchedule(ctx context.Context, in *scheduler.CreateScheduleInput, _ ...func(*scheduler.Options)) (*scheduler.CreateScheduleOutput, error) {
	return call(ctx, &f.Control, "CreateSchedule", func() (*scheduler.CreateScheduleOutput, error) {
		f.mu.Lock()
		defer f.mu.Unlock()
		if err := f.check(in); err != nil {
			return nil, err
		}
		key := scheduleKey(in.GroupName, in.Name)
		if old, ok := f.schedules[key]; ok {
			if in.ClientToken != nil && f.tokens[*in.ClientToken] == key {
				return &scheduler.CreateScheduleOutput{ScheduleArn: old.Arn}, nil
			}
			return nil, &types.ConflictException{Message: new("Schedule " + *in.Name + " already exists.")}
		}
		if in.ClientToken != nil {
			f.tokens[*in.ClientToken] = key
		}
		return &scheduler.CreateScheduleOutput{ScheduleArn: f.store(in, time.Now())}, nil
	})
}

// UpdateSchedule replaces a schedule: what is not given gets its default.
func (f *Scheduler) UpdateSchedule(ctx context.Context, in *scheduler.UpdateScheduleInput, _ ...func(*scheduler.Options)) (*scheduler.UpdateScheduleOutput, error) {
	return call(ctx, &f.Control, "UpdateSchedule", func() (*scheduler.UpdateScheduleOutput, error) {
		f.mu.Lock()
		defer f.mu.Unlock()
		old, ok := f.schedules[scheduleKey(in.GroupName, in.Name)]
		if !ok {
			return nil, noSchedule(in.Name)
		}
		c := &scheduler.CreateScheduleInput{
			Name: in.Name, GroupName: in.GroupName, ActionAfterCompletion: in.ActionAfterCompletion, Description: in.Description, StartDate: in.StartDate, EndDate: in.EndDate,
			KmsKeyArn: in.KmsKeyArn, FlexibleTimeWindow: in.FlexibleTimeWindow, ScheduleExpression: in.ScheduleExpression,
			ScheduleExpressionTimezone: in.ScheduleExpressionTimezone, State: in.State, Target: in.Target,
		}
		if err := f.check(c); err != nil {
			return nil, err
		}
		return &scheduler.UpdateScheduleOutput{ScheduleArn: f.store(c, *old.CreationDate)}, nil
	})
}

// DeleteSchedule removes a schedule.
func (f *Scheduler) DeleteSchedule(ctx context.Context, in *scheduler.DeleteScheduleInput, _ ...func(*scheduler.Options)) (*scheduler.DeleteScheduleOutput, error) {
	return call(ctx, &f.Control, "DeleteSchedule", func() (*scheduler.DeleteScheduleOutput, error) {
		f.mu.Lock()
		defer f.mu.Unlock()
		key := scheduleKey(in.GroupName, in.Name)
		if _, ok := f.schedules[key]; !ok {
			return nil, noSchedule(in.Name)
		}
		delete(f.schedules, key)
		return &scheduler.DeleteScheduleOutput{}, nil
	})
}

// GetSchedule returns a schedule.
func (f *Scheduler) GetSchedule(ctx context.Context, in *scheduler.GetScheduleInput, _ ...func(*scheduler.Options)) (*scheduler.GetScheduleOutput, error) {
	return call(ctx, &f.Control, "GetSchedule", func() (*scheduler.GetScheduleOutput, error) {
		f.mu.Lock()
		defer f.mu.Unlock()
		s, ok := f.schedules[scheduleKey(in.GroupName, in.Name)]
		if !ok {
			return nil, noSchedule(in.Name)
		}
		return &s, nil
	})
}

// ListSchedules lists schedules by name, 100 a page; all groups if none is
// given.
func (f *Scheduler) ListSchedules(ctx context.Context, in *scheduler.ListSchedulesInput, _ ...func(*scheduler.Options)) (*scheduler.ListSchedulesOutput, error) {
	return call(ctx, &f.Control, "ListSchedules", func() (*scheduler.ListSchedulesOutput, error) {
		f.mu.Lock()
		defer f.mu.Unlock()
		var all []types.ScheduleSummary
		for _, key := range slices.Sorted(maps.Keys(f.schedules)) {
			s := f.schedules[key]
			if in.GroupName != nil && *s.GroupName != *in.GroupName || !strings.HasPrefix(*s.Name, aws.ToString(in.NamePrefix)) || in.State != "" && s.State != in.State {
				continue
			}
			all = append(all, types.ScheduleSummary{
				Arn: s.Arn, Name: s.Name, GroupName: s.GroupName, State: s.State, CreationDate: s.CreationDate, LastModificationDate: s.LastModificationDate,
				Target: &types.TargetSummary{Arn: s.Target.Arn},
			})
		}
		most := 100
		if in.MaxResults != nil {
			most = min(most, int(*in.MaxResults))
		}
		page, next, err := pageOf(all, in.NextToken, most)
		return &scheduler.ListSchedulesOutput{Schedules: page, NextToken: next}, err
	})
}
