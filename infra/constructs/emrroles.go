package constructs

import (
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

// EmrRoles are EMR's service role and the role of the clusters' instances.
type EmrRoles struct {
	service  awsiam.Role
	instance awsiam.Role
	profile  string
}

// NewEmrRoles adds both roles and the instance profile.
func NewEmrRoles(scope constructs.Construct, id string, props EmrRolesProps) *EmrRoles {
	scope = constructs.NewConstruct(scope, &id)
	r := &EmrRoles{profile: *props.Stage.globalName(scope, "emr-instance")}
	r.instance = awsiam.NewRole(scope, new("Instance"), &awsiam.RoleProps{
		RoleName:    &r.profile,
		Description: new("Instances of EMR clusters: permissions of jobs that run without a user"),
		AssumedBy:   awsiam.NewServicePrincipal(new("ec2.amazonaws.com"), nil),
	})
	profile := awsiam.NewCfnInstanceProfile(scope, new("Profile"), &awsiam.CfnInstanceProfileProps{
		InstanceProfileName: &r.profile, // EMR requires the name of its role
		Roles:               &[]any{r.instance.RoleName()},
	})
	profile.ApplyRemovalPolicy(awscdk.RemovalPolicy_DESTROY, nil)
	r.service = awsiam.NewRole(scope, new("Service"), &awsiam.RoleProps{
		RoleName:    props.Stage.globalName(scope, "emr-service"),
		Description: new("Amazon EMR: create and terminate instances of clusters"),
		AssumedBy:   servicePrincipal(scope, "elasticmapreduce.amazonaws.com", arn(scope, "elasticmapreduce", "*")),
		ManagedPolicies: &[]awsiam.IManagedPolicy{
			awsiam.ManagedPolicy_FromAwsManagedPolicyName(new("service-role/AmazonEMRServicePolicy_v2")),
		},
	})
	// The managed policy allows passing only the role named EMR_EC2_DefaultRole.
	passRole(roleRights{r.service}, r.instance.RoleArn(), "ec2.amazonaws.com")
	r.allowJobs(props)
	return r
}

// allowJobs grants the instances exactly what jobs and the runner need: AWS's
// managed policies for instances allow too much.
func (r *EmrRoles) allowJobs(props EmrRolesProps) {
	instance := roleRights{r.instance}
	props.Runner.grantRead(instance)
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
	props.Logs.Grant(instance, "emr/*", "PutObject")
	// Only EMR's own logs can be listed: jobs share this role, and must not find what
	// other runs are given.
	props.Logs.onBucket(instance, conditions{"StringLike": {"s3:prefix": "emr/*"}}, "ListBucket")
	instance.allow(statement(of("logs", "CreateLogStream", "PutLogEvents", "GetLogEvents"), logStreams(props.Stage, props.RunLogs), nil))
	// EMR's script-runner and command-runner jars.
	instance.allow(statement(of("s3", "GetObject"), []*string{
		new("arn:" + *awscdk.Stack_Of(r.instance).Partition() + ":s3:::" + *awscdk.Stack_Of(r.instance).Region() + ".elasticmapreduce/*"),
	}, nil))
	grantCatalog(r.instance, instance) // also for the cluster's own HiveServer2
	grantSecrets(r.instance, instance, props.Stage.Secrets)
	if !props.Stage.Access.Required {
		grantTables(r.instance, instance, props.Stage.Database(), "*", true)
	}
}

// allowUsers allows the instances to assume the users' roles, for their steps.
func (r *EmrRoles) allowUsers(roles []*string) {
	roleRights{r.instance}.allow(statement(of("sts", "AssumeRole", "TagSession"), roles, nil))
}

// ServiceRole is the name of EMR's service role.
func (r *EmrRoles) ServiceRole() *string { return r.service.RoleName() }

// InstanceProfile is the name of the instance profile.
func (r *EmrRoles) InstanceProfile() string { return r.profile }

// GrantPass allows creating clusters with these roles.
func (r *EmrRoles) GrantPass(to Rights) {
	passRole(to, r.service.RoleArn(), "elasticmapreduce.amazonaws.com")
	passRole(to, r.instance.RoleArn(), "ec2.amazonaws.com")
}
