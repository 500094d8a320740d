package awsapi

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
)

// Scheduler keeps schedules.
type Scheduler struct {
	createSchedule Operation[scheduler.CreateScheduleInput, scheduler.CreateScheduleOutput, scheduler.Options]
	updateSchedule Operation[scheduler.UpdateScheduleInput, scheduler.UpdateScheduleOutput, scheduler.Options]
	deleteSchedule Operation[scheduler.DeleteScheduleInput, scheduler.DeleteScheduleOutput, scheduler.Options]
}

// NewScheduler returns a client of cfg.
func NewScheduler(cfg aws.Config) *Scheduler {
	c := scheduler.NewFromConfig(cfg)
	return &Scheduler{
		createSchedule: c.CreateSchedule,
		updateSchedule: c.UpdateSchedule,
		deleteSchedule: c.DeleteSchedule,
	}
}

// CreateSchedule creates a schedule.
func (s *Scheduler) CreateSchedule(ctx context.Context, in *scheduler.CreateScheduleInput, o ...func(*scheduler.Options)) (*scheduler.CreateScheduleOutput, error) {
	return s.createSchedule(ctx, in, o...)
}

// UpdateSchedule replaces a schedule.
func (s *Scheduler) UpdateSchedule(ctx context.Context, in *scheduler.UpdateScheduleInput, o ...func(*scheduler.Options)) (*scheduler.UpdateScheduleOutput, error) {
	return s.updateSchedule(ctx, in, o...)
}

// DeleteSchedule deletes a schedule.
func (s *Scheduler) DeleteSchedule(ctx context.Context, in *scheduler.DeleteScheduleInput, o ...func(*scheduler.Options)) (*scheduler.DeleteScheduleOutput, error) {
	return s.deleteSchedule(ctx, in, o...)
}
