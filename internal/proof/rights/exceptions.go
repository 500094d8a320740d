package rights

import (
	"slices"
	"strings"

	"ephemr/internal/proof/iam"
)

// Exception is a permission that functions have although no call in storms needs it.
type Exception struct {
	Functions []string // without the stage's prefix; none = all
	Actions   []string
	Resource  string // part of the ARN; empty = any
	EndToEnd  bool   // the acceptance tests record calls that need it
	Why       string
}

func (e Exception) covers(function string, g iam.Grant) bool {
	name := function[strings.LastIndex(function, "-")+1:]
	return (len(e.Functions) == 0 || slices.Contains(e.Functions, name)) && slices.Contains(e.Actions, g.Action) && strings.Contains(g.Resource, e.Resource)
}

// Exceptions are all of them.
func Exceptions() []Exception {
	return slices.Concat(made, tested, rare)
}

// made are permissions for calls that AWS makes with the function's role.
var made = []Exception{
	{
		Actions: []string{"logs:CreateLogStream", "logs:PutLogEvents"},
		Why:     "Lambda writes the function's log",
	},
	{
		Functions: []string{"intake"},
		Actions:   []string{"sqs:ReceiveMessage", "sqs:ChangeMessageVisibility", "sqs:GetQueueUrl", "sqs:DeleteMessage", "sqs:GetQueueAttributes"},
		Why:       "Lambda reads the function's queues",
	},
}

// tested are permissions for what storms leave out and the acceptance tests do.
var tested = []Exception{
	{
		Functions: []string{"register"},
		Actions:   []string{"dynamodb:DeleteItem"}, EndToEnd: true,
		Why: "storms have no pipelines with triggers that change",
	},
	{
		Functions: []string{"register"}, Actions: []string{"ssm:GetParameter"}, EndToEnd: true,
		Why: "storms register their pipelines, which set step concurrency, before calls are recorded",
	},
	{
		Functions: []string{"intake", "preparerun", "control", "calendar"}, Actions: []string{"ssm:GetParametersByPath"}, EndToEnd: true,
		Why: "storms have no users",
	},
	{
		Functions: []string{"preparerun"}, Actions: []string{"s3:ListBucket"}, EndToEnd: true,
		Why: "jobs of storms are not given the addresses of objects",
	},
	{
		Functions: []string{"preparerun"}, Actions: []string{"secretsmanager:DescribeSecret", "ssm:DescribeParameters"}, EndToEnd: true,
		Why: "storms have no jobs with secrets",
	},
	{
		Functions: []string{"intake"}, Actions: []string{"sqs:SendMessage"}, Resource: "requests-dlq", EndToEnd: true,
		Why: "storms send valid requests only",
	},
	{
		Functions: []string{"control"},
		Actions: []string{
			"elasticmapreduce:DescribeCluster", "elasticmapreduce:TerminateJobFlows", "elasticmapreduce:ListInstanceFleets",
			"elasticmapreduce:AddInstanceFleet", "elasticmapreduce:ModifyInstanceFleet", "elasticmapreduce:GetManagedScalingPolicy",
			"servicediscovery:DeregisterInstance", "ssm:GetParameter",
		}, EndToEnd: true,
		Why: "storms contain no manual resizing or termination of clusters",
	},
	{
		Functions: []string{"control"}, Actions: []string{"dynamodb:GetItem", "dynamodb:PutItem"}, Resource: "-clusters", EndToEnd: true,
		Why: "reads and records the sizes of resized clusters",
	},
	{
		Functions: []string{"intake"}, Actions: []string{"s3:GetObject", "s3:ListBucket"}, EndToEnd: true,
		Why: "storms have no manifests that close batches; without s3:ListBucket, S3 answers 403 if one is missing, not 404",
	},
	{
		Functions: []string{"control"}, Actions: []string{"sqs:SendMessage"}, EndToEnd: true,
		Why: "storms have no objects that only a listing shows",
	},
	{
		Functions: []string{"control"},
		Actions: []string{
			"dynamodb:GetItem", "dynamodb:Query", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:ConditionCheckItem",
		}, Resource: "-pipelines", EndToEnd: true,
		Why: "storms do not pause, delete or roll back pipelines",
	},
	{
		Functions: []string{"control"}, Actions: []string{"dynamodb:Query"}, Resource: "/index/byState", EndToEnd: true,
		Why: "storms delete no pipelines, whose active runs are looked up",
	},
	{
		Functions: []string{"control"}, Actions: []string{"s3:GetObject", "s3:ListBucket"}, Resource: "-artifacts-", EndToEnd: true,
		Why: "storms roll no pipeline back to a version before",
	},
	{
		Functions: []string{"control"}, Actions: []string{"glue:GetTable", "glue:GetPartition", "glue:UpdatePartition"}, EndToEnd: true,
		Why: "storms do not undo publications",
	},
	{
		Functions: []string{"control"}, Actions: []string{"glue:CreatePartition"},
		Why: "likewise, of a partition that was dropped",
	},
	{
		Functions: []string{"checkdata"}, Actions: []string{"glue:GetTables"},
		Why: "storms write no Iceberg tables",
	},
	{
		Functions: []string{"checksql"}, Actions: []string{"sts:AssumeRole"}, EndToEnd: true,
		Why: "storms have one Athena, without roles",
	},
	{
		Functions: []string{"watch"}, Actions: []string{"logs:GetLogEvents"}, EndToEnd: true,
		Why: "jobs of storms write no output, whose last lines a failure shows",
	},
}

// rare are permissions for what storms cause seldom or not at all, so that it depends on
// chance whether they do; the tests of the packages cause it.
var rare = []Exception{
	{
		Functions: []string{"register"}, Actions: []string{"dynamodb:ConditionCheckItem"},
		Why: "ephemr apply of an unchanged file whose triggers are missing",
	},
	{
		Functions: []string{"calendar"}, Actions: []string{"dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:ConditionCheckItem"}, Resource: "-pipelines",
		Why: "creates the schedules of pipelines that an earlier version has registered",
	},
	{
		Functions: []string{"calendar"}, Actions: []string{"dynamodb:Query", "dynamodb:DeleteItem"}, Resource: "-pipelines",
		Why: "reads those pipelines; deletes schedules that were replaced, when their last dates have been requested",
	},
	{
		Functions: []string{"calendar"}, Actions: []string{"dynamodb:Query"}, Resource: "/index/byPipeline",
		Why: "adds what the runs of a backfill with a limit have cost",
	},
	{
		Functions: []string{"notify"}, Actions: []string{"events:PutEvents"},
		Why: "destinations with an address get their messages by rules of the bus; storms have topics only",
	},
	{
		Functions: []string{"intake"}, Actions: []string{"dynamodb:GetItem", "dynamodb:PutItem"}, Resource: "-clusters",
		Why: "a request has sensitive params",
	},
	{
		Functions: []string{"intake"}, Actions: []string{"sqs:SendMessage"}, Resource: "events-dlq",
		Why: "a message on the queue events that is not an event",
	},
	{
		Functions: []string{"awaitadmission"},
		Actions:   []string{"states:SendTaskSuccess", "states:SendTaskFailure", "dynamodb:DeleteItem"},
		Why:       "a slot becomes free, or the run is cancelled, while a manual execution registers its waiter",
	},
	{
		Functions: []string{"admit"}, Actions: []string{"events:PutEvents"},
		Why: "Step Functions refuses the name or the input of an execution: the run ends and is announced",
	},
	{
		Functions: []string{"admit"}, Actions: []string{"dynamodb:PutItem"}, Resource: "-runs",
		Why: "likewise: the notice of such a run is recorded with its end",
	},
	{
		Functions: []string{"notify"}, Actions: []string{"dynamodb:Query"}, Resource: "/index/byState",
		Why: "runs whose pipeline wants a notice before their deadline are looked for at every tick",
	},
	{
		Functions: []string{"holdrun"}, Actions: []string{"states:SendTaskFailure"},
		Why: "the run is cancelled before the function looks, or what it waits for cannot be",
	},
	{
		Functions: []string{"preparerun", "publish", "control", "finishrun", "sweep"}, Actions: []string{"glue:GetTable", "glue:UpdateTable"},
		Why: "storms publish no Iceberg tables; the tests of internal/publish do",
	},
	{
		Functions: []string{"preparerun", "publish", "control", "finishrun", "sweep"}, Actions: []string{"s3:GetObject", "s3:PutObject"}, Resource: "/*/metadata/*",
		Why: "likewise: the metadata files of Iceberg tables",
	},
	{
		Functions: []string{"finishrun", "sweep"}, Actions: []string{"glue:GetPartition"},
		Why: "a run ends whose publication was interrupted and not continued",
	},
	{
		Functions: []string{"sweep"}, Actions: []string{"states:StopExecution"},
		Why: "an execution is 30 minutes past its deadline",
	},
	{
		Functions: []string{"preparerun"}, Actions: []string{"states:SendTaskSuccess", "dynamodb:DeleteItem"},
		Why: "a repeated invocation admits a manual execution that waits by then",
	},
	{
		Functions: []string{"createcluster"}, Actions: []string{"states:SendTaskFailure", "servicediscovery:DeregisterInstance"},
		Why: "the run is cancelled, or its cluster ends, before the function looks",
	},
	{
		Functions: []string{"createcluster"}, Actions: []string{"elasticmapreduce:TerminateJobFlows"},
		Why: "the cluster of an attempt that is given up is terminated when the function looks",
	},
	{
		Actions: []string{"elasticmapreduce:SetTerminationProtection"},
		Why:     "a cluster of ours that was protected by hand, or has three primary nodes, is terminated",
	},
	{
		Functions: []string{"submitsteps"}, Actions: []string{"states:SendTaskFailure", "logs:GetLogEvents", "elasticmapreduce:DescribeCluster"},
		Why: "the run is cancelled, or a step or its cluster has failed, before the function looks",
	},
	{
		Functions: []string{"stopsteps", "control"}, Actions: []string{"s3:PutObject"}, Resource: "/lineage/*",
		Why: "a step has ended before the function looks: it writes the lineage event",
	},
	{
		Functions: []string{"stopsteps"}, Actions: []string{"s3:GetObject", "s3:ListBucket", "logs:GetLogEvents"},
		Why: "a step has ended before the function looks: it records the result",
	},
	{
		Functions: []string{"stopsteps"}, Actions: []string{"states:SendTaskSuccess", "dynamodb:DeleteItem"},
		Why: "no step is left when the function looks",
	},
	{
		Functions: []string{"terminatecluster", "sweep"},
		Actions:   []string{"elasticmapreduce:ListClusters", "elasticmapreduce:ListSteps", "elasticmapreduce:CancelSteps"},
		Why:       "looks for a cluster whose creation had an unclear answer; cancels steps that are left on a pool's cluster",
	},
	{
		Functions: []string{"stopsteps"}, Actions: []string{"dynamodb:UpdateItem"}, Resource: "-runs",
		Why: "finds a step that was submitted by an invocation that died",
	},
	{
		Functions: []string{"control"},
		Actions: []string{
			"elasticmapreduce:ListSteps", "elasticmapreduce:CancelSteps", "states:SendTaskSuccess", "s3:GetObject", "s3:ListBucket", "logs:GetLogEvents",
		},
		Why: "the run that is cancelled is being stopped already: control looks at its steps, as watch does",
	},
	{
		Functions: []string{"control"}, Actions: []string{"elasticmapreduce:ModifyCluster", "elasticmapreduce:PutManagedScalingPolicy"},
		Why: "resize of a pool's cluster, and of one with managed scaling",
	},
	{
		Functions: []string{"terminatecluster", "sweep"}, Actions: []string{"elasticmapreduce:ListInstanceFleets", "elasticmapreduce:ModifyInstanceFleet"},
		Why: "the task units that a job has requested on a pool's cluster are released with its lease",
	},
	{
		Functions: []string{"terminatecluster", "sweep"}, Actions: []string{"dynamodb:PutItem"}, Resource: "-clusters",
		Why: "records the size after that",
	},
	{
		Functions: []string{"sweep"}, Actions: []string{"cloudwatch:PutMetricData", "servicediscovery:DeleteService"},
		Why: "repairs are counted; services without clusters are deleted after a time",
	},
}
