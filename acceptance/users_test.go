package acceptance_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/google/go-cmp/cmp"

	"ephemr/internal/job"
	"ephemr/internal/local/laptop"
	"ephemr/internal/run"
)

// enforced skips a test on a region that lets everybody do everything.
func (w *world) enforced(t *testing.T) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.region.Endpoint+"/_ministack/health", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(body, []byte(`"auth": "enabled"`)) && !bytes.Contains(body, []byte(`"auth":"enabled"`)) {
		t.Skip("the region does not enforce IAM; without EPHEMR_REGION the tests have one that does")
	}
}

// aws runs the AWS CLI with the region's own keys.
func (w *world) aws(t *testing.T, args ...string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), filepath.Join(w.region.Root, ".tools", "venv", "bin", "aws"), append(args, "--output", "json")...) //nolint:gosec // our own tool
	var stderr bytes.Buffer
	cmd.Env, cmd.Stderr = laptop.Overlay(os.Environ(), w.region.Environ()), &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("aws %s: %v\n%s", strings.Join(args, " "), err, &stderr)
	}
	return out
}

// tries says what a job was allowed to do.
const tries = `try() {
  name=$1; shift
  if out=$(echo data | "$@" 2>&1); then echo "allowed: $name"
  elif [[ $out == *AccessDenied* || $out == *Forbidden* || $out == *"Access Denied"* ]]; then echo "denied: $name"
  else echo "broken: $name: $out"; fi
}
try "read raw" aws s3 cp "$1/$4/in.txt" -
try "list curated" aws s3 ls "$2/"
try "write raw" aws s3 cp - "$1/$4/out.txt"
try "write curated" aws s3 cp - "$2/$4/out.txt"
try "write runs without a user" aws s3 cp - "s3://$3/runs/$4/job.json"
try "write own runs" aws s3 cp - "s3://$3/users/$5/runs/$4/job.json"
try "write another's runs" aws s3 cp - "s3://$3/users/nobody/runs/$4/job.json"
try "read packages" aws s3 ls "s3://$6/"
try "ask for a run" aws sqs get-queue-url --queue-name ephemr-local-requests --endpoint-url "$AWS_ENDPOINT_URL"
try "be another user" aws sts assume-role --role-session-name other --role-arn arn:aws:iam::000000000000:role/ephemr-local-user-etl-us-east-1
`

// A job has the rights of the user that it runs as, and no others.
func TestJobsRunAsUsers(t *testing.T) {
	t.Parallel()
	w.enforced(t)
	w.upload(t, "users-"+nonce+"/in.txt", "data")
	dir := project(t, map[string]string{"job/run.sh": tries})
	for user, may := range map[string][]string{
		"etl":    {"read raw", "list curated", "write curated", "write own runs"},
		"reader": {"read raw", "write own runs"},
	} {
		t.Run(user, func(t *testing.T) {
			t.Parallel()
			out, stderr, code := w.cli(t, dir, "submit", "-d", "job", "-t", "bash", "-u", user,
				"--arg", "{{.Lake.raw}}", "--arg", "{{.Lake.curated}}", "--arg", w.settings.LogsBucket, "--arg", "users-"+nonce,
				"--arg", user, "--arg", w.settings.ArtifactsBucket)
			if code != 0 {
				t.Fatalf("exit code %d\n%s%s", code, out, stderr)
			}
			var want []string
			for _, line := range strings.Split(tries, "\n") {
				if _, rest, found := strings.Cut(line, `try "`); found {
					name, _, _ := strings.Cut(rest, `"`)
					verdict := "denied: "
					if slices.Contains(may, name) {
						verdict = "allowed: "
					}
					want = append(want, verdict+name)
				}
			}
			got := slices.Compact(strings.Split(strings.TrimSpace(out), "\n")) // a line of a log may come twice when an answer is lost
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("rights (-want +got):\n%s", diff)
			}
		})
	}
}

// What a user may not do ends its job as any error of the program does, and the
// record says whom it ran as.
func TestDeniedJobFails(t *testing.T) {
	t.Parallel()
	w.enforced(t)
	dir := project(t, map[string]string{"job/run.sh": `echo data | aws s3 cp - "$1/denied-` + nonce + `.txt"`})
	args := []string{"submit", "-d", "job", "-t", "bash", "--arg", "{{.Lake.curated}}", "-o", "json", "-u"}
	for user, want := range map[string]run.State{"reader": run.Failed, "etl": run.Succeeded} {
		t.Run(user, func(t *testing.T) {
			t.Parallel()
			out, stderr, code := w.cli(t, dir, append(slices.Clone(args), user)...)
			var rec run.Record
			if err := json.Unmarshal([]byte(out), &rec); err != nil {
				t.Fatalf("%v\n%s%s", err, out, stderr)
			}
			role := "arn:aws:iam::000000000000:role/ephemr-local-user-" + user + "-us-east-1"
			if rec.Run.State != want || rec.Run.User != user || rec.Run.Role != role || rec.Run.Team == "" {
				t.Errorf("%s %s as %s (%s) of team %q", rec.Run.State, rec.Run.Class, rec.Run.User, rec.Run.Role, rec.Run.Team)
			}
			if denied := strings.Contains(strings.Join(rec.Jobs[0].Tail, "\n"), "AccessDenied"); denied != (user == "reader") || (code == 0) == denied {
				t.Errorf("exit code %d, %v", code, rec.Jobs[0].Tail)
			}
		})
	}
}

// SQS says who has sent a request, and the record keeps it; what the message
// says of that does not count.
func TestSenderIsRecorded(t *testing.T) {
	t.Parallel()
	w.enforced(t)
	name := "ann-" + nonce
	var made struct {
		User struct {
			ID string `json:"UserId"`
		}
	}
	var key struct {
		AccessKey struct {
			ID     string `json:"AccessKeyId"`
			Secret string `json:"SecretAccessKey"`
		}
	}
	if err := json.Unmarshal(w.aws(t, "iam", "create-user", "--user-name", name), &made); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(w.aws(t, "iam", "create-access-key", "--user-name", name), &key); err != nil {
		t.Fatal(err)
	}
	w.aws(t, "iam", "put-user-policy", "--user-name", name, "--policy-name", "requests", "--policy-document",
		`{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "arn:aws:sqs:us-east-1:000000000000:ephemr-local-requests"}]}`)
	ann := sqs.NewFromConfig(w.region.Config(), func(o *sqs.Options) {
		o.Credentials = credentials.NewStaticCredentialsProvider(key.AccessKey.ID, key.AccessKey.Secret, "")
	})
	w.apply(t, bash(name, ""), map[string]string{"work": "true"})
	for id, tt := range map[string]struct {
		body  string
		class job.Class
	}{
		"sent-" + nonce:   {`"pipeline": "` + name + `"`, ""},
		"forged-" + nonce: {`"pipeline": "` + name + `", "user": "etl"`, job.ClassPermission},
	} {
		if _, err := ann.SendMessage(t.Context(), &sqs.SendMessageInput{
			QueueUrl: &w.settings.RequestsQueue, MessageBody: aws.String(`{"requestId": "` + id + `", ` + tt.body + `}`),
		}); err != nil {
			t.Fatal(err)
		}
		r := w.find(t, name, byRequest(id))
		if r.Trigger.Sender != made.User.ID || r.Class != tt.class || (r.State == run.Rejected) != (tt.class != "") {
			t.Errorf("%s: %s %s by %q, want %q: %s", id, r.State, r.Class, r.Trigger.Sender, made.User.ID, r.Reason)
		}
	}
}
