package discovery_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"

	sd "github.com/aws/aws-sdk-go-v2/service/servicediscovery"
	"github.com/google/go-cmp/cmp"

	"ephemr/internal/discovery"
	"ephemr/internal/fault"
	"ephemr/internal/proof/awsfake"
)

var (
	_ discovery.API     = (*awsfake.ServiceDiscovery)(nil)
	_ discovery.FindAPI = (*awsfake.ServiceDiscovery)(nil)
	_ discovery.API     = (*sd.Client)(nil)
	_ discovery.FindAPI = (*sd.Client)(nil)
)

func newMap() (*awsfake.ServiceDiscovery, *discovery.Directory) {
	f := awsfake.NewServiceDiscovery(map[string]string{"ns-1": "ephemr-dev", "ns-2": "another-stage"})
	return f, &discovery.Directory{API: f, Namespace: "ns-1", Stage: "dev"}
}

// at is a cluster of a pipeline.
func at(pipeline, id string) discovery.Instance {
	return discovery.Instance{
		ClusterID: id, Host: id + ".internal", RunID: pipeline + "-1", Pipeline: pipeline, Stage: "dev", Profile: "small", Release: "emr-7.14.0",
		Ports: discovery.Ports([]string{"Hive", "Spark"}),
	}
}

func register(t *testing.T, d *discovery.Directory, instances ...discovery.Instance) (service string) {
	t.Helper()
	for _, i := range instances {
		var err error
		if service, err = d.Register(t.Context(), i); err != nil {
			t.Fatal(err)
		}
	}
	return service
}

func TestRegister(t *testing.T) {
	t.Parallel()
	f, d := newMap()
	pooled := at("hourly", "j-3")
	pooled.Pool, pooled.Team = "shared", "data.etl"
	register(t, d, at("daily", "j-1"), at("daily", "j-2"), pooled, at("daily", "j-1"))
	want := map[string]string{
		"cluster": "j-3", "host": "j-3.internal", "run": "hourly-1", "pipeline": "hourly", "pool": "shared", "team": "data.etl", "stage": "dev", "profile": "small",
		"release": "emr-7.14.0", "hive": "10000", "hive-metastore": "9083", "hive-ui": "10002", "spark": "18080",
		"hdfs": "8020", "yarn": "8088", "jobhistory": "19888",
	}
	got := f.Registered()
	if diff := cmp.Diff(want, got["shared/j-3"]); diff != "" || len(got) != 3 || got["daily/j-2"] == nil {
		t.Errorf("registered %v\n%s", got, diff)
	}
	if n := f.Calls("CreateService"); n != 2 {
		t.Errorf("%d calls of CreateService for two names", n)
	}
	if diff := cmp.Diff(map[string]string{"ephemr:stage": "dev"}, f.Tags("daily")); diff != "" {
		t.Errorf("tags of a service, on which rights depend: %s", diff)
	}
}

// Functions that register a new name concurrently create one service.
func TestRacedCreation(t *testing.T) {
	t.Parallel()
	f, _ := newMap()
	var group sync.WaitGroup
	ids := make([]string, 10)
	for n := range ids {
		group.Go(func() {
			d := &discovery.Directory{API: f, Namespace: "ns-1", Stage: "dev"}
			ids[n], _ = d.Register(context.WithoutCancel(t.Context()), at("daily", fmt.Sprintf("j-%d", n)))
		})
	}
	group.Wait()
	slices.Sort(ids)
	if one := slices.Compact(ids); len(one) != 1 || one[0] == "" || len(f.Registered()) != 10 {
		t.Errorf("services %q, %d instances", one, len(f.Registered()))
	}
}

// A service that was deleted since its last use is created again.
func TestServiceIsGone(t *testing.T) {
	t.Parallel()
	f, d := newMap()
	id := register(t, d, at("daily", "j-1"))
	if err := d.Remove(t.Context(), id, "j-1"); err != nil {
		t.Fatal(err)
	}
	if _, err := f.DeleteService(t.Context(), &sd.DeleteServiceInput{Id: &id}); err != nil {
		t.Fatal(err)
	}
	if err := d.Remove(t.Context(), id, "j-1"); err != nil {
		t.Errorf("taken out of a service that is gone: %v", err)
	}
	if again := register(t, d, at("daily", "j-2")); again == id || f.Registered()["daily/j-2"] == nil {
		t.Errorf("service %s, registered %v", again, f.Registered())
	}
}

func TestTrouble(t *testing.T) {
	t.Parallel()
	for _, op := range []string{"CreateService", "RegisterInstance"} {
		f, d := newMap()
		f.FailNext(op, awsfake.Throttled())
		if _, err := d.Register(t.Context(), at("daily", "j-1")); fault.NameOf(err) != fault.Throttled {
			t.Errorf("%s is throttled: %v", op, err)
		}
		if register(t, d, at("daily", "j-1")); len(f.Registered()) != 1 {
			t.Errorf("not registered after %s was throttled", op)
		}
	}
	f, d := newMap()
	id := register(t, d, at("daily", "j-1"))
	f.FailNext("DeregisterInstance", awsfake.Throttled())
	if err := d.Remove(t.Context(), id, "j-1"); fault.NameOf(err) != fault.Throttled {
		t.Errorf("DeregisterInstance is throttled: %v", err)
	}
	for range 2 { // the second time it is not there
		if err := d.Remove(t.Context(), id, "j-1"); err != nil {
			t.Error(err)
		}
	}
}

// Everything in the namespace is listed, and only empty ad-hoc services are deleted.
func TestAll(t *testing.T) {
	t.Parallel()
	f, d := newMap()
	once := at("adhoc-1", "j-9")
	once.AdHoc = true
	daily, adhoc := register(t, d, at("daily", "j-1"), at("daily", "j-2")), register(t, d, once)
	empty := register(t, d, at("hourly", "j-3"))
	register(t, &discovery.Directory{API: f, Namespace: "ns-2", Stage: "prod"}, at("theirs", "j-5"))
	for range 120 { // more than a page, all in one service
		register(t, d, at("daily", fmt.Sprintf("j-%d", 100+len(f.Registered()))))
	}
	for service, cluster := range map[string]string{adhoc: "j-9", empty: "j-3"} {
		if err := d.Remove(t.Context(), service, cluster); err != nil {
			t.Fatal(err)
		}
	}
	all := list(t, d)
	got := map[string]int{}
	for _, s := range all {
		got[fmt.Sprintf("%s surplus=%t", s.Name, s.Surplus)] = len(s.Instances)
	}
	if diff := cmp.Diff(map[string]int{"daily surplus=false": 122, "adhoc-1 surplus=true": 0, "hourly surplus=false": 0}, got); diff != "" {
		t.Error(diff)
	}
	if n := f.Calls("ListInstances"); n != 2 {
		t.Errorf("%d calls of ListInstances, want one a page of what is not empty", n)
	}
	for _, s := range all {
		if err := d.Drop(t.Context(), s); err != nil {
			t.Errorf("drop %s: %v", s.Name, err)
		}
	}
	if left := list(t, d); len(left) != 1 || left[0].ID != daily {
		t.Errorf("left %+v, want what is in use", left)
	}
}

func list(t *testing.T, d *discovery.Directory) []discovery.Listed {
	t.Helper()
	all, err := d.All(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return all
}
