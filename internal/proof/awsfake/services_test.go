package awsfake_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/lambda/messages"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/google/go-cmp/cmp"

	"ephemr/internal/proof/awsfake"
)

func TestS3(t *testing.T) {
	t.Parallel()
	f := awsfake.NewS3("lake")
	put := func(key string, change func(*s3.PutObjectInput)) error {
		in := &s3.PutObjectInput{Bucket: new("lake"), Key: &key, Body: strings.NewReader("body of " + key)}
		if change != nil {
			change(in)
		}
		_, err := f.PutObject(t.Context(), in)
		return err
	}
	for _, k := range []string{"a/1", "a/2", "b/1", "c"} {
		if err := put(k, nil); err != nil {
			t.Fatal(err)
		}
	}
	once := func(in *s3.PutObjectInput) { in.IfNoneMatch = new("*") }
	got := []string{code(put("c", once)), code(put("d", once)), code(put("x", func(in *s3.PutObjectInput) { in.Bucket = new("nope") }))}
	if d := cmp.Diff([]string{"PreconditionFailed", "<nil>", "NoSuchBucket"}, got); d != "" {
		t.Error(d)
	}
	out, err := f.GetObject(t.Context(), &s3.GetObjectInput{Bucket: new("lake"), Key: new("a/1")})
	if err != nil {
		t.Fatal(err)
	}
	if body, err := io.ReadAll(out.Body); string(body) != "body of a/1" || err != nil {
		t.Errorf("got %q, %v", body, err)
	}
	_, err = f.GetObject(t.Context(), &s3.GetObjectInput{Bucket: new("lake"), Key: new("nope")})
	if _, ok := errors.AsType[*s3types.NoSuchKey](err); !ok {
		t.Errorf("got %v", err)
	}
	_, err = f.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: new("lake"), Key: new("nope")})
	if _, ok := errors.AsType[*s3types.NotFound](err); !ok {
		t.Errorf("got %v", err)
	}
}

func TestS3Lists(t *testing.T) {
	t.Parallel()
	f := awsfake.NewS3("lake")
	for _, k := range []string{"a/1", "a/2", "b/1", "c", "d"} {
		if _, err := f.PutObject(t.Context(), &s3.PutObjectInput{Bucket: new("lake"), Key: &k}); err != nil {
			t.Fatal(err)
		}
	}
	var names []string
	p := s3.NewListObjectsV2Paginator(f, &s3.ListObjectsV2Input{Bucket: new("lake"), Delimiter: new("/"), MaxKeys: new(int32(2))})
	for p.HasMorePages() {
		page, err := p.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range page.CommonPrefixes {
			names = append(names, *c.Prefix)
		}
		for _, o := range page.Contents {
			names = append(names, *o.Key)
		}
	}
	if d := cmp.Diff([]string{"a/", "b/", "c", "d"}, names); d != "" {
		t.Error(d)
	}
}

func TestMessaging(t *testing.T) {
	t.Parallel()
	q := awsfake.NewSQS("https://q")
	send := func(url, body string) string {
		_, err := q.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: &url, MessageBody: &body})
		return code(err)
	}
	topic := awsfake.NewSNS("arn:t")
	publish := func(arn, msg string) string {
		_, err := topic.Publish(t.Context(), &sns.PublishInput{TopicArn: &arn, Message: &msg})
		return code(err)
	}
	got := []string{send("https://q", "m"), send("https://x", "m"), send("https://q", ""), publish("arn:t", "m"), publish("arn:x", "m"), publish("arn:t", "")}
	want := []string{"<nil>", "QueueDoesNotExist", "InvalidParameterValue", "<nil>", "NotFound", "InvalidParameter"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if len(q.Messages("https://q")) != 1 || len(q.Take("https://q")) != 1 || len(q.Messages("https://q")) != 0 || len(topic.Published("arn:t")) != 1 {
		t.Error("messages are not kept as sent")
	}
}

func TestPutEvents(t *testing.T) {
	t.Parallel()
	f := awsfake.NewEventBridge()
	seen := 0
	f.OnEvent = func(ebtypes.PutEventsRequestEntry) { seen++ }
	entry := func(source, detail string) ebtypes.PutEventsRequestEntry {
		return ebtypes.PutEventsRequestEntry{Source: &source, DetailType: new("RunFinished"), Detail: &detail}
	}
	out, err := f.PutEvents(t.Context(), &eventbridge.PutEventsInput{Entries: []ebtypes.PutEventsRequestEntry{entry("ephemr", "{}"), entry("aws.emr", "{}"), entry("ephemr", "{")}})
	if err != nil || out.FailedEntryCount != 2 || *out.Entries[1].ErrorCode != "NotAuthorizedForSourceException" || *out.Entries[2].ErrorCode != "MalformedDetail" {
		t.Errorf("got %+v, %v", out, err)
	}
	if seen != 1 || len(f.Events()) != 1 {
		t.Errorf("got %d events, %d callbacks", len(f.Events()), seen)
	}
}

func TestSSM(t *testing.T) {
	t.Parallel()
	f := awsfake.NewSSM(map[string]string{"/e/dev/a": "1", "/e/dev/x/b": "2", "/f": "3"})
	put := func(overwrite bool) string {
		_, err := f.PutParameter(t.Context(), &ssm.PutParameterInput{Name: new("/f"), Value: new("4"), Overwrite: &overwrite})
		return code(err)
	}
	_, err := f.GetParameter(t.Context(), &ssm.GetParameterInput{Name: new("/nope")})
	if d := cmp.Diff([]string{"ParameterAlreadyExists", "<nil>", "ParameterNotFound"}, []string{put(false), put(true), code(err)}); d != "" {
		t.Error(d)
	}
	for recursive, want := range map[bool]int{false: 1, true: 2} {
		out, err := f.GetParametersByPath(t.Context(), &ssm.GetParametersByPathInput{Path: new("/e/dev"), Recursive: &recursive})
		if err != nil || len(out.Parameters) != want {
			t.Errorf("got %v, %v", out, err)
		}
	}
	out, err := f.GetParameters(t.Context(), &ssm.GetParametersInput{Names: []string{"/f", "/nope"}})
	if err != nil || *out.Parameters[0].Value != "4" || out.Parameters[0].Version != 2 || len(out.InvalidParameters) != 1 {
		t.Errorf("got %v, %v", out, err)
	}
}

func TestLambda(t *testing.T) {
	t.Parallel()
	f := awsfake.NewLambda()
	calls := 0
	f.Register("work", func(_ context.Context, in json.RawMessage) (json.RawMessage, error) {
		calls++
		if string(in) == `"fail"` {
			return nil, messages.InvokeResponse_Error{Type: "JobFailedError", Message: "exit 1"}
		}
		return in, nil
	})
	invoke := func(name, payload string, how string) string {
		out, err := f.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: &name, Payload: []byte(payload), InvocationType: "RequestResponse"})
		if err != nil {
			return code(err)
		}
		return how + string(out.Payload)
	}
	got := []string{
		invoke("work", `{"a":1}`, ""), invoke("arn:aws:lambda:us-east-1:1:function:work:live", `"fail"`, ""), invoke("nope", `{}`, ""), invoke("work", `{`, ""),
	}
	want := []string{`{"a":1}`, `{"errorMessage":"exit 1","errorType":"JobFailedError"}`, "ResourceNotFoundException", "InvalidRequestContentException"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	out, err := f.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: new("work"), InvocationType: "Event"})
	f.Wait()
	if err != nil || out.StatusCode != 202 || calls != 3 {
		t.Errorf("got %v, %v after %d calls", out, err, calls)
	}
}

func TestLogs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := awsfake.NewLogs("/ephemr")
		now := time.Now()
		create := func() string {
			_, err := f.CreateLogStream(t.Context(), &cloudwatchlogs.CreateLogStreamInput{LogGroupName: new("/ephemr"), LogStreamName: new("r-1/clean")})
			return code(err)
		}
		event := func(d time.Duration, msg string) logtypes.InputLogEvent {
			return logtypes.InputLogEvent{Timestamp: new(now.Add(d).UnixMilli()), Message: &msg}
		}
		putEvents := func(stream string, events ...logtypes.InputLogEvent) (string, *logtypes.RejectedLogEventsInfo) {
			out, err := f.PutLogEvents(t.Context(), &cloudwatchlogs.PutLogEventsInput{LogGroupName: new("/ephemr"), LogStreamName: &stream, LogEvents: events})
			if err != nil {
				return code(err), nil
			}
			return "<nil>", out.RejectedLogEventsInfo
		}
		first := func(s string, _ *logtypes.RejectedLogEventsInfo) string { return s }
		got := []string{
			create(), create(),
			first(putEvents("nope", event(0, "x"))),
			first(putEvents("r-1/clean", event(0, "b"), event(time.Second, "error: c"))),
			first(putEvents("r-1/clean", event(time.Second, "b"), event(0, "a"))),
			first(putEvents("r-1/clean", event(-25*time.Hour, "b"), event(0, "a"))),
			first(putEvents("r-1/clean", event(0, strings.Repeat("x", 1<<19)), event(0, strings.Repeat("x", 1<<19)))),
			first(putEvents("r-1/clean", event(0, "a"))),
		}
		want := []string{"<nil>", "ResourceAlreadyExistsException", "ResourceNotFoundException", "<nil>", "InvalidParameterException", "InvalidParameterException", "InvalidParameterException", "<nil>"}
		if d := cmp.Diff(want, got); d != "" {
			t.Error(d)
		}
		if _, rejected := putEvents("r-1/clean", event(time.Second, "d"), event(3*time.Hour, "e")); rejected == nil || *rejected.TooNewLogEventStartIndex != 1 {
			t.Errorf("got %+v", rejected)
		}
		if d := cmp.Diff([]string{"b", "a", "error: c", "d"}, f.Messages("/ephemr", "r-1/clean")); d != "" {
			t.Error(d)
		}
		readLogs(t, f)
	})
}

func readLogs(t *testing.T, f *awsfake.Logs) {
	t.Helper()
	out, err := f.FilterLogEvents(t.Context(), &cloudwatchlogs.FilterLogEventsInput{LogGroupName: new("/ephemr"), FilterPattern: new(`"error: c"`)})
	if err != nil || len(out.Events) != 1 {
		t.Errorf("got %v, %v", out, err)
	}
	read := []string{}
	p := cloudwatchlogs.NewGetLogEventsPaginator(f, &cloudwatchlogs.GetLogEventsInput{LogGroupName: new("/ephemr"), LogStreamName: new("r-1/clean"), StartFromHead: new(true), Limit: new(int32(3))},
		func(o *cloudwatchlogs.GetLogEventsPaginatorOptions) { o.StopOnDuplicateToken = true })
	for p.HasMorePages() {
		page, err := p.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range page.Events {
			read = append(read, *e.Message)
		}
	}
	if d := cmp.Diff([]string{"b", "a", "error: c", "d"}, read); d != "" {
		t.Error(d)
	}
}
