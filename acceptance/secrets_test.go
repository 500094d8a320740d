package acceptance_test

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	sfntypes "github.com/aws/aws-sdk-go-v2/service/sfn/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"ephemr/internal/job"
	"ephemr/internal/run"
)

// canary is a value that must not be found, or must, and the texts that show it.
type canary struct {
	value string
	shown []string
}

func newCanary(name string) canary {
	first, second := "f1rst-half-"+name+"-"+nonce, "s3cond-half-"+name+"-"+nonce
	value := first + "/+" + second
	code := base64.StdEncoding.EncodeToString([]byte(value))
	return canary{value, []string{first, second, code[:len(code)-4], url.QueryEscape(value), base64.StdEncoding.EncodeToString([]byte("u:" + value))[4:40]}}
}

func (c canary) in(text []byte) bool {
	return slices.ContainsFunc(c.shown, func(s string) bool { return bytes.Contains(text, []byte(s)) })
}

// leaks prints $PASSWORD in all ways, has it in the arguments of a process, waits for a
// file, and fails with it in an exception.
const leaks = `echo "plain: $PASSWORD"
printf 'split: %s' "${PASSWORD:0:20}"; sleep 0.1; printf '%s\n' "${PASSWORD:20}"
printf '%s' "$PASSWORD" | base64 -w 0; echo
printf 'u:%s' "$PASSWORD" | base64
python3 -c 'import os, urllib.parse; print(urllib.parse.quote_plus(os.environ["PASSWORD"]))'
echo "address=db://u:$PASSWORD@host" >> "$EPHEMR_OUTPUT"
if [ -n "${KEY_FILE:-}" ]; then cat "$KEY_FILE"; echo; test "$(stat -c %a "$KEY_FILE")" = 600; fi
( exec -a "worker-$PASSWORD" sleep 600 ) &
until [ -e "$1" ]; do sleep 0.1; done
python3 -c 'import os; raise RuntimeError("login with " + os.environ["PASSWORD"] + " failed")'
`

// A secret that a job prints, passes on and fails with is found nowhere, except in the
// job's own processes. The control, a value that the same job has from its
// env, is found in every place: so these are searched.
func TestSecretsAreFoundNowhere(t *testing.T) {
	t.Parallel()
	secret, token, control := newCanary("secret"), newCanary("token"), newCanary("control")
	name := "canary-" + nonce
	w.store(t, name, secret.value, token.value)
	notices := w.notices(t)
	began := time.Now()
	goOn := filepath.Join(t.TempDir(), "go-on")
	first := w.leak(t, name, goOn, fmt.Sprintf(`secrets: {PASSWORD: "stores/%[1]s#password", KEY_FILE: {secret: "ssm:/stores/%[1]s", as: file}}`, name))
	second := w.leak(t, name+"-control", goOn, fmt.Sprintf("env: {PASSWORD: %q}", control.value))
	eventually(t, "the processes of both jobs", func() (bool, string) {
		return len(commands(secret)) > 0 && len(commands(control)) > 0, ""
	})
	notOfRunner(t, secret)
	if err := os.WriteFile(goOn, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	places := map[string]map[string][]byte{"history": w.failed(t, first, second)}
	places["notices"] = w.received(t, notices, first, second)
	maps.Copy(places, w.everything(t, began))
	for place, texts := range places {
		if search(t, place, texts, secret, token, control) || place == "queues" { // no message of a run contains what it printed
			continue
		}
		t.Errorf("%s: the control is not found in %d texts", place, len(texts))
	}
	out, stderr, code := w.cli(t, t.TempDir(), "secrets", "check", name)
	if code != 0 || !strings.Contains(out, "stores/"+name+"#password") || secret.in([]byte(out)) {
		t.Errorf("exit %d: %s%s", code, out, stderr)
	}
}

// notOfRunner checks that only the job's own processes show c.
func notOfRunner(t *testing.T, c canary) {
	t.Helper()
	for _, command := range commands(c) {
		if strings.Contains(command, "/runner") || strings.Contains(command, "localemr") {
			t.Errorf("the runner shows it: %q", command)
		}
	}
}

// failed waits for the end of runs and returns their histories.
func (w *world) failed(t *testing.T, runs ...string) map[string][]byte {
	t.Helper()
	history := map[string][]byte{}
	for _, id := range runs {
		rec := w.end(t, id)
		if rec.Run.State != run.Failed || rec.Run.Class != job.ClassJob || !strings.Contains(rec.Run.Reason, "RuntimeError: login with ") {
			t.Fatalf("%s, %s: %s", rec.Run.State, rec.Run.Class, rec.Run.Reason)
		}
		w.ended(t, rec.Run.Execution)
		maps.Copy(history, w.history(t, rec.Run.Execution))
	}
	return history
}

// ended waits for the end of an execution, which comes after that of its run.
func (w *world) ended(t *testing.T, execution string) {
	t.Helper()
	eventually(t, "the end of the execution", func() (bool, string) {
		out, err := w.sfn.DescribeExecution(t.Context(), &sfn.DescribeExecutionInput{ExecutionArn: &execution})
		if err != nil {
			return false, err.Error()
		}
		return out.Status != sfntypes.ExecutionStatusRunning, string(out.Status)
	})
}

// search reports whether texts of a place show the control; none shows a secret.
func search(t *testing.T, place string, texts map[string][]byte, secret, token, control canary) (found bool) {
	t.Helper()
	for where, text := range texts {
		if secret.in(text) || token.in(text) {
			t.Errorf("%s: %s shows a secret: %.600s", place, where, text)
		}
		found = found || control.in(text)
	}
	return found
}

// leak starts a run of a pipeline that shows $PASSWORD, and returns its id.
func (w *world) leak(t *testing.T, name, goOn, settings string) string {
	t.Helper()
	w.apply(t, fmt.Sprintf(`pipeline: %s
owner: canary@example.com
cluster: {profile: small}
notify: {failure: [owner], logLines: true}
jobs: [{name: work, type: bash, source: jobs/work, args: [%q], %s}]
`, name, goOn, settings), map[string]string{"work": leaks})
	w.start(t, `{"pipeline": "`+name+`"}`)
	return w.find(t, name, func(run.Run) bool { return true }).ID
}

// store creates both secrets.
func (w *world) store(t *testing.T, name, password, token string) {
	t.Helper()
	value, err := json.Marshal(map[string]string{"user": "anna", "password": password})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := secretsmanager.NewFromConfig(w.region.Config()).CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{
		Name: aws.String("stores/" + name), SecretString: aws.String(string(value)),
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := ssm.NewFromConfig(w.region.Config()).PutParameter(t.Context(), &ssm.PutParameterInput{
		Name: aws.String("/stores/" + name), Value: &token, Type: ssmtypes.ParameterTypeSecureString,
	}); err != nil {
		t.Fatal(err)
	}
}

// commands are the command lines of processes that show c.
func commands(c canary) (all []string) {
	names, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, name := range names {
		if text, err := os.ReadFile(name); err == nil && c.in(text) { //nolint:gosec // of the kernel
			all = append(all, strings.ReplaceAll(string(text), "\x00", " "))
		}
	}
	return all
}

// notices subscribes a queue to what owners of pipelines are sent.
func (w *world) notices(t *testing.T) (queue string) {
	t.Helper()
	made, err := w.sqs.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: aws.String("canary-" + nonce)})
	if err != nil {
		t.Fatal(err)
	}
	policy := `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": "*"}]}`
	if _, err := w.sqs.SetQueueAttributes(t.Context(), &sqs.SetQueueAttributesInput{QueueUrl: made.QueueUrl, Attributes: map[string]string{"Policy": policy}}); err != nil {
		t.Fatal(err)
	}
	attributes, err := w.sqs.GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{QueueUrl: made.QueueUrl, AttributeNames: []sqstypes.QueueAttributeName{sqstypes.QueueAttributeNameQueueArn}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sns.NewFromConfig(w.region.Config()).Subscribe(t.Context(), &sns.SubscribeInput{
		TopicArn: &w.settings.Topic, Protocol: aws.String("sqs"), Endpoint: aws.String(attributes.Attributes["QueueArn"]),
	}); err != nil {
		t.Fatal(err)
	}
	return *made.QueueUrl
}

// received waits for the notices about runs.
func (w *world) received(t *testing.T, queue string, runs ...string) map[string][]byte {
	t.Helper()
	texts := map[string][]byte{}
	eventually(t, "the notice", func() (bool, string) {
		out, err := w.sqs.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &queue, MaxNumberOfMessages: 10})
		if err != nil {
			return false, err.Error()
		}
		for _, m := range out.Messages {
			for _, id := range runs {
				if strings.Contains(*m.Body, id) {
					texts[id] = []byte(*m.Body)
				}
			}
		}
		return len(texts) == len(runs), ""
	})
	return texts
}

// everything is what the region keeps, by place.
func (w *world) everything(t *testing.T, since time.Time) map[string]map[string][]byte {
	t.Helper()
	return map[string]map[string][]byte{
		"DynamoDB": w.items(t), "S3": w.objects(t, since), "CloudWatch": w.events(t, since), "queues": w.messages(t),
		"disk": w.files(t, since),
	}
}

func (w *world) items(t *testing.T) map[string][]byte {
	t.Helper()
	db := dynamodb.NewFromConfig(w.region.Config())
	tables, err := db.ListTables(t.Context(), &dynamodb.ListTablesInput{})
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string][]byte{}
	for _, table := range tables.TableNames {
		pages := dynamodb.NewScanPaginator(db, &dynamodb.ScanInput{TableName: &table})
		for n := 0; pages.HasMorePages(); n++ {
			page, err := pages.NextPage(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if texts[fmt.Sprintf("%s, page %d", table, n)], err = json.Marshal(page.Items); err != nil {
				t.Fatal(err)
			}
		}
	}
	return texts
}

// objects are those that were written since the run began.
func (w *world) objects(t *testing.T, since time.Time) map[string][]byte {
	t.Helper()
	buckets, err := w.s3.ListBuckets(t.Context(), &s3.ListBucketsInput{})
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string][]byte{}
	for _, bucket := range buckets.Buckets {
		pages := s3.NewListObjectsV2Paginator(w.s3, &s3.ListObjectsV2Input{Bucket: bucket.Name})
		for pages.HasMorePages() {
			page, err := pages.NextPage(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, o := range page.Contents {
				if o.LastModified.Before(since.Add(-time.Minute)) || *o.Size > 16<<20 {
					continue
				}
				out, err := w.s3.GetObject(t.Context(), &s3.GetObjectInput{Bucket: bucket.Name, Key: o.Key})
				if err != nil {
					continue // deleted by another test
				}
				texts[*bucket.Name+"/"+*o.Key] = plain(t, out.Body)
				_ = out.Body.Close()
			}
		}
	}
	return texts
}

// plain reads a text, which may be compressed.
func plain(t *testing.T, r io.Reader) []byte {
	t.Helper()
	body, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	if z, err := gzip.NewReader(bytes.NewReader(body)); err == nil {
		if text, err := io.ReadAll(z); err == nil {
			return text
		}
	}
	return body
}

func (w *world) events(t *testing.T, since time.Time) map[string][]byte {
	t.Helper()
	logs := cloudwatchlogs.NewFromConfig(w.region.Config())
	groups, err := logs.DescribeLogGroups(t.Context(), &cloudwatchlogs.DescribeLogGroupsInput{})
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string][]byte{}
	for _, group := range groups.LogGroups {
		pages := cloudwatchlogs.NewFilterLogEventsPaginator(logs, &cloudwatchlogs.FilterLogEventsInput{LogGroupName: group.LogGroupName, StartTime: aws.Int64(since.UnixMilli())})
		for pages.HasMorePages() {
			page, err := pages.NextPage(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range page.Events {
				stream := *group.LogGroupName + " " + aws.ToString(e.LogStreamName)
				texts[stream] = append(texts[stream], *e.Message+"\n"...)
			}
		}
	}
	return texts
}

// messages are those of all queues, looked at without receiving them.
func (w *world) messages(t *testing.T) map[string][]byte {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.region.Endpoint+"/_ministack/sqs/messages", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close() //nolint:errcheck // only read
	if response.StatusCode != http.StatusOK {
		t.Errorf("the emulator shows no messages: %s", response.Status)
	}
	return map[string][]byte{"all": plain(t, response.Body)}
}

func (w *world) history(t *testing.T, execution string) map[string][]byte {
	t.Helper()
	texts := map[string][]byte{}
	pages := sfn.NewGetExecutionHistoryPaginator(w.sfn, &sfn.GetExecutionHistoryInput{ExecutionArn: &execution, IncludeExecutionData: aws.Bool(true)})
	for n := 0; pages.HasMorePages(); n++ {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if texts[fmt.Sprintf("%s, page %d", execution, n)], err = json.Marshal(page.Events); err != nil {
			t.Fatal(err)
		}
	}
	return texts
}

// files are the logs of the region's programs, and what runners and steps have left.
func (w *world) files(t *testing.T, since time.Time) map[string][]byte {
	t.Helper()
	texts := map[string][]byte{}
	_ = filepath.WalkDir(w.region.Dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil //nolint:nilerr // removed meanwhile
		}
		info, err := d.Info()
		if err != nil || !info.Mode().IsRegular() || info.Size() > 64<<20 || info.ModTime().Before(since) {
			return nil //nolint:nilerr // removed meanwhile
		}
		if f, err := os.Open(name); err == nil { //nolint:gosec // of the region
			texts[name] = plain(t, f)
			_ = f.Close()
		}
		return nil
	})
	return texts
}
