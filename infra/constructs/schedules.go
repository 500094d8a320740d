package constructs

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsscheduler"
	"github.com/aws/constructs-go/constructs/v10"
)

// Schedules names the group of the pipelines' schedules and their role. The
// function register creates schedules; the triggers' stack creates the group.
type Schedules struct {
	stage     Stage
	group     *string   // ARN
	schedules []*string // ARN patterns
	role      *string   // ARN
}

// roleName is the role's, without the stage's prefix.
const roleName = "schedule"

// NewSchedules refers to the group and the role by name.
func NewSchedules(scope constructs.Construct, stage Stage) *Schedules {
	group := stage.ScheduleGroup()
	s := &Schedules{
		stage:     stage,
		group:     arn(scope, "scheduler", "schedule-group/"+group),
		schedules: []*string{arn(scope, "scheduler", "schedule/"+group+"/*")},
		role:      globalARN(scope, "iam", "role/"+*stage.globalName(scope, roleName)),
	}
	if stage.CoarseRights { // the emulator evaluates every schedule as one of the group "default"
		s.schedules = append(s.schedules, arn(scope, "scheduler", "schedule/default/*"))
	}
	return s
}

// RoleARN is the ARN of the schedules' role.
func (s *Schedules) RoleARN() *string { return s.role }

// GrantManage allows creating, changing and deleting schedules.
func (s *Schedules) GrantManage(to Rights) {
	to.allow(statement(of("scheduler", "CreateSchedule", "UpdateSchedule", "DeleteSchedule"), s.schedules, nil))
	passRole(to, s.role, "scheduler.amazonaws.com")
}

// NewScheduleGroup adds the group and the role, which may send to queue and, when
// delivery fails, to dead. Both are in another stack and referred to by name.
func NewScheduleGroup(scope constructs.Construct, id string, s *Schedules, queue *Queue, dead *DeadLetters) {
	scope = constructs.NewConstruct(scope, &id)
	awsscheduler.NewCfnScheduleGroup(scope, new("Group"), &awsscheduler.CfnScheduleGroupProps{Name: new(s.stage.ScheduleGroup())})
	role := awsiam.NewRole(scope, new("Role"), &awsiam.RoleProps{
		RoleName:    s.stage.globalName(scope, roleName),
		Description: new("Schedules of pipelines: send a message to the events queue"),
		AssumedBy:   servicePrincipal(scope, "scheduler.amazonaws.com", s.group),
	})
	roleRights{role}.allow(statement(of("sqs", "SendMessage"), []*string{arn(scope, "sqs", queue.name), arn(scope, "sqs", dead.name)}, nil))
}
