package awsapi

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go/middleware"
)

// RecordVariable is the environment variable with the directory to which functions
// record their calls. Only tests on a local region set it.
const RecordVariable = "EPHEMR_RECORD_CALLS"

// Call is a call to AWS, with what IAM evaluates of its request.
type Call struct {
	Service   string              // as the SDK names it, such as DynamoDB
	Operation string              // such as PutItem
	Input     map[string][]string // fields of the request -> values, such as Tags.Key -> a, b
}

// NewCall describes a call with the given request.
func NewCall(service, operation string, request any) Call {
	call := Call{Service: service, Operation: operation, Input: map[string][]string{}}
	call.add(reflect.ValueOf(request), "")
	return call
}

// Recorded returns cfg such that each call of its clients is written to a file of dir
// with the function's name, as one Call in JSON per line. Equal calls are written
// once.
func Recorded(cfg aws.Config, dir, function string) (aws.Config, error) {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return cfg, fmt.Errorf("record calls: %w", err)
	}
	file, err := os.OpenFile(filepath.Join(dir, function+".jsonl"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600) //nolint:gosec // of the region's directory
	if err != nil {
		return cfg, fmt.Errorf("record calls: %w", err)
	}
	r := &recorder{file: file, seen: map[string]bool{}}
	cfg.APIOptions = append(cfg.APIOptions, func(stack *middleware.Stack) error {
		return stack.Initialize.Add(r, middleware.After)
	})
	return cfg, nil
}

type recorder struct {
	file *os.File
	mu   sync.Mutex
	seen map[string]bool
}

// ID names the middleware.
func (r *recorder) ID() string { return "RecordCalls" }

// HandleInitialize records a call before it is sent, so that refused calls count too.
func (r *recorder) HandleInitialize(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (
	middleware.InitializeOutput, middleware.Metadata, error,
) {
	call := NewCall(awsmiddleware.GetServiceID(ctx), awsmiddleware.GetOperationName(ctx), in.Parameters)
	if err := r.write(call); err != nil {
		return middleware.InitializeOutput{}, middleware.Metadata{}, fmt.Errorf("record %s: %w", call.Operation, err)
	}
	return next.HandleInitialize(ctx, in)
}

func (r *recorder) write(call Call) error {
	line, err := json.Marshal(call)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.seen[string(line)] {
		return nil
	}
	r.seen[string(line)] = true
	_, err = r.file.Write(append(line, '\n')) // one write, as other processes of the function append too
	return err
}

// evaluated are the fields that name resources or are condition keys. Nothing else is
// recorded: requests contain data.
var evaluated = map[string]bool{
	"Bucket": true, "Key": true, "Value": true, "IfNoneMatch": true, "Prefix": true, "TableName": true, "IndexName": true,
	"QueueUrl": true, "TopicArn": true, "FunctionName": true, "EventBusName": true, "Namespace": true, "Name": true, "GroupName": true, "Path": true,
	"LogGroupName": true, "LogStreamName": true, "StateMachineArn": true, "ExecutionArn": true, "RoleArn": true, "SecretId": true, "DatabaseName": true,
	"NamespaceId": true, "ServiceId": true, "Id": true, "ClusterId": true, "JobFlowId": true, "JobFlowIds": true,
	"ServiceRole": true, "JobFlowRole": true, "ExecutionRoleArn": true, "IdleTimeout": true,
}

// add adds the fields of v, which is at path in the request. Values of maps and
// interfaces are data.
func (c *Call) add(v reflect.Value, path string) {
	switch v.Kind() { //nolint:exhaustive // others have no fields
	case reflect.Pointer:
		if !v.IsNil() {
			c.add(v.Elem(), path)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if field := v.Type().Field(i); field.IsExported() {
				c.add(v.Field(i), strings.TrimPrefix(path+"."+field.Name, "."))
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			c.add(v.Index(i), path)
		}
	case reflect.String, reflect.Int64:
		if name := path[strings.LastIndex(path, ".")+1:]; evaluated[name] {
			c.Input[path] = append(c.Input[path], fmt.Sprint(v.Interface()))
		}
	}
}
