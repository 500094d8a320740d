package doctor_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	sfntypes "github.com/aws/aws-sdk-go-v2/service/sfn/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"ephemr/internal/cli/doctor"
	"ephemr/internal/cli/exit"
	"ephemr/internal/cli/terminal"
)

// denied is AWS's answer to who may not look.
func denied(op string) error {
	return &smithy.OperationError{ServiceID: "X", OperationName: op, Err: &smithy.GenericAPIError{Code: "AccessDeniedException", Message: "not you"}}
}

// examine runs doctor on a and returns what it says.
func examine(t *testing.T, a *account, o doctor.Options) (out, err string, code int) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	io := &terminal.IO{Out: &stdout, Err: &stderr}
	if o.Getenv == nil {
		o.Getenv = func(name string) string { return a.environ[name] }
	}
	e := doctor.Run(t.Context(), o, io, a.open)
	if e != nil && !exit.Silent(e) {
		t.Fatal(e)
	}
	return stdout.String(), stderr.String(), exit.CodeOf(e)
}

func TestAllIsWell(t *testing.T) {
	t.Parallel()
	a := newAccount()
	out, err, code := examine(t, a, doctor.Options{Stage: "dev", Version: "v1"})
	want := `ok       configuration  region eu-west-1
ok       credentials    arn:aws:sts::123456789012:assumed-role/data/me in account 123456789012; SQS shows its messages as sent by AROAX:me
ok       stage          dev is deployed in account 123456789012, region eu-west-1
ok       version        v1 here and there
ok       tables         runs, pipelines, clusters are active
ok       queues         requests, events are there
ok       workflow       ephemr-dev-run is active
ok       functions      ` + fmt.Sprint(len(a.functions)) + ` are active
ok       profiles       small
ok       EC2 quotas     64 on-demand vCPUs, 32 spot vCPUs, enough for 4 runs at a time
ok       EMR quotas     500 clusters at a time, the stage runs up to 4
ok       public access  EMR blocks it
`
	if out != want || code != 0 || err != "nothing wrong was found\n" {
		t.Errorf("exit code %d, %s\n%s", code, err, out)
	}
}

// Each thing that can be wrong is told with what to do about it.
func TestTrouble(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change  func(*account)
		options doctor.Options
		want    string
		code    int
	}{
		"no region": {
			change: func(a *account) { a.openErr = errors.New("no AWS region; set AWS_REGION") },
			want:   "failed   configuration  no AWS region; set AWS_REGION", code: 1,
		},
		"credentials": {
			change: func(a *account) { a.identityErr = errors.New("get identity: get credentials: none") },
			want:   "failed   credentials    no AWS credentials; log in again (aws sso login)", code: 1,
		},
		"credentials that run out": {
			change: func(a *account) { a.expires = time.Now().Add(5*time.Minute + time.Second/2) },
			want:   "warning  credentials    arn:aws:sts::123456789012:assumed-role/data/me in account 123456789012; SQS shows its messages as sent by AROAX:me, for another 5m0",
		},
		"no stage named": {options: doctor.Options{Stage: "-"}, want: "failed   stage          none is named; use --stage dev, or set EPHEMR_STAGE=dev", code: 1},
		"stage not there": {
			options: doctor.Options{Stage: "prod"},
			want:    "failed   stage          prod is not deployed in account 123456789012, region eu-west-1; deploy it with make deploy STAGE=prod, or set AWS_PROFILE", code: 1,
		},
		"stage from elsewhere": {
			change: func(a *account) { a.settings.Region = "us-east-1" },
			want:   "failed   stage          dev is in account 123456789012, region eu-west-1, but says account 123456789012, region us-east-1; deploy it again", code: 1,
		},
		"stage that does not fit": {
			change: func(a *account) { a.settings.RunsTable = "" },
			want:   "failed   stage          stage dev does not fit this version of ephemr; use the one it was deployed with", code: 1,
		},
		"another version": {
			options: doctor.Options{Version: "v2"},
			want:    "warning  version        this is v2, the stage has v1; use that version, or deploy it again with make deploy STAGE=dev",
		},
		"a stage without version": {
			change: func(a *account) { a.settings.Version = "" },
			want:   "warning  version        the stage does not say which version it is; deploy it again",
		},
		"unknown version": {options: doctor.Options{Version: "(devel)"}, want: "unknown  version        this ephemr does not know its version; the stage has v1"},
		"a table is gone": {
			change: func(a *account) { delete(a.tables, "clusters") },
			want:   "failed   tables         clusters: DescribeTable: ResourceNotFoundException: no clusters; deploy it again with make deploy STAGE=dev", code: 1,
		},
		"tables may not be looked at": {
			change: func(a *account) { a.tablesErr = denied("DescribeTable") },
			want:   "unknown  tables         runs: DescribeTable: AccessDeniedException: not you; ask for the permission",
		},
		"a queue is gone": {
			change: func(a *account) { delete(a.queues, "https://sqs/requests") },
			want:   "failed   queues         requests: GetQueueAttributes: AWS.SimpleQueueService.NonExistentQueue: no https://sqs/requests; deploy", code: 1,
		},
		"refused requests": {
			change: func(a *account) { a.queues["https://sqs/requests-dlq"] = "3" },
			want:   "warning  queues         3 refused in requests-dlq; see ephemr requests list",
		},
		"workflow going": {
			change: func(a *account) { a.workflow = sfntypes.StateMachineStatusDeleting },
			want:   "failed   workflow       ephemr-dev-run: DELETING; deploy it again", code: 1,
		},
		"a function that the workflow calls": {
			change: func(a *account) { a.functions["ephemr-dev-preparerun"] = lambdatypes.StateFailed },
			want:   "failed   functions      ephemr-dev-preparerun: Failed because; deploy it again", code: 1,
		},
		"a function that only the clock wakes": {
			change: func(a *account) { delete(a.functions, "ephemr-dev-sweep") },
			want:   "failed   functions      ephemr-dev-sweep: GetFunctionConfiguration: ResourceNotFoundException: no ephemr-dev-sweep; deploy", code: 1,
		},
		"a function asleep": {
			change: func(a *account) { a.functions["ephemr-dev-sweep"] = lambdatypes.StateInactive },
			want:   "ok       functions      ",
		},
		"a profile that is none": {
			change: func(a *account) { a.profiles["odd"] = `{"release": "emr-7"}` },
			want:   `failed   profiles       read profile odd: invalid release "emr-7" (example: emr-7.14.0), primary must have`, code: 1,
		},
		"no profiles": {change: func(a *account) { clear(a.profiles) }, want: "failed   profiles       the stage has none; add one in infra/config", code: 1},
		"quota below a cluster": {
			change: func(a *account) { a.quotas["L-34B43A08"] = 4 },
			want:   "failed   EC2 quotas     a cluster of profile small takes about 8 spot vCPUs, 4 are allowed; ask for more in Service Quotas (ec2, L-34B43A08)", code: 1,
		},
		"quota below the stage": {
			change: func(a *account) { a.quotas["L-1216C47A"] = 16 },
			want:   "warning  EC2 quotas     4 clusters of profile small at a time take about 48 on-demand vCPUs, 16 are allowed; ask for more",
		},
		"quotas cannot be read": {
			change: func(a *account) { a.quotasErr = denied("GetServiceQuota") },
			want:   "unknown  EC2 quotas     cannot tell how many vCPUs are allowed: GetServiceQuota: AccessDeniedException: not you",
		},
		"a laptop has no quotas": {
			change: func(a *account) { a.quotasErr = &smithy.GenericAPIError{Code: "UnknownError", Message: "UnknownError"} },
			want:   "unknown  EC2 quotas     cannot tell how many vCPUs are allowed: a laptop's region does not know of it",
		},
		"few clusters": {
			change: func(a *account) { a.quotas["clusters"] = 2 },
			want:   "warning  EMR quotas     2 clusters at a time are allowed, the stage runs up to 4; ask for more",
		},
		"no such quota": {change: func(a *account) { delete(a.quotas, "clusters") }, want: "unknown  EMR quotas     cannot tell how many clusters are allowed"},
		"open to everybody": {
			change: func(a *account) { a.public = true },
			want:   "warning  public access  EMR lets clusters be reached from everywhere; turn block public access on",
		},
		"laptop": {change: func(a *account) { a.laptop(http.StatusOK) }, want: "ok       laptop         the emulator and localemr answer"},
		"laptop that is down": {
			change: func(a *account) { a.laptop(http.StatusBadGateway) },
			want:   "failed   laptop         nothing healthy answers at http://127.0.0.1:1 (AWS_ENDPOINT_URL); bring the region up with make up", code: 1,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, o := newAccount(), tt.options
			if tt.change != nil {
				tt.change(a)
			}
			switch o.Stage {
			case "":
				o.Stage = "dev"
			case "-":
				o.Stage = ""
			}
			if o.Version == "" {
				o.Version = "v1"
			}
			out, _, code := examine(t, a, o)
			if !strings.Contains("\n"+out, "\n"+tt.want) || code != tt.code {
				t.Errorf("exit code %d, want %d; no %q in:\n%s", code, tt.code, tt.want, out)
			}
		})
	}
}

// What does not answer is told once, and does not hold up the rest.
func TestNoAnswer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newAccount()
		a.hang = true
		began := time.Now()
		out, _, code := examine(t, a, doctor.Options{Stage: "dev", Version: "v1"})
		if n := strings.Count(out, "failed   tables         no answer within 10s; check the network"); n != 1 || code != 1 {
			t.Errorf("exit code %d, told %d times:\n%s", code, n, out)
		}
		if took := time.Since(began); took != 10*time.Second {
			t.Errorf("took %s", took)
		}
	})
}

func TestJSON(t *testing.T) {
	t.Parallel()
	a := newAccount()
	a.public = true
	out, _, code := examine(t, a, doctor.Options{Stage: "dev", Version: "v1", JSON: true})
	var got []doctor.Finding
	if err := json.Unmarshal([]byte(out), &got); err != nil || code != 0 {
		t.Fatalf("%v, exit code %d:\n%s", err, code, out)
	}
	last := got[len(got)-1]
	if len(got) != 12 || last.Verdict != doctor.Warning || last.Check != "public access" || last.Found == "" || last.Do == "" {
		t.Errorf("got %d findings, the last %+v", len(got), last)
	}
}

func TestClock(t *testing.T) {
	t.Parallel()
	for skew, want := range map[time.Duration]struct {
		verdict doctor.Verdict
		found   string
	}{
		-2 * time.Second: {doctor.OK, "agrees with AWS's"},
		time.Minute:      {doctor.Warning, "this machine is 1m00s behind AWS"},
		-time.Minute:     {doctor.Warning, "this machine is 1m00s ahead of AWS"},
		6 * time.Minute:  {doctor.Failed, "this machine is 6m00s behind AWS"},
	} {
		if f := doctor.Clock(skew); f.Verdict != want.verdict || f.Found != want.found {
			t.Errorf("%s: got %+v", skew, f)
		}
	}
}

// The Date header of AWS's answer is what the clock is compared with.
func TestClockOfAnAnswer(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Date", time.Now().Add(3*time.Minute).UTC().Format(http.TimeFormat))
		_, _ = w.Write([]byte(`<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:me</Arn><UserId>AIDAX</UserId>` +
			`<Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`))
	}))
	defer server.Close()
	a := newAccount()
	a.identity = sts.NewFromConfig(aws.Config{Region: "eu-west-1", Credentials: credentials.NewStaticCredentialsProvider("k", "s", ""), BaseEndpoint: &server.URL})
	out, _, _ := examine(t, a, doctor.Options{Stage: "dev", Version: "v1"})
	if !strings.Contains(out, "warning  clock          this machine is 2m5") && !strings.Contains(out, "warning  clock          this machine is 3m00s behind AWS") {
		t.Errorf("got:\n%s", out)
	}
}

func TestVCPUs(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]int{
		"m5.xlarge": 4, "m5a.large": 2, "r6gd.16xlarge": 64, "im4gn.2xlarge": 8, "c7i-flex.4xlarge": 16,
		"g5.xlarge": 0, "p4d.24xlarge": 0, "inf1.xlarge": 0, "m5.metal": 0, "": 0,
	} {
		if got := doctor.VCPUs(name); got != want {
			t.Errorf("%s: %d, want %d", name, got, want)
		}
	}
}

func TestInterrupted(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("interrupt"))
	var b bytes.Buffer
	err := doctor.Run(ctx, doctor.Options{Stage: "dev", Getenv: func(string) string { return "" }}, &terminal.IO{Out: &b, Err: &b}, newAccount().open)
	if err == nil || err.Error() != "interrupt" {
		t.Errorf("got %v", err)
	}
}
