package constructs

import (
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/constructs-go/constructs/v10"
)

// EmrRolesProps configures EmrRoles.
type EmrRolesProps struct {
	Stage     Stage
	Zones     map[string]*Bucket // read and written by jobs
	Artifacts *Bucket            // packages and Python libraries of jobs
	Logs      *Bucket            // job specs, results and EMR's logs
	RunLogs   awslogs.LogGroup   // output of jobs
	Runner    *Runner
}

// EmrRoles are EMR's service role and the roles of the clusters' instances: of those for runs without a user,
// whose jobs have the permissions of the instances, and of those for runs with one, which assume the user's role.
type EmrRoles struct {
	service  awsiam.Role
	instance awsiam.Role
	users    awsiam.Role // nil: the stage has no users

	profile, usersProfile string
}

// NewEmrRoles adds the roles and instance profiles.
func NewEmrRoles(scope constructs.Construct, id string, props EmrRolesProps) *EmrRoles {
	scope = constructs.NewConstruct(scope, &id)
	r := &EmrRoles{profile: *props.Stage.globalName(scope, "emr-instance")}
	r.instance = newInstanceRole(scope, "", r.profile, "Instances of EMR clusters: permissions of jobs that run without a user")
	r.service = awsiam.NewRole(scope, new("Service"), &awsiam.RoleProps{
		RoleName:    props.Stage.globalName(scope, "emr-service"),
		Description: new("Amazon EMR: create and terminate instances of clusters"),
		AssumedBy:   servicePrincipal(scope, "elasticmapreduce.amazonaws.com", arn(scope, "elasticmapreduce", "*")),
		ManagedPolicies: &[]awsiam.IManagedPolicy{
			awsiam.ManagedPolicy_FromAwsManagedPolicyName(new("service-role/AmazonEMRServicePolicy_v2")),
		},
	})
	r.allowJobs(props)
	if len(props.Stage.UserNames()) > 0 {
		r.usersProfile = *props.Stage.globalName(scope, "emr-users")
		r.users = newInstanceRole(scope, "Users", r.usersProfile, "Instances of EMR clusters of runs with a user: may assume the users' roles, and have no access to data")
		allowCluster(roleRights{r.users}, r.users, props)
	}
	// The managed policy allows passing only the role named EMR_EC2_DefaultRole.
	r.passInstances(roleRights{r.service})
	grantVolumes(roleRights{r.service}, props.Stage.Encryption.Disks)
	return r
}

// newInstanceRole adds a role of instances and its instance profile, to which EMR requires the same name.
func newInstanceRole(scope constructs.Construct, kind, name, description string) awsiam.Role {
	role := awsiam.NewRole(scope, new(kind+"Instance"), &awsiam.RoleProps{
		RoleName: &name, Description: &description, AssumedBy: awsiam.NewServicePrincipal(new("ec2.amazonaws.com"), nil),
	})
	profile := awsiam.NewCfnInstanceProfile(scope, new(kind+"Profile"), &awsiam.CfnInstanceProfileProps{
		InstanceProfileName: &name, Roles: &[]any{role.RoleName()},
	})
	profile.ApplyRemovalPolicy(awscdk.RemovalPolicy_DESTROY, nil)
	return role
}

// passInstances allows passing the roles of instances to EC2.
func (r *EmrRoles) passInstances(to Rights) {
	passRole(to, r.instance.RoleArn(), "ec2.amazonaws.com")
	if r.users != nil {
		passRole(to, r.users.RoleArn(), "ec2.amazonaws.com")
	}
}

// allowCluster grants what every instance needs, whatever runs on it: the runner, bootstrap actions, EMR's jars and
// logs, and the catalog for the cluster's own HiveServer2.
func allowCluster(instance Rights, role awsiam.Role, props EmrRolesProps) {
	props.Runner.grantRead(instance)
	props.Logs.Grant(instance, "emr/*", "PutObject")
	// EMR's script-runner and command-runner jars.
	instance.allow(statement(of("s3", "GetObject"), []*string{
		new("arn:" + *awscdk.Stack_Of(role).Partition() + ":s3:::" + *awscdk.Stack_Of(role).Region() + ".elasticmapreduce/*"),
	}, nil))
	for _, name := range props.Stage.ShapeNames() {
		for _, action := range props.Stage.Shapes[name].Bootstrap {
			if object, ok := strings.CutPrefix(action.Path, "s3://"); ok {
				instance.allow(statement(of("s3", "GetObject"), []*string{new("arn:" + *awscdk.Stack_Of(role).Partition() + ":s3:::" + object)}, nil))
			}
		}
	}
	grantCatalog(role, instance)
	props.grantEncryption(role, instance)
	if props.Stage.HasAgent() {
		grantAgent(instance)
	}
}

// grantAgent allows the agent to publish metrics in the namespace that it uses on EMR.
// Source: Amazon EMR Release Guide, "Amazon CloudWatch agent".
func grantAgent(to Rights) {
	// PutMetricData does not support resources:
	// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatch.html
	to.allow(statement(of("cloudwatch", "PutMetricData"), anything, conditions{"StringEquals": {"cloudwatch:namespace": "CWAgent"}}))
}

// allowJobs grants the instances exactly what jobs and the runner need: AWS's
// managed policies for instances allow too much.
func (r *EmrRoles) allowJobs(props EmrRolesProps) {
	instance := roleRights{r.instance}
	allowCluster(instance, r.instance, props)
	props.Artifacts.Grant(instance, "packages/*", "GetObject")
	props.Artifacts.Grant(instance, "venvs/*", "GetObject")
	props.Artifacts.GrantNew(instance, "venvs/*") // Python libraries of jobs, installed
	if !props.Stage.Access.Required {             // otherwise every job runs as a user
		for _, zone := range sortedKeys(props.Zones) {
			props.Zones[zone].grantData(instance, true)
		}
		for _, source := range props.Stage.Sources {
			SourceBucket(r.instance, props.Stage, source.Bucket).grantSource(instance, source.Prefix)
		}
	}
	props.Logs.Grant(instance, "runs/*", "GetObject", "PutObject")
	// Only EMR's own logs can be listed: jobs share this role, and must not find what
	// other runs are given.
	props.Logs.onBucket(instance, conditions{"StringLike": {"s3:prefix": "emr/*"}}, "ListBucket")
	instance.allow(statement(of("logs", "CreateLogStream", "PutLogEvents", "GetLogEvents"), logStreams(props.Stage, props.RunLogs), nil))
	grantSecrets(r.instance, instance, props.Stage.Secrets)
	if !props.Stage.Access.Required {
		grantTables(r.instance, instance, props.Stage.Database(), "*", true)
		if len(props.Stage.Databases()) > 1 { // those of zones; no other stage has a name with this prefix
			grantTables(r.instance, instance, props.Stage.Database()+"_*", "*", true)
		}
	}
}

// allowUsers allows the instances for runs with a user to assume the users' roles, for their steps.
func (r *EmrRoles) allowUsers(roles []*string) {
	roleRights{r.users}.allow(statement(of("sts", "AssumeRole", "TagSession"), roles, nil))
}

// ServiceRole is the name of EMR's service role.
func (r *EmrRoles) ServiceRole() *string { return r.service.RoleName() }

// InstanceProfile is the name of the instance profile for runs without a user.
func (r *EmrRoles) InstanceProfile() string { return r.profile }

// UserInstanceProfile is that for runs with a user, or "" if the stage has none.
func (r *EmrRoles) UserInstanceProfile() string { return r.usersProfile }

// GrantPass allows creating clusters with these roles.
func (r *EmrRoles) GrantPass(to Rights) {
	passRole(to, r.service.RoleArn(), "elasticmapreduce.amazonaws.com")
	r.passInstances(to)
}
