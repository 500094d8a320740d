package simulation

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	lambdaevents "github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"ephemr/events"
	"ephemr/internal/pipeline"
	"ephemr/internal/register"
)

// Apply registers a pipeline, as ephemr apply does after it has uploaded the
// packages. A file that is wrong is a mistake of the test.
func (w *World) Apply(file string) register.Output {
	payload, err := json.Marshal(register.Input{Spec: SpecOf(file)})
	if err != nil {
		panic(fmt.Sprintf("encode pipeline: %v", err))
	}
	reply, err := w.spared(func() (json.RawMessage, error) { return w.Invoke("register", payload) })
	if err != nil {
		panic(fmt.Sprintf("register pipeline: %v", err))
	}
	var out register.Output
	if err := json.Unmarshal(reply, &out); err != nil {
		panic(fmt.Sprintf("decode reply of register: %v", err))
	}
	return out
}

// SpecOf is a pipeline file as JSON, its jobs with packages.
func SpecOf(file string) json.RawMessage {
	spec, err := pipeline.Parse("test.yaml", []byte(file), pipeline.WithZones("raw", "curated"))
	if err != nil {
		panic(fmt.Sprintf("parse pipeline: %v", err))
	}
	for i, j := range spec.Jobs {
		sum := sha256.Sum256([]byte(j.Name))
		digest := hex.EncodeToString(sum[:])
		spec.Jobs[i].Package = &pipeline.Package{Key: "packages/" + digest + ".zip", SHA256: digest, Size: 1}
	}
	data, err := json.Marshal(spec)
	if err != nil {
		panic(fmt.Sprintf("encode pipeline: %v", err))
	}
	return data
}

// Upload puts objects into the zone raw: S3 sends an event of each to the events queue.
func (w *World) Upload(keys ...string) {
	var bodies []string
	for _, k := range keys {
		bodies = append(bodies, w.Object(k))
	}
	w.Deliver("events", bodies...)
}

// Object puts an object into the zone raw, and returns S3's event about it.
func (w *World) Object(key string) string {
	if w.S3.Object(w.Settings.Lake["raw"], key) == nil { // else it was put with its content
		w.Put(key)
	}
	var d events.ObjectCreated
	d.Bucket.Name = w.Settings.Lake["raw"]
	d.Object.Key, d.Object.Size, d.Object.VersionID, d.Object.Sequencer = key, 1, "v-"+key, "s-"+key
	data, err := json.Marshal(d)
	if err != nil {
		panic(fmt.Sprintf("encode object: %v", err))
	}
	return string(envelope(events.SourceS3, events.TypeObjectCreated, data))
}

// Request sends requests to the requests queue.
func (w *World) Request(requests ...events.Request) {
	var bodies []string
	for _, r := range requests {
		data, err := json.Marshal(r)
		if err != nil {
			panic(fmt.Sprintf("encode request: %v", err))
		}
		bodies = append(bodies, string(data))
	}
	w.Deliver("requests", bodies...)
}

// batch is how many messages intake gets at a time.
const batch = 10

// Sender of everything that Deliver brings.
const Sender = "AIDATEST"

// Deliver brings messages to intake as their queue would: those that fail come
// again after the visibility timeout.
func (w *World) Deliver(queue string, bodies ...string) { w.DeliverFrom(Sender, queue, bodies...) }

// DeliverFrom delivers messages of another sender.
func (w *World) DeliverFrom(sender, queue string, bodies ...string) {
	var all []lambdaevents.SQSMessage
	for _, b := range bodies {
		all = append(all, lambdaevents.SQSMessage{
			MessageId: w.requestID("message", []byte(b)), Body: b, EventSourceARN: queueARN(queue),
			Attributes: map[string]string{"SentTimestamp": strconv.FormatInt(time.Now().UnixMilli(), 10), "SenderId": sender},
		})
	}
	for some := range slices.Chunk(all, batch) {
		w.receive(some, 1)
	}
}

// Receives is how often a message is tried.
const receives = 5

func (w *World) receive(messages []lambdaevents.SQSMessage, n int) {
	payload, err := json.Marshal(lambdaevents.SQSEvent{Records: messages})
	if err != nil {
		panic(fmt.Sprintf("encode batch: %v", err))
	}
	var response lambdaevents.SQSEventResponse
	reply, err := w.Invoke("intake", payload)
	if err == nil {
		err = json.Unmarshal(reply, &response)
	}
	left := slices.DeleteFunc(slices.Clone(messages), func(m lambdaevents.SQSMessage) bool {
		return err == nil && !slices.Contains(response.BatchItemFailures, lambdaevents.SQSBatchItemFailure{ItemIdentifier: m.MessageId})
	})
	if n == receives {
		w.mu.Lock()
		w.dead = append(w.dead, left...)
		w.mu.Unlock()
		return
	}
	if len(left) == 0 {
		return
	}
	w.busy.Go(func() {
		select {
		case <-w.life.Done():
		case <-time.After(3 * time.Minute):
			w.receive(left, n+1)
		}
	})
}

// Start starts an execution by hand and returns its ARN.
func (w *World) Start(name, input string) string {
	out, err := w.SFN.StartExecution(w.life, &sfn.StartExecutionInput{
		StateMachineArn: &w.Settings.StateMachine, Name: &name, Input: &input,
	})
	if err != nil {
		panic(fmt.Sprintf("start execution: %v", err))
	}
	return aws.ToString(out.ExecutionArn)
}

// Stop ends an execution as a person would.
func (w *World) Stop(arn string) {
	if _, err := w.SFN.StopExecution(w.life, &sfn.StopExecutionInput{ExecutionArn: &arn, Cause: aws.String("enough")}); err != nil {
		panic(fmt.Sprintf("stop execution: %v", err))
	}
}

// Parameter overwrites a parameter of the stage, a profile for example.
func (w *World) Parameter(name, value string) {
	if _, err := w.SSM.PutParameter(w.life, &ssm.PutParameterInput{
		Name: &name, Value: &value, Type: ssmtypes.ParameterTypeString, Overwrite: aws.Bool(true),
	}); err != nil {
		panic(fmt.Sprintf("write parameter %s: %v", name, err))
	}
}

// Tick is the calendar's request for a run of a pipeline, for a planned time.
func (w *World) Tick(pipelineName string, planned time.Time) {
	data, err := json.Marshal(events.ScheduleTick{Kind: events.KindSchedule, Pipeline: pipelineName, ScheduledTime: planned.UTC().Format(time.RFC3339)})
	if err != nil {
		panic(fmt.Sprintf("encode tick: %v", err))
	}
	w.Deliver("events", string(data))
}
