// Package rights compares the calls that functions make with what their roles allow:
// a call that the role does not allow, and a permission that no call needs, are
// findings.
package rights

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"ephemr/internal/awsapi"
	"ephemr/internal/proof/iam"
)

// Place is where calls were recorded.
type Place struct {
	Account, Region string
	StateMachine    string // ARN

	// ClusterTags returns the tags of an EMR cluster.
	ClusterTags func(id string) map[string]string

	// Tags are those of all services in Cloud Map; the stage has no others.
	Tags map[string]string
}

// arn formats an ARN in the place's account and Region.
func (p Place) arn(service, resource string) string {
	return "arn:aws:" + service + ":" + p.Region + ":" + p.Account + ":" + resource
}

func (p Place) role(name string) string {
	if strings.HasPrefix(name, "arn:") {
		return name
	}
	return "arn:aws:iam::" + p.Account + ":role/" + name
}

// fields are those of a recorded call.
type fields map[string][]string

// of is the first value of a field.
func (f fields) of(name string) string {
	if len(f[name]) == 0 {
		return ""
	}
	return f[name][0]
}

// context has the tags of a request in the fields Tags.Key and Tags.Value.
func (f fields) context() map[string][]string {
	context := map[string][]string{}
	for i, key := range f["Tags.Key"] {
		context["aws:RequestTag/"+key] = []string{f["Tags.Value"][i]}
		context["aws:TagKeys"] = append(context["aws:TagKeys"], key)
	}
	return context
}

// Needs are the permissions that a call needs. An operation that this package does
// not know is an error.
// Source: Service Authorization Reference.
func Needs(p Place, c awsapi.Call) ([]iam.Request, error) {
	needs, ok := services[c.Service]
	if !ok {
		return nil, fmt.Errorf("permissions of service %s are not known: add it to internal/proof/rights", c.Service)
	}
	requests := needs(p, c.Operation, c.Input)
	for _, r := range requests {
		if r.Resource == "" || strings.HasSuffix(r.Resource, "/") || strings.HasSuffix(r.Resource, ":") {
			return nil, fmt.Errorf("%s %s names no resource: record the field that does (got %v)", c.Service, c.Operation, c.Input)
		}
	}
	if len(requests) == 0 {
		return nil, fmt.Errorf("permissions for %s of %s are not known: add it to internal/proof/rights", c.Operation, c.Service)
	}
	return requests, nil
}

// services are the permissions that the operations of a service need, by the SDK's
// name of the service.
var services = map[string]func(p Place, operation string, in fields) []iam.Request{
	"CloudWatch":       cloudWatch,
	"CloudWatch Logs":  logs,
	"DataZone":         dataZone,
	"DynamoDB":         dynamoDB,
	"EC2":              ec2,
	"EMR":              emr,
	"EventBridge":      eventBridge,
	"Glue":             glue,
	"Lambda":           lambda,
	"S3":               s3,
	"Secrets Manager":  secretsManager,
	"SFN":              stepFunctions,
	"SNS":              sns,
	"SQS":              sqs,
	"SSM":              ssm,
	"STS":              sts,
	"ServiceDiscovery": cloudMap,
}

func one(action, resource string) []iam.Request {
	return []iam.Request{{Action: action, Resource: resource}}
}

// anything is the resource of actions that do not support resources.
const anything = "*"

func cloudWatch(_ Place, operation string, in fields) []iam.Request {
	return []iam.Request{{Action: "cloudwatch:" + operation, Resource: anything, Context: map[string][]string{"cloudwatch:namespace": in["Namespace"]}}}
}

// ec2: the operations that describe do not support resources.
func ec2(_ Place, operation string, _ fields) []iam.Request { return one("ec2:"+operation, anything) }

func logs(p Place, operation string, in fields) []iam.Request {
	return one("logs:"+operation, p.arn("logs", "log-group:"+in.of("LogGroupName")+":log-stream:"+in.of("LogStreamName")))
}

// dynamoDB: a transaction needs the permissions of its parts.
func dynamoDB(p Place, operation string, in fields) (requests []iam.Request) {
	parts := map[string]string{"TableName": operation}
	if operation == "TransactWriteItems" {
		parts = map[string]string{
			"TransactItems.ConditionCheck.TableName": "ConditionCheckItem", "TransactItems.Delete.TableName": "DeleteItem",
			"TransactItems.Put.TableName": "PutItem", "TransactItems.Update.TableName": "UpdateItem",
		}
	}
	for _, field := range slices.Sorted(maps.Keys(parts)) {
		for _, table := range in[field] {
			resource := p.arn("dynamodb", "table/"+table)
			if index := in.of("IndexName"); index != "" {
				resource += "/index/" + index
			}
			requests = append(requests, iam.Request{Action: "dynamodb:" + parts[field], Resource: resource})
		}
	}
	return requests
}

func eventBridge(p Place, operation string, in fields) (requests []iam.Request) {
	for _, bus := range in["Entries.EventBusName"] {
		requests = append(requests, iam.Request{Action: "events:" + operation, Resource: p.arn("events", "event-bus/"+bus)})
	}
	return requests
}

// glue: an operation on a table needs permission on its ancestors too.
func glue(p Place, operation string, in fields) (requests []iam.Request) {
	database, table := in.of("DatabaseName"), in.of("TableName")
	switch operation {
	case "GetTable":
		table = in.of("Name")
	case "UpdateTable":
		table = in.of("TableInput.Name")
	case "GetTables": // all of the database
		table = "*"
	}
	for _, resource := range []string{"catalog", "database/" + database, "table/" + database + "/" + table} {
		requests = append(requests, iam.Request{Action: "glue:" + operation, Resource: p.arn("glue", resource)})
	}
	return requests
}

func lambda(p Place, operation string, in fields) []iam.Request {
	return one("lambda:"+operation+"Function", p.arn("lambda", "function:"+in.of("FunctionName")))
}

// s3: whether a missing object is reported as missing depends on the permission to
// list the bucket.
func s3(_ Place, operation string, in fields) []iam.Request {
	object := "arn:aws:s3:::" + in.of("Bucket") + "/" + in.of("Key")
	switch operation {
	case "GetObject", "HeadObject":
		return []iam.Request{{Action: "s3:GetObject", Resource: object}, {Action: "s3:ListBucket", Resource: "arn:aws:s3:::" + in.of("Bucket")}}
	case "PutObject":
		request := iam.Request{Action: "s3:PutObject", Resource: object}
		if condition := in["IfNoneMatch"]; condition != nil {
			request.Context = map[string][]string{"s3:if-none-match": condition}
		}
		return []iam.Request{request}
	case "ListObjectsV2":
		return []iam.Request{{Action: "s3:ListBucket", Resource: "arn:aws:s3:::" + in.of("Bucket"), Context: map[string][]string{"s3:prefix": {in.of("Prefix")}}}}
	}
	return nil
}

// stepFunctions: SendTaskSuccess and SendTaskFailure are evaluated on the state
// machine of the token, of which the stage has one.
func stepFunctions(p Place, operation string, in fields) []iam.Request {
	switch operation {
	case "StartExecution":
		machine := in.of("StateMachineArn")
		execution := strings.Replace(machine, ":stateMachine:", ":execution:", 1) + ":" + in.of("Name")
		return append(one("states:StartExecution", machine), one("states:DescribeExecution", execution)...)
	case "DescribeExecution", "StopExecution":
		return one("states:"+operation, in.of("ExecutionArn"))
	case "SendTaskSuccess", "SendTaskFailure":
		return one("states:"+operation, p.StateMachine)
	}
	return nil
}

func sns(_ Place, operation string, in fields) []iam.Request {
	return one("sns:"+operation, in.of("TopicArn"))
}

func sqs(p Place, operation string, in fields) []iam.Request {
	url := in.of("QueueUrl")
	return one("sqs:"+operation, p.arn("sqs", url[strings.LastIndex(url, "/")+1:]))
}

// ssm: GetParametersByPath is evaluated on the path, or on the parameters below it;
// the documentation shows both.
func ssm(p Place, operation string, in fields) []iam.Request {
	if operation == "DescribeParameters" {
		return one("ssm:"+operation, anything)
	}
	if operation == "GetParametersByPath" {
		path := p.arn("ssm", "parameter"+strings.TrimSuffix(in.of("Path"), "/"))
		return append(one("ssm:"+operation, path), one("ssm:"+operation, path+"/any")...)
	}
	return one("ssm:"+operation, p.arn("ssm", "parameter"+in.of("Name")))
}

// secretsManager: IAM evaluates the ARN, which has six more characters than the name.
func secretsManager(p Place, operation string, in fields) []iam.Request {
	id := in.of("SecretId")
	if !strings.HasPrefix(id, "arn:") {
		id = p.arn("secretsmanager", "secret:"+id+"-AbCdEf")
	}
	return one("secretsmanager:"+operation, id)
}

// dataZone: PostLineageEvent does not support resources.
func dataZone(_ Place, operation string, _ fields) []iam.Request {
	return one("datazone:"+operation, anything)
}

func sts(p Place, operation string, in fields) []iam.Request {
	return one("sts:"+operation, p.role(in.of("RoleArn")))
}

func pass(p Place, role, service string) iam.Request {
	return iam.Request{Action: "iam:PassRole", Resource: p.role(role), Context: map[string][]string{"iam:PassedToService": {service}}}
}

// cloudMap: CreateService with tags needs TagResource, which does not support
// resources.
func cloudMap(p Place, operation string, in fields) []iam.Request {
	tags := map[string][]string{}
	for key, value := range p.Tags {
		tags["aws:ResourceTag/"+key] = []string{value}
	}
	switch operation {
	case "CreateService":
		context := in.context()
		namespace := p.arn("servicediscovery", "namespace/"+in.of("NamespaceId"))
		withNamespace := maps.Clone(context)
		withNamespace["servicediscovery:NamespaceArn"] = []string{namespace}
		return []iam.Request{
			{Action: "servicediscovery:CreateService", Resource: namespace, Context: withNamespace},
			{Action: "servicediscovery:CreateService", Resource: p.arn("servicediscovery", "service/srv-new"), Context: withNamespace},
			{Action: "servicediscovery:TagResource", Resource: anything, Context: context},
		}
	case "ListServices":
		return one("servicediscovery:ListServices", anything)
	case "DeleteService":
		in = fields{"ServiceId": in["Id"]}
	}
	return []iam.Request{{Action: "servicediscovery:" + operation, Resource: p.arn("servicediscovery", "service/"+in.of("ServiceId")), Context: tags}}
}
