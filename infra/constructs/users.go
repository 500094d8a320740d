package constructs

import (
	"encoding/json"
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/constructs-go/constructs/v10"

	"ephemr/infra/config"
	"ephemr/internal/access"
	"ephemr/internal/stage"
)

// UsersProps configures Users.
type UsersProps struct {
	Stage     Stage
	Roles     *EmrRoles          // their instances assume the users' roles
	Zones     map[string]*Bucket // of the lake
	Artifacts *Bucket            // packages
	Logs      *Bucket            // job specs and results
	RunLogs   awslogs.LogGroup   // output of jobs
}

// Users are the stage's users. Each has an IAM role, which is the EMR runtime role
// of its steps, and an SSM parameter that lists its callers and pipelines.
// Source: Amazon EMR Management Guide, "Runtime roles for Amazon EMR steps".
type Users struct {
	stage    Stage
	names    []string
	arns     []*string
	records  []*string // ARNs of the parameters, and of their path
	security *string
}

// NewUsers adds the users of the stage; a stage may have none.
func NewUsers(scope constructs.Construct, id string, props UsersProps) *Users {
	u := &Users{stage: props.Stage, names: props.Stage.UserNames()}
	if len(u.names) == 0 {
		return u
	}
	scope = constructs.NewConstruct(scope, &id)
	for _, name := range u.names {
		role := props.newUser(scope, name)
		u.arns = append(u.arns, role.RoleArn())
		NewParameter(scope, "Record-"+name, stage.UserParameter(props.Stage.Stage, name), "User "+name, record(scope, name, props.Stage.Access.Users[name], role))
	}
	u.records = []*string{
		arn(scope, "ssm", "parameter"+stage.UsersPath(props.Stage.Stage)), arn(scope, "ssm", "parameter"+stage.UserParameter(props.Stage.Stage, "*")),
	}
	if props.Stage.CoarseRights {
		u.records = anything // the emulator does not evaluate the path
	}
	props.Roles.allowUsers(u.arns)
	u.security = userSecurity(scope, props.Stage)
	return u
}

// newUser adds a user's role with permissions on its data and for the runner.
func (p UsersProps) newUser(scope constructs.Construct, name string) awsiam.Role {
	user := p.Stage.Access.Users[name]
	role := awsiam.NewRole(scope, new("User-"+name), &awsiam.RoleProps{
		RoleName:    p.Stage.globalName(scope, config.UserRole(name)),
		Description: new("Permissions of jobs that run as " + name),
		AssumedBy:   awsiam.NewSessionTagsPrincipal(awsiam.NewArnPrincipal(p.Roles.users.RoleArn())),
	})
	to := roleRights{role}
	p.Artifacts.Grant(to, "packages/*", "GetObject")
	p.Artifacts.Grant(to, access.Dir(name)+"venvs/*", "GetObject")
	p.Artifacts.GrantNew(to, access.Dir(name)+"venvs/*") // Python libraries of jobs, installed
	p.Logs.Grant(to, access.Dir(name)+"*", "GetObject", "PutObject")
	group, streams := p.logs(scope, name)
	to.allow(statement(of("logs", "CreateLogStream"), group, nil))
	to.allow(statement(of("logs", "PutLogEvents", "GetLogEvents"), streams, nil))
	for _, zone := range sortedKeys(user.Zones) {
		p.Zones[zone].grantData(to, user.Zones[zone] == config.Write)
	}
	grantCatalog(scope, to)
	for _, key := range sortedKeys(user.Tables) {
		database, table := config.Table(key)
		grantTables(scope, to, database, table, user.Tables[key] == config.Write)
	}
	grantSecrets(scope, to, user.Secrets)
	if p.Stage.Access.LakeFormation && len(user.Tables) > 0 {
		// GetDataAccess does not support resources:
		// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslakeformation.html
		to.allow(statement(of("lakeformation", "GetDataAccess"), anything, nil))
		grantInLakeFormation(scope, name, role, user.Tables)
	}
	return role
}

// logs returns the log group of runs, in which every user may create streams, and
// the streams that the runners of this user write.
func (p UsersProps) logs(scope constructs.Construct, name string) (group, streams []*string) {
	address := "log-group:" + p.Stage.LogGroup("runs")
	group, streams = []*string{p.RunLogs.LogGroupArn()}, []*string{arn(scope, "logs", address+":log-stream:"+access.Dir(name)+"*")}
	if p.Stage.CoarseRights { // the emulator evaluates the ARN of the group
		own := arn(scope, "logs", address)
		group, streams = append(group, own), append(streams, own)
	}
	return group, streams
}

// record is the JSON of a user's parameter, which intake reads.
func record(scope constructs.Construct, name string, u config.User, role awsiam.Role) *string {
	data, err := json.Marshal(access.User{Name: name, Role: *role.RoleArn(), Team: u.Team, Callers: u.Callers, Pipelines: u.Pipelines, Secrets: u.Secrets})
	if err != nil {
		panic(fmt.Sprintf("encode user %s: %v", name, err)) // strings only
	}
	var object map[string]any
	if err := json.Unmarshal(data, &object); err != nil {
		panic(fmt.Sprintf("decode user %s: %v", name, err))
	}
	return awscdk.Stack_Of(scope).ToJsonString(object, nil)
}

// Settings are the users' part of the stage's settings.
func (u *Users) Settings() stage.Access {
	a := stage.Access{Required: u.stage.Access.Required, Default: u.stage.Access.Default, Users: u.names}
	if u.security != nil {
		a.SecurityConfig = *u.security
	}
	return a
}

// GrantRead allows reading the users' parameters.
func (u *Users) GrantRead(to Rights) {
	if len(u.names) > 0 {
		to.allow(statement(of("ssm", "GetParametersByPath"), u.records, nil))
	}
}

// GrantLogs allows actions on the objects of the users' runs in the logs bucket.
func (u *Users) GrantLogs(to Rights, logs *Bucket, actions ...string) {
	for _, name := range u.names {
		logs.Grant(to, access.Dir(name)+"*", actions...)
	}
}

// GrantManifests allows writing the lists of objects of the users' runs.
func (u *Users) GrantManifests(to Rights, logs *Bucket) {
	for _, name := range u.names {
		logs.Grant(to, access.Dir(name)+"runs/*/manifest.jsonl", "PutObject")
	}
}
