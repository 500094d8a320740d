package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"ephemr/internal/local/laptop"
	"ephemr/internal/proof/bench/binary"
	"ephemr/internal/run"
	"ephemr/internal/stage"
)

// Load is how a burst of requests for one pipeline is taken, compared with the same
// number of messages that a function does a conditional write for. Both are read from
// SQS in batches of ten, by as many functions.
type Load struct {
	Requests int     `json:"requests"`
	Taken    Pace    `json:"taken"`  // requests
	Written  Pace    `json:"writes"` // conditional writes
	Ratio    float64 `json:"ratio"`  // of all requests, to writes
	Flat     float64 `json:"flat"`   // last fifth of the requests, to the first
	Begin    Seconds `json:"begin"`  // from a request of another pipeline, sent afterwards, until its run is admitted
}

// Pace is messages a second.
type Pace struct {
	All   float64 `json:"all"`
	First float64 `json:"first"` // fifth of the messages
	Last  float64 `json:"last"`  // fifth of the messages
}

// loadPipelines are the pipeline of the burst, whose runs do not end, and another.
var loadPipelines = map[string]string{
	"load":  "pipeline: load\ncluster: {profile: small}\nlimits: {maxActive: 2}\njobs: [{name: wait, type: bash, source: jobs/wait}]\n",
	"other": "pipeline: other\ncluster: {profile: small}\nlimits: {maxActive: 2}\njobs: [{name: wait, type: bash, source: jobs/wait}]\n",
}

// measureLoad sends n requests to a region of its own.
func (r *Report) measureLoad(ctx context.Context, n int, log io.Writer) (err error) {
	region, err := open(ctx, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, region.close(ctx)) }()
	for name, file := range loadPipelines {
		if err := region.applyFile(ctx, name, file, "jobs/wait/run.sh", "sleep 3600\n"); err != nil {
			return err
		}
	}
	l := &load{region: region, client: sqs.NewFromConfig(region.Config()), log: log}
	r.Load = &Load{Requests: n}
	queue, err := l.writer(ctx)
	if err != nil {
		return err
	}
	if r.Load.Written, err = l.burst(ctx, "writes", queue, n); err != nil {
		return err
	}
	if r.Load.Taken, err = l.burst(ctx, "requests", region.settings.RequestsQueue, n); err != nil {
		return err
	}
	r.Load.Ratio, r.Load.Flat = r.Load.Taken.All/r.Load.Written.All, r.Load.Taken.Last/r.Load.Taken.First
	r.Load.Begin, err = l.other(ctx)
	return err
}

// load is a burst under way.
type load struct {
	region *region
	client *sqs.Client
	log    io.Writer
}

// writer deploys the function that writes, and returns its queue.
func (l *load) writer(ctx context.Context) (string, error) {
	code, err := binary.Zip(ctx, l.region.Root, filepath.Join(l.region.dir, "writer"), binary.Writer)
	if err != nil {
		return "", err
	}
	client := lambda.NewFromConfig(l.region.Config())
	f, err := client.CreateFunction(ctx, &lambda.CreateFunctionInput{
		FunctionName: new("ephemr-bench-writer"), Runtime: lambdatypes.RuntimeProvidedal2023, Handler: new("bootstrap"),
		Role: new("arn:aws:iam::" + laptop.Account + ":role/ephemr-bench"), Code: &lambdatypes.FunctionCode{ZipFile: code},
		Environment: &lambdatypes.Environment{Variables: map[string]string{stage.Variable: l.region.text}}, Timeout: new(int32(15)),
	})
	if err != nil {
		return "", fmt.Errorf("create function: %w", err)
	}
	q, err := l.client.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: new("ephemr-bench-writes"), Attributes: map[string]string{"VisibilityTimeout": "90"}})
	if err != nil {
		return "", fmt.Errorf("create queue: %w", err)
	}
	arn, err := l.client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: q.QueueUrl, AttributeNames: []sqstypes.QueueAttributeName{"QueueArn"}})
	if err != nil {
		return "", fmt.Errorf("look at queue: %w", err)
	}
	if _, err := client.CreateEventSourceMapping(ctx, &lambda.CreateEventSourceMappingInput{
		FunctionName: f.FunctionName, EventSourceArn: new(arn.Attributes["QueueArn"]), BatchSize: new(int32(10)),
		FunctionResponseTypes: []lambdatypes.FunctionResponseType{lambdatypes.FunctionResponseTypeReportBatchItemFailures},
		ScalingConfig:         &lambdatypes.ScalingConfig{MaximumConcurrency: new(int32(5))}, // that of intake
	}); err != nil {
		return "", fmt.Errorf("connect queue with function: %w", err)
	}
	return *q.QueueUrl, nil
}

// burst sends n requests to a queue and returns how fast they are taken.
func (l *load) burst(ctx context.Context, what, queue string, n int) (Pace, error) {
	return l.burstOf(ctx, what, queue, n, requestOf("load"))
}

// burstOf does the same with messages of any kind.
func (l *load) burstOf(ctx context.Context, what, queue string, n int, body func(int) string) (Pace, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Duration(n)*time.Second/5+5*time.Minute)
	defer cancel()
	sent := make(chan error, 1)
	begun := time.Now()
	go func() { sent <- l.sendFrom(ctx, queue, 0, n, body) }()
	var at []mark
	for taken := 0; taken < n; {
		select {
		case err := <-sent:
			if err != nil {
				return Pace{}, err
			}
			sent = nil
		case <-time.After(250 * time.Millisecond):
		case <-ctx.Done():
			return Pace{}, fmt.Errorf("%d of %d %s taken: %w", taken, n, what, ctx.Err())
		}
		if sent != nil {
			continue // what is not sent yet cannot be told from what is taken
		}
		left, err := l.left(ctx, queue)
		if err != nil {
			return Pace{}, err
		}
		taken = n - left
		at = append(at, mark{taken, time.Since(begun)})
	}
	_, _ = fmt.Fprintf(l.log, "%d %s taken in %s\n", n, what, time.Since(begun).Round(time.Second))
	return pace(at, n), nil
}

// mark says how many messages were taken after a time.
type mark struct {
	taken int
	after time.Duration
}

// pace is how fast n messages were taken.
func pace(at []mark, n int) Pace {
	rate := func(from, to mark) float64 {
		if to.after <= from.after {
			return 0
		}
		return float64(to.taken-from.taken) / (to.after - from.after).Seconds()
	}
	first, last := mark{}, mark{}
	for _, m := range at {
		if m.taken <= n/5 || first.taken == 0 {
			first = m
		}
		if m.taken <= n-n/5 || last.taken == 0 {
			last = m
		}
	}
	end := at[len(at)-1]
	return Pace{All: rate(mark{}, end), First: rate(mark{}, first), Last: rate(last, end)}
}

func (l *load) left(ctx context.Context, queue string) (left int, _ error) {
	out, err := l.client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{
		QueueUrl: &queue, AttributeNames: []sqstypes.QueueAttributeName{"ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"},
	})
	if err != nil {
		return 0, fmt.Errorf("look at queue: %w", err)
	}
	for _, v := range out.Attributes {
		n, err := strconv.Atoi(v)
		if err != nil {
			return 0, fmt.Errorf("count messages of queue: %w", err)
		}
		left += n
	}
	return left, nil
}

// requestOf makes requests for a pipeline.
func requestOf(pipeline string) func(int) string {
	return func(i int) string { return fmt.Sprintf(`{"requestId": "%s-%d", "pipeline": "%[1]s"}`, pipeline, i) }
}

// sendFrom sends n messages, ten at a time, which body makes of numbers from first on.
func (l *load) sendFrom(ctx context.Context, queue string, first, n int, body func(int) string) error {
	for i := first; i < first+n; i += 10 {
		in := &sqs.SendMessageBatchInput{QueueUrl: &queue}
		for j := i; j < min(i+10, first+n); j++ {
			in.Entries = append(in.Entries, sqstypes.SendMessageBatchRequestEntry{Id: new(strconv.Itoa(j)), MessageBody: new(body(j))})
		}
		if _, err := l.client.SendMessageBatch(ctx, in); err != nil {
			return fmt.Errorf("send messages: %w", err)
		}
	}
	return nil
}

// other is how long a request of another pipeline takes until its run is admitted.
func (l *load) other(ctx context.Context) (Seconds, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	begun := time.Now()
	if err := l.sendFrom(ctx, l.region.settings.RequestsQueue, 0, 1, requestOf("other")); err != nil {
		return 0, err
	}
	for {
		runs, err := l.region.runs.List(ctx, run.Query{Pipeline: "other", Limit: 1})
		if err != nil {
			return 0, err
		}
		if len(runs) > 0 && !runs[0].AdmittedAt.IsZero() {
			return Seconds(runs[0].AdmittedAt.Sub(begun)), nil
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return 0, fmt.Errorf("wait for the run of another pipeline: %w", ctx.Err())
		}
	}
}
