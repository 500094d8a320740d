package emrapi_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/aws/aws-sdk-go-v2/service/emr/types"

	"ephemr/internal/emr/cluster"
	"ephemr/internal/emr/emrapi"
	"ephemr/internal/emr/repair"
	"ephemr/internal/emr/step"
	"ephemr/internal/fault"
	"ephemr/internal/proof/awsfake"
	"ephemr/internal/stage"
)

// Every caller of EMR can use the client within the budget.
var (
	_ cluster.API = (*emrapi.Client)(nil)
	_ step.API    = (*emrapi.Client)(nil)
	_ repair.API  = (*emrapi.Client)(nil)
	_ emrapi.API  = (*emr.Client)(nil)
	_ emrapi.API  = (*awsfake.EMR)(nil)
)

func settings(limits stage.Buckets) stage.Settings {
	return stage.Settings{ClustersTable: "clusters", Limits: stage.Limits{EMR: limits}}
}

// Every call of a function goes through the bucket of its own name.
func TestCallsArePaid(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	calls := map[string]func(c *emrapi.Client, id string) error{
		"RunJobFlow": func(c *emrapi.Client, _ string) error {
			_, err := c.RunJobFlow(ctx, awsfake.ClusterRequest("x"))
			return err
		},
		"ListClusters": func(c *emrapi.Client, _ string) error {
			_, err := c.ListClusters(ctx, &emr.ListClustersInput{})
			return err
		},
		"DescribeCluster": func(c *emrapi.Client, id string) error {
			_, err := c.DescribeCluster(ctx, &emr.DescribeClusterInput{ClusterId: &id})
			return err
		},
		"AddJobFlowSteps": func(c *emrapi.Client, id string) error {
			_, err := c.AddJobFlowSteps(ctx, &emr.AddJobFlowStepsInput{JobFlowId: &id, Steps: []types.StepConfig{{
				Name: aws.String("a#1"), ActionOnFailure: types.ActionOnFailureContinue, HadoopJarStep: &types.HadoopJarStepConfig{Jar: aws.String("x.jar")},
			}}})
			return err
		},
		"ListSteps": func(c *emrapi.Client, id string) error {
			_, err := c.ListSteps(ctx, &emr.ListStepsInput{ClusterId: &id})
			return err
		},
		"TerminateJobFlows": func(c *emrapi.Client, id string) error {
			_, err := c.TerminateJobFlows(ctx, &emr.TerminateJobFlowsInput{JobFlowIds: []string{id}})
			return err
		},
	}
	for api, call := range calls {
		t.Run(api, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := awsfake.NewEMR(awsfake.EMRConfig{})
				defer f.Close()
				out, err := f.RunJobFlow(ctx, awsfake.ClusterRequest("x"))
				if err != nil {
					t.Fatal(err)
				}
				id, before := *out.JobFlowId, f.Calls(api)
				c := emrapi.New(f, table(), settings(stage.Buckets{api: {Burst: 1, PerSecond: 0.5}}))
				if err := call(c, id); err != nil {
					t.Fatal(err)
				}
				err = call(c, id)
				if fault.NameOf(err) != fault.Throttled || !strings.Contains(err.Error(), "budget for "+api+" is used up") {
					t.Errorf("second call: %v", err)
				}
				if n := f.Calls(api) - before; n != 1 {
					t.Errorf("%d calls reached EMR, want 1", n)
				}
				time.Sleep(2 * time.Second)
				f.FailNext(api, awsfake.Throttled())
				if err := call(c, id); fault.NameOf(err) != fault.Throttled || fault.Code(err) != "ThrottlingException" {
					t.Errorf("EMR's own refusal: %v", err)
				}
			})
		})
	}
}

// A paginator pays for each page.
func TestPagesArePaid(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := awsfake.NewEMR(awsfake.EMRConfig{})
		defer f.Close()
		for range 120 {
			if _, err := f.RunJobFlow(t.Context(), awsfake.ClusterRequest("x")); err != nil {
				t.Fatal(err)
			}
		}
		c := emrapi.New(f, table(), settings(stage.Buckets{"ListClusters": {Burst: 5, PerSecond: 0.5}}))
		list := func() (pages int, err error) {
			for p := emr.NewListClustersPaginator(c, &emr.ListClustersInput{}); p.HasMorePages(); pages++ {
				if _, err := p.NextPage(t.Context()); err != nil {
					return pages, err
				}
			}
			return pages, nil
		}
		if n, err := list(); n != 3 || err != nil {
			t.Errorf("first list: %d pages, %v", n, err)
		}
		if n, err := list(); n != 2 || fault.NameOf(err) != fault.Throttled {
			t.Errorf("second list: %d pages, %v", n, err)
		}
	})
}

// When EMR refuses although the budget allowed it, everybody backs off.
func TestEMRThrottles(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f, db := awsfake.NewEMR(awsfake.EMRConfig{}), table()
		defer f.Close()
		one, other := emrapi.New(f, db, settings(nil)), emrapi.New(f, db, settings(nil))
		f.FailNext("ListClusters", awsfake.Throttled())
		if _, err := one.ListClusters(t.Context(), &emr.ListClustersInput{}); fault.Code(err) != "ThrottlingException" {
			t.Errorf("the first: %v", err)
		}
		if _, err := other.ListClusters(t.Context(), &emr.ListClustersInput{}); fault.NameOf(err) != fault.Throttled || f.Calls("ListClusters") != 1 {
			t.Errorf("another, at once: %v, %d calls", err, f.Calls("ListClusters"))
		}
		time.Sleep(2 * time.Second)
		if _, err := other.ListClusters(t.Context(), &emr.ListClustersInput{}); err != nil {
			t.Errorf("another, after an interval: %v", err)
		}
	})
}

// answers is an EMR that gives one answer after the other.
type answers struct {
	codes []int
	calls int
}

func (a *answers) Do(*http.Request) (*http.Response, error) {
	code := a.codes[min(a.calls, len(a.codes)-1)]
	a.calls++
	body := map[int]string{
		200: `{"Clusters": []}`,
		400: `{"__type": "ThrottlingException", "message": "Rate exceeded"}`,
		500: `{"__type": "InternalFailure", "message": "sorry"}`,
	}[code]
	return &http.Response{
		StatusCode: code, Header: http.Header{"Content-Type": {"application/x-amz-json-1.1"}}, Body: io.NopCloser(strings.NewReader(body)),
	}, nil
}

// The SDK's own retries are calls too.
func TestRetriesArePaid(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		codes []int
		burst int
		calls int
		want  fault.Name
	}{
		"at once":                {[]int{200}, 5, 1, ""},
		"healed by a retry":      {[]int{500, 500, 200}, 5, 3, ""},
		"no token for a retry":   {[]int{500, 500, 200}, 2, 2, fault.Throttled},
		"throttled, not retried": {[]int{400, 200}, 5, 1, fault.Throttled},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				a := &answers{codes: tt.codes}
				api := emr.New(emr.Options{
					Region: "us-east-1", HTTPClient: a, Retryer: retry.NewStandard(),
					Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
						return aws.Credentials{AccessKeyID: "x", SecretAccessKey: "x"}, nil
					}),
				})
				c := emrapi.New(api, table(), settings(stage.Buckets{"ListClusters": {Burst: tt.burst, PerSecond: 0.01}}))
				_, err := c.ListClusters(t.Context(), &emr.ListClustersInput{})
				if (err == nil) != (tt.want == "") || err != nil && fault.NameOf(err) != tt.want || a.calls != tt.calls {
					t.Errorf("%d calls, %v; want %d, %s", a.calls, err, tt.calls, tt.want)
				}
			})
		})
	}
}
