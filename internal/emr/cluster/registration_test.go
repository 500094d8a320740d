package cluster_test

import (
	"context"
	"log/slog"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	emrtypes "github.com/aws/aws-sdk-go-v2/service/emr/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"ephemr/internal/discovery"
	"ephemr/internal/emr/cluster"
	"ephemr/internal/proof/awsfake"
	"ephemr/internal/proof/simulation"
	"ephemr/internal/run"
)

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	os.Exit(m.Run())
}

var (
	_ cluster.TableAPI  = (*awsfake.DynamoDB)(nil)
	_ cluster.Directory = (*discovery.Directory)(nil)
)

// desk is a registration, and what it writes to.
type desk struct {
	*cluster.Registration

	db  *awsfake.DynamoDB
	cmp *awsfake.ServiceDiscovery
}

func newDesk(t *testing.T, entries ...cluster.Record) desk {
	t.Helper()
	d := desk{
		db:  awsfake.NewDynamoDB(awsfake.Table{Name: "clusters", PK: "pk"}),
		cmp: awsfake.NewServiceDiscovery(map[string]string{"ns-1": "ephemr-dev"}),
	}
	d.Registration = &cluster.Registration{
		Registry:  &cluster.Registry{DB: d.db, Table: "clusters"},
		Directory: &discovery.Directory{API: d.cmp, Namespace: "ns-1", Stage: "dev"},
	}
	for _, e := range entries {
		if err := d.Registry.Put(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

var daily = cluster.Record{ID: "j-1", RunID: "daily-1", Name: "daily-1.1", Pipeline: "daily", Team: "data", Profile: "small"}

// list lists a cluster that EMR describes as ready.
func (d desk) list(t *testing.T, c *emrtypes.Cluster) {
	t.Helper()
	d.Register(t.Context(), *c.Id, func(context.Context) (*emrtypes.Cluster, error) { return c, nil })
}

func ready(id string) *emrtypes.Cluster {
	return &emrtypes.Cluster{
		Id: &id, MasterPublicDnsName: new("ip-10-0-0-1.ec2.internal"), ReleaseLabel: new("emr-7.14.0"),
		Applications: []emrtypes.Application{{Name: new("Hive"), Version: new("3.1.3")}},
		Tags:         []emrtypes.Tag{{Key: new(cluster.TagStage), Value: new("dev")}},
	}
}

func (d desk) names(t *testing.T, want ...string) {
	t.Helper()
	got := []string{}
	for name := range d.cmp.Registered() {
		got = append(got, name)
	}
	if diff := cmp.Diff(append([]string{}, want...), got); diff != "" {
		t.Errorf("registered -want +got:\n%s", diff)
	}
}

func TestListing(t *testing.T) {
	t.Parallel()
	d := newDesk(t, daily)
	for range 2 {
		d.list(t, ready("j-1"))
	}
	d.names(t, "daily/j-1")
	want := map[string]string{
		"cluster": "j-1", "host": "ip-10-0-0-1.ec2.internal", "run": "daily-1", "pipeline": "daily", "team": "data", "stage": "dev", "profile": "small",
		"release": "emr-7.14.0", "hive": "10000", "hive-metastore": "9083", "hive-ui": "10002", "hdfs": "8020", "yarn": "8088", "jobhistory": "19888",
	}
	if diff := cmp.Diff(want, d.cmp.Registered()["daily/j-1"]); diff != "" {
		t.Errorf("attributes -want +got:\n%s", diff)
	}
	for range 2 {
		d.Deregister(t.Context(), "j-1")
	}
	d.names(t)
	d.list(t, ready("j-1")) // too late
	d.names(t)
	if diff := cmp.Diff(map[string]int{"CreateService": 1, "RegisterInstance": 1, "DeregisterInstance": 1}, d.cmp.AllCalls()); diff != "" {
		t.Errorf("calls of Cloud Map -want +got:\n%s", diff)
	}
}

// Clusters of others are not our business, and one without an address is no use.
func TestNotListed(t *testing.T) {
	t.Parallel()
	d := newDesk(t, daily)
	nowhere := ready("j-1")
	nowhere.MasterPublicDnsName = nil
	d.list(t, nowhere)
	d.list(t, ready("j-2"))
	d.Register(t.Context(), "j-1", func(context.Context) (*emrtypes.Cluster, error) { return nil, awsfake.Throttled() })
	d.Deregister(t.Context(), "j-2")
	var none *cluster.Registration
	none.Register(t.Context(), "j-1", nil)
	none.Deregister(t.Context(), "j-1")
	if calls := d.cmp.AllCalls(); len(calls) > 0 {
		t.Errorf("calls of Cloud Map: %v", calls)
	}
	if e, err := d.Registry.Get(t.Context(), "j-2"); e.ID != "" || err != nil {
		t.Errorf("a foreign cluster is known: %+v, %v", e, err)
	}
}

// The end may come while the cluster is being registered: the last one cleans up.
func TestEndComesInBetween(t *testing.T) {
	t.Parallel()
	d := newDesk(t, daily)
	d.cmp.Use(&awsfake.Hooks{After: func(op string) error {
		if op == "ServiceDiscovery:RegisterInstance" {
			d.Deregister(t.Context(), "j-1")
		}
		return nil
	}})
	d.list(t, ready("j-1"))
	d.names(t)
}

// What fails is not tried again by the same invocation, and affects no run.
func TestDirectoryFails(t *testing.T) {
	t.Parallel()
	denied := &smithy.GenericAPIError{Code: "AccessDeniedException", Message: "not authorized to perform: servicediscovery:CreateService"}
	d := newDesk(t, daily)
	d.cmp.FailNext("CreateService", denied)
	d.list(t, ready("j-1"))
	d.names(t)
	d.cmp.FailNext("RegisterInstance", awsfake.Throttled())
	d.list(t, ready("j-1"))
	d.names(t)
	d.list(t, ready("j-1"))
	d.names(t, "daily/j-1")
	d.cmp.FailNext("DeregisterInstance", awsfake.Throttled())
	d.Deregister(t.Context(), "j-1")
	d.names(t, "daily/j-1") // until sweep
	if e, err := d.Registry.Get(t.Context(), "j-1"); err != nil || e.EndedAt.IsZero() || e.Service == "" {
		t.Errorf("sweep cannot know: %+v, %v", e, err)
	}
}

const one = `
pipeline: one
triggers: [{s3: {bucket: raw, prefix: in/}}]
cluster: {profile: small}
jobs: [{name: a, type: bash, source: a}]
`

// A run goes its way whether Cloud Map works, refuses, denies or hangs.
func TestRunsDoWithoutTheDirectory(t *testing.T) {
	t.Parallel()
	for name, fails := range map[string]func() error{
		"works":     func() error { return nil },
		"throttles": awsfake.Throttled,
		"denies": func() error {
			return &smithy.GenericAPIError{Code: "AccessDeniedException", Message: "no"}
		},
		"hangs": func() error { time.Sleep(20 * time.Second); return awsfake.Throttled() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := simulation.New(simulation.Config{})
				defer w.Close()
				w.CloudMap.Use(&awsfake.Hooks{Before: func(string) error { return fails() }})
				w.Apply(one)
				w.Upload("in/a.csv")
				id := w.RunIDs()[0]
				rec := w.Wait(id)
				time.Sleep(time.Minute)
				if rec.Run.State != run.Succeeded || w.Result(id).Transitions != 9 {
					t.Errorf("run is %s after %d transitions: %s", rec.Run.State, w.Result(id).Transitions, rec.Run.Reason)
				}
				if took := rec.Run.EndedAt.Sub(rec.Cluster().ReadyAt); took > 66*time.Second {
					t.Errorf("a step of a minute took %s: it waited for the directory", took)
				}
				// Sweep alone says so when it cannot do its work.
				errs := slices.DeleteFunc(w.Errors(), func(err error) bool { return strings.HasPrefix(err.Error(), "sweep: ") })
				if left := w.Left(); len(errs)+len(left) > 0 {
					t.Errorf("errors %v, left %q", errs, left)
				}
			})
		})
	}
}
