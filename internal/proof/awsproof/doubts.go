package awsproof

import "strings"

// Doubt is what AWS's documentation does not settle and the code depends on.
type Doubt struct {
	ID       string
	Question string
	Assumes  string // what the product assumes
	Probe    string // that observes it
	judge    judge
}

// Doubts lists all doubts. When AWS changes an answer, or the code its assumption, change the row.
var Doubts = []Doubt{
	// Deployment and permissions.
	{
		"start-execution", "Can admission start executions with the rights that it has?",
		"yes: StartExecution, and DescribeExecution because AWS lists it for this operation", "inspect", all(Facts{"started": "yes"}, "run_state", "run_reason"),
	},
	{
		"service-role", "Can EMR make a cluster with AmazonEMRServicePolicy_v2, the stage's tags and the tagged network?",
		"yes, if the subnets and their VPC have the tag", "inspect", custom(func(f Facts) bool { return f["cluster_ready_seconds"] != "" }, "run_state", "cluster_ready_seconds", "run_reason"),
	},
	{
		"sender", "Does SQS report the sender of a request as the unique id that STS reports?",
		"yes: users list ids of senders in this form", "inspect", same("sender", "caller"),
	},
	{
		"denied-code", "By which code does EMR refuse a call without permission?",
		"AccessDeniedException: the class is permission, and the call is not repeated", "inspect", custom(func(f Facts) bool { return strings.Contains(f["denied"], "(AccessDeniedException)") }, "denied"),
	},
	{
		"glue-spark", "Are the instance profile's rights on Glue enough for Spark SQL?",
		"yes: the stage's database, and reading of default and global_temp", "catalog", all(Facts{"spark-sql": "yes"}),
	},
	{
		"glue-hive", "Are they enough for Hive, which asks for the functions of all databases when it starts?",
		"yes: GetUserDefinedFunctions is evaluated on the resources that are granted", "catalog", all(Facts{"hive": "yes"}),
	},
	{
		"retain-except-on-create", "Does CloudFormation delete a resource with RetainExceptOnCreate when the creation of its stack is rolled back?",
		"yes: a first deployment that failed can be repeated", "rollback", all(Facts{"status": "ROLLBACK_COMPLETE", "bucket_kept": "no"}),
	},
	{
		"doctor", "Does doctor find nothing wrong with a stage on which runs work?",
		"yes", "doctor", all(Facts{"passed": "yes"}, "findings"),
	},
	{
		"athena", "Does Athena answer with the rights and the workgroup of a team?",
		"yes", "query", all(Facts{"answered": "yes"}, "seconds", "error"),
	},
	{
		"demo", "Do an upload's event, Spark, Hive on Glue and the data checks work together?",
		"yes, with the result that the local region computes", "demo", all(Facts{"run_state": "SUCCEEDED", "result": "as Go"}, "run_reason", "job_clean", "job_publish", "job_checks"),
	},
	{
		"upload-event", "How late is the event of an upload to S3?",
		"seconds: a minute at most", "demo", within("seconds_from_upload_to_run", 60),
	},
	{
		"time-zone", "Does the tick come every minute, so that the calendar requests a run in the minute that a schedule in a time zone names?",
		"yes: the logical time is a minute of the schedule, in the hours of its zone, and the run is requested within a minute", "schedule",
		within("seconds_late", 60, "time_zone", "hours", "logical_time"),
	},
	// Idle clusters.
	{
		"idle-running-step", "Does EMR's auto-termination end a cluster while a step without YARN applications is running?",
		"yes: therefore the runner touches isbusy", "idle", custom(func(f Facts) bool { return f["step_state"] != "COMPLETED" }, "step_started", "step_state", "step_seconds", "state", "reason"),
	},
	{
		"isbusy", "Does /emr/metricscollector/isbusy exist, and can a step write it?",
		"yes, after the bootstrap action has made it writable", "inspect", all(Facts{"busy_file_writable": "yes"}, "busy_file", "unix_user"),
	},
	{
		"isbusy-user", "Can a step with a runtime role write it?",
		"yes", "user", all(Facts{"busy_file_writable": "yes"}, "busy_file", "unix_user"),
	},
	{
		"isbusy-keeps", "Does touching isbusy keep a cluster whose job outlasts its idle timeout?",
		"yes", "busy", all(Facts{"run_state": "SUCCEEDED"}, "worked", "run_reason"),
	},
	// Cancelling.
	{
		"cancel-signal", "Does command-runner end without forwarding SIGTERM when its step is interrupted?",
		"yes: the runner takes the end of its parent for an interrupt; it handles a forwarded signal as well", "cancel",
		differ("above_at_start", "above_at_interrupt"),
	},
	{
		"cancel-clean-up", "Can a cancelled job clean up, and is its result recorded?",
		"yes: SIGTERM reaches it, and its exit code is known", "cancel", all(Facts{"cleaned_up": "yes", "run_state": "CANCELLED"}, "exit_code"),
	},
	{
		"cancel-reported", "When does EMR report an interrupted step as CANCELLED?",
		"when its child process has ended, possibly before the job: a step without a result counts as over 45 s later", "cancel",
		all(Facts{"step_state": "CANCELLED"}, "step_ended_seconds_after_cancel", "job_ended_seconds_after_cancel", "seconds_to_end"),
	},
	{
		"stop-event", "How late is Step Functions' event of a stopped execution?",
		"seconds: sweep ends the run within two minutes, long before its schedule", "stop", within("seconds_to_end", 120, "run_state"),
	},
	// Runtime roles.
	{
		"role-pass", "Does AddJobFlowSteps with a runtime role need iam:PassRole?",
		"no: submitsteps has the condition on ExecutionRoleArn only", "user", custom(func(f Facts) bool { return f["job_state"] == "SUCCEEDED" || f["exit_code"] != "" }, "run_state", "job_state", "run_reason"),
	},
	{
		"role-identity", "Does a program that EMR does not know, started by command-runner, have the role's credentials?",
		"yes, by the default chain of the SDKs: runner and AWS CLI work as the role", "user",
		custom(func(f Facts) bool { return isRole(f["identity"], f["expected_role"]) }, "identity", "expected_role", "credentials", "unix_user"),
	},
	{
		"role-spark", "Do Spark's executors have the role when the runner starts spark-submit?",
		"yes", "user-spark", all(Facts{"rows": "10000"}, "master", "run_reason"),
	},
	{
		"role-glue-spark", "Are a user's rights on Glue enough for Spark SQL?", "yes", "user-catalog", all(Facts{"spark-sql": "yes"}),
	},
	{
		"role-glue-hive", "Are they enough for Hive?", "yes", "user-catalog", all(Facts{"hive": "yes"}),
	},
	{
		"role-logs", "Can a user's runner stream to CloudWatch Logs with CreateLogStream on the group and PutLogEvents on its own streams?",
		"yes", "user", all(Facts{"logs_complete": "yes"}),
	},
	{
		"role-directories", "Can the Unix user of a step with a runtime role write /tmp and the data disk?",
		"yes: the bootstrap action makes /mnt/ephemr with mode 1777", "user", all(Facts{"temporary_directory": "yes", "work_disk": "yes"}, "work_directory", "unix_user"),
	},
	{
		"role-sudo", "Does sudo work in a step with a runtime role, and could it be used to leave the role?",
		"no", "user", all(Facts{"sudo": "no"}, "instance_metadata_by_sudo", "unix_user"),
	},
	{
		"role-metadata", "Can such a step reach the instance metadata service, and with it the instance profile?",
		"no", "user", all(Facts{"instance_metadata": "no"}, "instance_metadata_by_sudo"),
	},
	{
		"role-isolation", "Can such a step assume the role of another user?",
		"no", "user", all(Facts{"other_user": "no"}),
	},
	// Clusters that fail.
	{
		"bootstrap-class", "What does EMR say of a bootstrap action that failed, and what does ephemr make of it?",
		"class bootstrap", "bootstrap", all(Facts{"class": "bootstrap"}, "state", "reason", "details"),
	},
	{
		"details-terminating", "Does DescribeCluster have ErrorDetails while a cluster is TERMINATING?",
		"yes: the reason is read then", "bootstrap", all(Facts{"details_while_terminating": "yes"}, "details"),
	},
	{
		"unsupported-type", "What does EMR say of an instance type that it does not support?",
		"the call is refused, or the cluster ends with class invalid or capacity", "unsupported",
		judge{[]string{"refused", "class", "reason", "details"}, func(f Facts) (is, known bool) {
			return strings.Contains(f["refused"], "ValidationException") || strings.Contains(f["refused"], "InvalidRequestException") || f["class"] == "invalid" || f["class"] == "capacity", len(f) > 0
		}},
	},
	// Instances.
	{
		"disk", "Do jobs work on the data disk, apart from the root disk?",
		"yes: below /mnt", "inspect", custom(func(f Facts) bool { return separate(f["disks"]) }, "disks", "work_directory"),
	},
	{
		"runner", "Do the runner's bootstrap action, its directory and the log stream work on an instance of EMR?",
		"yes", "inspect", all(Facts{"run_state": "SUCCEEDED", "work_disk": "yes", "logs_complete": "yes"}, "unix_user"),
	},
	{
		"yarn-tags", "Does YARN list a Spark application by the tag that the runner has set?",
		"yes: applications that outlive their client are found and killed by it", "spark", all(Facts{"listed": "yes"}, "tags", "master"),
	},
}

// isRole reports whether an assumed role's ARN, as STS reports it, is of a role.
func isRole(assumed, role string) bool {
	_, name, _ := strings.Cut(role, ":role/")
	return name != "" && strings.Contains(assumed, ":assumed-role/"+name+"/")
}

// separate reports whether df lists two devices.
func separate(disks string) bool {
	parts := strings.Split(disks, "; ")
	if len(parts) < 2 {
		return false
	}
	root, _, _ := strings.Cut(parts[0], " ")
	data, _, _ := strings.Cut(parts[1], " ")
	return data != "" && root != data
}
