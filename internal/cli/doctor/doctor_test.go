package doctor_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	sfntypes "github.com/aws/aws-sdk-go-v2/service/sfn/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"ephemr/internal/cli/doctor"
	"ephemr/internal/cli/exit"
	"ephemr/internal/cli/terminal"
	"ephemr/internal/proof/awsfake"
	"ephemr/internal/records"
	"ephemr/internal/stage"
)

// denied is AWS's error for a missing permission.
func denied(op string) error {
	return &smithy.OperationError{ServiceID: "X", OperationName: op, Err: &smithy.GenericAPIError{Code: "AccessDeniedException", Message: "not you"}}
}

// examine runs doctor on a and returns its output.
func examine(t *testing.T, a *account, o doctor.Options) (out, err string, code int) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	io := &terminal.IO{Out: &stdout, Err: &stderr}
	if o.Getenv == nil {
		o.Getenv = func(name string) string { return a.environ[name] }
	}
	o.Timeout = cmp.Or(o.Timeout, doctor.DefaultTimeout)
	e := doctor.Run(t.Context(), o, io, a.open)
	if e != nil && !exit.IsSilent(e) {
		t.Fatal(e)
	}
	return stdout.String(), stderr.String(), exit.CodeOf(e)
}

func TestHealthyAccount(t *testing.T) {
	t.Parallel()
	a := newAccount()
	out, err, code := examine(t, a, doctor.Options{Stage: "dev", Version: "v1"})
	want := `ok       configuration   region eu-west-1
ok       credentials     arn:aws:sts::123456789012:assumed-role/data/me in account 123456789012; SQS sender id AROAX:me
ok       stage           dev is deployed in account 123456789012, region eu-west-1
ok       version         v1, same as the stage
ok       tables          runs, pipelines, clusters, ledger are active
ok       records         all active runs, triggers and clusters of pools are readable
ok       queues          requests, events exist
ok       workflow        ephemr-dev-run is active
ok       functions       ` + fmt.Sprint(len(a.functions)) + ` are active
ok       profiles        small
ok       EC2 quotas      64 on-demand vCPUs, 32 spot vCPUs, enough for 4 runs at a time
ok       EMR quotas      500 clusters at a time, the stage runs up to 4
ok       public access   EMR blocks it
ok       EMR releases    EMR has emr-7.14.0
ok       types           all are offered in the zones of their subnets
ok       network         2 subnets of vpc-1 and EMR's security groups are tagged
ok       linked roles    AWSServiceRoleForEMRCleanup, AWSServiceRoleForEC2Spot exist
ok       concurrency     1000 functions at a time
ok       Glue            Glue has the database default
ok       Lake Formation  IAM decides about new databases and tables
ok       keys            no bucket uses a customer's key
ok       workgroups      ephemr-dev-query-default enabled
`
	if out != want || code != 0 || err != "no problems found\n" {
		t.Errorf("exit code %d, %s\n%s", code, err, out)
	}
}

// Every problem is reported with a fix.
func TestProblems(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change  func(*account)
		options doctor.Options
		want    string
		code    int
	}{
		"no region": {
			change: func(a *account) { a.openErr = errors.New("no AWS region; set AWS_REGION") },
			want:   "failed   configuration   no AWS region; set AWS_REGION", code: 1,
		},
		"credentials": {
			change: func(a *account) { a.identityErr = errors.New("get identity: get credentials: none") },
			want:   "failed   credentials     no AWS credentials; log in again (aws sso login)", code: 1,
		},
		"credentials that expire soon": {
			change: func(a *account) { a.expires = time.Now().Add(5*time.Minute + time.Second/2) },
			want:   "warning  credentials     arn:aws:sts::123456789012:assumed-role/data/me in account 123456789012; SQS sender id AROAX:me, expiring in 5m0",
		},
		"no stage named": {options: doctor.Options{Stage: "-"}, want: "failed   stage           no stage given; use --stage dev or set EPHEMR_STAGE=dev", code: 1},
		"stage not deployed": {
			options: doctor.Options{Stage: "prod"},
			want:    "failed   stage           prod is not deployed in account 123456789012, region eu-west-1; deploy it with make deploy STAGE=prod, or set AWS_PROFILE", code: 1,
		},
		"stage of another account": {
			change: func(a *account) { a.settings.Region = "us-east-1" },
			want:   "failed   stage           dev is in account 123456789012, region eu-west-1, but its settings name account 123456789012, region us-east-1; redeploy", code: 1,
		},
		"incompatible stage": {
			change: func(a *account) { a.settings.RunsTable = "" },
			want:   "failed   stage           stage dev is not compatible with this version of ephemr; use the version that deployed it", code: 1,
		},
		"another version": {
			options: doctor.Options{Version: "v2"},
			want:    "warning  version         this is v2, the stage is v1; install that version, or redeploy with make deploy STAGE=dev",
		},
		"a stage without version": {
			change: func(a *account) { a.settings.Version = "" },
			want:   "warning  version         the stage has no version; redeploy",
		},
		"unknown version": {options: doctor.Options{Version: "(devel)"}, want: "unknown  version         this build has no version; the stage has v1"},
		"a missing table": {
			change: func(a *account) { delete(a.tables, "clusters") },
			want:   "failed   tables          clusters: DescribeTable: ResourceNotFoundException: no clusters; redeploy with make deploy STAGE=dev", code: 1,
		},
		"no permission for tables": {
			change: func(a *account) { a.tablesErr = denied("DescribeTable") },
			want:   "unknown  tables          runs: DescribeTable: AccessDeniedException: not you; request the permission",
		},
		"an unreadable record": {
			change: func(a *account) {
				a.items = []awsfake.Item{{
					"pk": records.String("p-1"), "sk": records.String("RUN"), "gsState": records.String("RUNNING"), "gsOrder": records.String("1"),
					"format": &dynamodbtypes.AttributeValueMemberN{Value: "9"},
				}}
			},
			want: "failed   records         record RUN of run p-1 is unreadable: format 9 is newer than 1: a newer version of ephemr wrote it; deploy the newest version", code: 1,
		},
		"an unreadable trigger": {
			change: func(a *account) {
				a.registered = []awsfake.Item{{"pk": records.String(records.WatchPartition("raw")), "sk": records.String("daily"), "watches": records.String("all")}}
			},
			want: "failed   records         what uploads start of pipeline daily is unreadable: ", code: 1,
		},
		"an unreadable cluster of a pool": {
			change: func(a *account) {
				set := func(s string) *dynamodbtypes.AttributeValueMemberSS {
					return &dynamodbtypes.AttributeValueMemberSS{Value: []string{s}}
				}
				a.clusters = []awsfake.Item{
					{"pk": records.String(records.PoolsKey().Partition), "pools": set("etl#nightly")},
					{"pk": records.String(records.PoolKey("etl", "nightly").Partition), "clusters": set("j-1")},
					{"pk": records.String(records.ClusterKey("j-1").Partition), "pool": records.String("nightly"), "steps": records.String("many")},
				}
			},
			want: "failed   records         the record of cluster j-1 is unreadable: ", code: 1,
		},
		"a missing queue": {
			change: func(a *account) { delete(a.queues, "https://sqs/requests") },
			want:   "failed   queues          requests: GetQueueAttributes: AWS.SimpleQueueService.NonExistentQueue: no https://sqs/requests; redeploy", code: 1,
		},
		"rejected requests": {
			change: func(a *account) { a.queues["https://sqs/requests-dlq"] = "3" },
			want:   "warning  queues          3 rejected messages in requests-dlq; see ephemr requests list",
		},
		"workflow being deleted": {
			change: func(a *account) { a.workflow = sfntypes.StateMachineStatusDeleting },
			want:   "failed   workflow        ephemr-dev-run: DELETING; redeploy", code: 1,
		},
		"a function that the workflow calls": {
			change: func(a *account) { a.functions["ephemr-dev-preparerun"] = lambdatypes.StateFailed },
			want:   "failed   functions       ephemr-dev-preparerun: Failed because; redeploy", code: 1,
		},
		"a function invoked by a schedule": {
			change: func(a *account) { delete(a.functions, "ephemr-dev-sweep") },
			want:   "failed   functions       ephemr-dev-sweep: GetFunctionConfiguration: ResourceNotFoundException: no ephemr-dev-sweep; redeploy", code: 1,
		},
		"an inactive function": {
			change: func(a *account) { a.functions["ephemr-dev-sweep"] = lambdatypes.StateInactive },
			want:   "ok       functions       ",
		},
		"an invalid profile": {
			change: func(a *account) { a.profiles["odd"] = `{"release": "emr-7"}` },
			want:   `failed   profiles        read profile odd: invalid release "emr-7" (example: emr-7.14.0), primary must have`, code: 1,
		},
		"no profiles": {change: func(a *account) { clear(a.profiles) }, want: "failed   profiles        the stage has none; add one in infra/config", code: 1},
		"quota below a cluster": {
			change: func(a *account) { a.quotas["L-34B43A08"] = 4 },
			want:   "failed   EC2 quotas      a cluster of profile small takes about 8 spot vCPUs, 4 are allowed; run aws service-quotas request-service-quota-increase --service-code ec2 --quota-code L-34B43A08 --desired-value 32, or", code: 1,
		},
		"quota below the stage": {
			change: func(a *account) { a.quotas["L-1216C47A"] = 16 },
			want:   "warning  EC2 quotas      4 clusters of profile small at a time take about 48 on-demand vCPUs, 16 are allowed; run aws service-quotas request-service-quota-increase --service-code ec2 --quota-code L-1216C47A --desired-value 48",
		},
		"quotas cannot be read": {
			change: func(a *account) { a.quotasErr = denied("GetServiceQuota") },
			want:   "unknown  EC2 quotas      cannot determine how many vCPUs are allowed: GetServiceQuota: AccessDeniedException: not you",
		},
		"no quotas in a local region": {
			change: func(a *account) { a.quotasErr = &smithy.GenericAPIError{Code: "UnknownError", Message: "UnknownError"} },
			want:   "unknown  EC2 quotas      cannot determine how many vCPUs are allowed: not supported by the local region",
		},
		"few clusters": {
			change: func(a *account) { a.quotas["clusters"] = 2 },
			want:   "warning  EMR quotas      2 clusters at a time are allowed, the stage runs up to 4; run aws service-quotas request-service-quota-increase --service-code elasticmapreduce",
		},
		"no such quota": {change: func(a *account) { delete(a.quotas, "clusters") }, want: "unknown  EMR quotas      cannot determine how many clusters are allowed"},
		"public access": {
			change: func(a *account) { a.public = true },
			want:   "warning  public access   EMR allows public access to clusters; run aws emr put-block-public-access-configuration --block-public-access-configuration 'BlockPublic",
		},
		"untagged network": {
			change: func(a *account) { a.region.untagged = []string{"subnet-b", "vpc-1", "sg-1"} },
			want:   "failed   network         subnet-b, vpc-1, sg-1 without the tag for-use-with-amazon-emr-managed-policies=true: EMR's service role may not use them; run aws ec2 create-tags --resources subnet-b vpc-1 sg-1 --tags", code: 1,
		},
		"the stage's network": {
			change: func(a *account) { a.network() },
			want:   "ok       types           all are offered in the zones of their subnets\nok       network         1 subnets of vpc-1",
		},
		"untagged group of the stage's network": {
			change: func(a *account) { a.network(); a.region.untagged = []string{"sg-9"} },
			want:   "failed   network         sg-9 without the tag ", code: 1,
		},
		"a network that cannot be read": {
			change: func(a *account) { a.settings.Network = true },
			want:   "unknown  network         cannot determine which subnets clusters use: ",
		},
		"an endpoint that failed": {
			change: func(a *account) { a.network(); a.region.endpoint = "failed" },
			want:   "failed   network         endpoint vpce-1 of com.amazonaws.eu-west-1.logs is failed; redeploy", code: 1,
		},
		"an endpoint of a stage without a network": {
			change: func(a *account) { a.region.endpoint = "failed" }, want: "ok       network         2 subnets",
		},
		"few addresses": {
			change: func(a *account) { a.region.addresses = map[string]int32{"subnet-a": 1} },
			want:   "warning  network         subnet-a has 1 free addresses, and a cluster of profile small takes up to 3; terminate clusters",
		},
		"no addresses": {
			change: func(a *account) { a.region.addresses = map[string]int32{"subnet-a": 1, "subnet-b": 0} },
			want:   "failed   network         subnet-a has 1 free addresses, subnet-b has 0 free addresses, and", code: 1,
		},
		"no network": {change: func(a *account) { a.region.noVPC = true }, want: "failed   network         the profiles name no subnets, and the Region has no default VPC; set network or subnets", code: 1},
		"unknown release": {
			change: func(a *account) { a.region.releases = nil },
			want:   "failed   EMR releases    EMR has no release emr-7.14.0, which profile small names; list releases with aws emr list-release-labels", code: 1,
		},
		"types of one zone": {
			change: func(a *account) {
				a.region.notOffered = map[string][]string{"m5.xlarge": {"eu-west-1b"}}
			},
			want: "warning  types           profile small can start in eu-west-1a only: eu-west-1b has none of m5.xlarge; add types",
		},
		"types of no zone": {
			change: func(a *account) {
				a.region.notOffered = map[string][]string{"m5.xlarge": {"eu-west-1a", "eu-west-1b"}}
			},
			want: "failed   types           no zone has types for all fleets of profile small or of a fallback: eu-west-1a has none of m5.xlarge; eu-west-1b", code: 1,
		},
		"a fallback in other subnets": {
			change: func(a *account) {
				a.fallbacks(`["subnet-a"]`, `[{"types": ["r5.xlarge"], "subnets": ["subnet-c"]}]`)
				a.region.notOffered = map[string][]string{"r5.xlarge": {"eu-west-1a", "eu-west-1b"}}
			},
			want: "ok       types           all are offered in the zones of their subnets\nok       network         2 subnets of vpc-1",
		},
		"an untagged subnet of a fallback": {
			change: func(a *account) {
				a.fallbacks(`["subnet-a"]`, `[{"subnets": ["subnet-c"]}]`)
				a.region.untagged = []string{"subnet-c"}
			},
			want: "failed   network         subnet-c without the tag ", code: 1,
		},
		"a fallback in the default VPC": {
			change: func(a *account) {
				a.fallbacks(`[]`, `[{"subnets": ["subnet-c"]}]`)
				a.region.notOffered = map[string][]string{"m5.xlarge": {"eu-west-1c"}}
			},
			want: "warning  types           fallback 1 of profile small can start in no zone: eu-west-1c has none of m5.xlarge; add types",
		},
		"a fallback that has gaps": {
			change: func(a *account) {
				a.fallbacks(`["subnet-a"]`, `[{"onDemand": true}, {"types": ["r5.xlarge"], "subnets": ["subnet-b", "subnet-c"]}]`)
				a.region.notOffered = map[string][]string{"r5.xlarge": {"eu-west-1b"}}
			},
			want: "warning  types           fallback 2 of profile small can start in eu-west-1c only: eu-west-1b has none of r5.xlarge; add types",
		},
		"only a fallback can start": {
			change: func(a *account) {
				a.fallbacks(`["subnet-a"]`, `[{"types": ["r5.xlarge"]}]`)
				a.region.notOffered = map[string][]string{"m5.xlarge": {"eu-west-1a"}}
			},
			want: "warning  types           profile small can start in no zone: eu-west-1a has none of m5.xlarge; add types",
		},
		"neither the profile nor a fallback can start": {
			change: func(a *account) {
				a.fallbacks(`["subnet-a"]`, `[{"types": ["r5.xlarge"], "subnets": ["subnet-c"]}]`)
				a.region.notOffered = map[string][]string{"m5.xlarge": {"eu-west-1a"}, "r5.xlarge": {"eu-west-1c"}}
			},
			want: "failed   types           no zone has types for all fleets of profile small or of a fallback: eu-west-1a has none of m5.xlarge; eu-west-1c has none of r5.xlarge; add types", code: 1,
		},
		"no linked roles": {
			change: func(a *account) { a.region.roles = nil },
			want:   "failed   linked roles    no role AWSServiceRoleForEMRCleanup; run aws iam create-service-linked-role --aws-service-name elasticmapreduce.amazonaws.com\nfailed   linked roles    no role AWSServiceRoleForEC2Spot; run aws iam create-service-linked-role --aws-service-name spot.amazonaws.com", code: 1,
		},
		"a new account": {
			change: func(a *account) { a.region.concurrency = 10 },
			want:   "failed   concurrency     10 functions at a time are allowed, a stage needs 50: they would be throttled; run aws service-quotas", code: 1,
		},
		"no database": {
			change: func(a *account) { a.region.noDatabase = true },
			want:   "failed   Glue            Glue has no database default, which Hive and Spark SQL ask for when they start; run aws glue create-database", code: 1,
		},
		"Lake Formation without the deployer": {
			change: func(a *account) { a.region.lakeRules = true },
			want:   "failed   Lake Formation  Lake Formation decides about new databases and tables, and CDK's role/cdk-hnb659fds-cfn-exec-role-123456789012-eu-west-1 is not an administrator", code: 1,
		},
		"Lake Formation with the deployer": {
			change: func(a *account) {
				a.region.lakeRules = true
				a.region.lakeAdmins = []string{"arn:aws:iam::123456789012:role/cdk-hnb659fds-cfn-exec-role-123456789012-eu-west-1"}
			},
			want: "ok       Lake Formation  Lake Formation decides about new tables, and deployments may grant rights",
		},
		"a customer's key": {change: func(a *account) { a.region.keyState = kmstypes.KeyStateEnabled }, want: "ok       keys            1 in use, enabled"},
		"a disabled key": {
			change: func(a *account) { a.region.keyState = kmstypes.KeyStateDisabled },
			want:   "failed   keys            the key of bucket test-logs is Disabled; run aws kms enable-key --key-id key-1", code: 1,
		},
		"sources": {
			change: func(a *account) { a.settings.Sources = []stage.Source{{Bucket: "loud"}} },
			want:   "ok       sources         loud send events to EventBridge",
		},
		"sources without events": {
			change: func(a *account) { a.settings.Sources = []stage.Source{{Bucket: "quiet"}, {Bucket: "gone"}} },
			want: "failed   sources         bucket quiet sends no events to EventBridge: its objects start nothing; ask its owner to add EventBridgeConfiguration with aws s3api put-bucket-notification-configuration\n" +
				"failed   sources         bucket gone does not exist; remove it from sources of the stage", code: 1,
		},
		"laptop": {change: func(a *account) { a.laptop(http.StatusOK) }, want: "ok       laptop          the emulator and localemr respond"},
		"laptop that is down": {
			change: func(a *account) { a.laptop(http.StatusBadGateway) },
			want:   "failed   laptop          no healthy response from http://127.0.0.1:1 (AWS_ENDPOINT_URL); start the region with ephemr up", code: 1,
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

// fallbacks replaces the profile by one with these subnets and fallbacks.
func (a *account) fallbacks(subnets, fallbacks string) {
	a.profiles["small"] = `{"release": "emr-7.14.0", "applications": ["Spark"], "idleTimeout": "10m", "subnets": ` + subnets + `,
		"primary": {"types": ["m5.xlarge"], "onDemand": 1}, "core": {"types": ["m5.xlarge"], "spot": 2}, "fallbacks": ` + fallbacks + `}`
}

// A time-out is reported once, and does not delay the other checks.
func TestTimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newAccount()
		a.hang = true
		for _, timeout := range []time.Duration{doctor.DefaultTimeout, time.Minute} {
			began := time.Now()
			out, _, code := examine(t, a, doctor.Options{Stage: "dev", Version: "v1", Timeout: timeout})
			if n := strings.Count(out, "failed   tables          no response within "+timeout.String()+"; check the network"); n != 1 || code != 1 {
				t.Errorf("exit code %d, reported %d times:\n%s", code, n, out)
			}
			if took := time.Since(began); took != timeout {
				t.Errorf("took %s, want %s", took, timeout)
			}
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
	i := slices.IndexFunc(got, func(f doctor.Finding) bool { return f.Check == "public access" })
	if i < 0 {
		t.Fatalf("no finding about public access in %+v", got)
	}
	last := got[i]
	if len(got) != 22 || last.Verdict != doctor.Warning || last.Check != "public access" || last.Found == "" || last.Do == "" {
		t.Errorf("got %d findings, the last %+v", len(got), last)
	}
}

func TestClock(t *testing.T) {
	t.Parallel()
	for skew, want := range map[time.Duration]struct {
		verdict doctor.Verdict
		found   string
	}{
		-2 * time.Second: {doctor.OK, "in sync with AWS"},
		time.Minute:      {doctor.Warning, "this machine is 1m00s behind AWS"},
		-time.Minute:     {doctor.Warning, "this machine is 1m00s ahead of AWS"},
		6 * time.Minute:  {doctor.Failed, "this machine is 6m00s behind AWS"},
	} {
		if f := doctor.Clock(skew); f.Verdict != want.verdict || f.Found != want.found {
			t.Errorf("%s: got %+v", skew, f)
		}
	}
}

// The clock is compared with the Date header of AWS's response.
func TestClockOfAResponse(t *testing.T) {
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
	if !strings.Contains(out, "warning  clock           this machine is 2m5") && !strings.Contains(out, "warning  clock           this machine is 3m00s behind AWS") {
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
	err := doctor.Run(ctx, doctor.Options{Stage: "dev", Timeout: time.Minute, Getenv: func(string) string { return "" }}, &terminal.IO{Out: &b, Err: &b}, newAccount().open)
	if err == nil || err.Error() != "interrupt" {
		t.Errorf("got %v", err)
	}
}
