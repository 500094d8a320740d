package awsfake_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	sd "github.com/aws/aws-sdk-go-v2/service/servicediscovery"
	sdtypes "github.com/aws/aws-sdk-go-v2/service/servicediscovery/types"
	"github.com/google/go-cmp/cmp"

	"ephemr/internal/proof/awsfake"
)

// cloudMap is the fake with one service called "daily" in ns-1.
func cloudMap(t *testing.T) (f *awsfake.ServiceDiscovery, service string) {
	t.Helper()
	f = awsfake.NewServiceDiscovery(map[string]string{"ns-1": "ours", "ns-2": "theirs"})
	f.Takes = 5 * time.Second
	out, err := f.CreateService(t.Context(), &sd.CreateServiceInput{NamespaceId: new("ns-1"), Name: new("daily")})
	if err != nil {
		t.Fatal(err)
	}
	return f, *out.Service.Id
}

func TestServiceDiscoveryServices(t *testing.T) {
	t.Parallel()
	f, id := cloudMap(t)
	_, err := f.CreateService(t.Context(), &sd.CreateServiceInput{NamespaceId: new("ns-1"), Name: new("daily")})
	if there, ok := errors.AsType[*sdtypes.ServiceAlreadyExists](err); !ok || *there.ServiceId != id {
		t.Errorf("created twice: %v", err)
	}
	var codes []string
	for _, in := range []*sd.CreateServiceInput{
		{NamespaceId: new("ns-2"), Name: new("daily")}, {NamespaceId: new("ns-3"), Name: new("daily")}, {NamespaceId: new("ns-1"), Name: new("ends-")},
	} {
		_, err := f.CreateService(t.Context(), in)
		codes = append(codes, code(err))
	}
	if d := cmp.Diff([]string{"<nil>", "NamespaceNotFound", "InvalidInput"}, codes); d != "" {
		t.Error(d)
	}
}

// Pages are cut before the filter.
func TestServiceDiscoveryPages(t *testing.T) {
	t.Parallel()
	f, _ := cloudMap(t)
	for i := range 150 {
		if _, err := f.CreateService(t.Context(), &sd.CreateServiceInput{NamespaceId: new("ns-2"), Name: new(fmt.Sprintf("n%d", i))}); err != nil {
			t.Fatal(err)
		}
	}
	in := &sd.ListServicesInput{Filters: []sdtypes.ServiceFilter{{Name: sdtypes.ServiceFilterNameNamespaceId, Values: []string{"ns-1"}}}}
	var names []string
	pages := 0
	for p := sd.NewListServicesPaginator(f, in); p.HasMorePages(); pages++ {
		page, err := p.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range page.Services {
			names = append(names, *s.Name)
		}
	}
	if d := cmp.Diff([]string{"daily"}, names); d != "" || pages != 2 {
		t.Errorf("%d pages, want 2, one of them without a match: %s", pages, d)
	}
}

func TestServiceDiscoveryInstances(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f, id := cloudMap(t)
		put := func(instance string, attributes map[string]string) string {
			_, err := f.RegisterInstance(t.Context(), &sd.RegisterInstanceInput{ServiceId: &id, InstanceId: &instance, Attributes: attributes})
			return code(err)
		}
		take := func(service, instance string) string {
			_, err := f.DeregisterInstance(t.Context(), &sd.DeregisterInstanceInput{ServiceId: &service, InstanceId: &instance})
			return code(err)
		}
		many := map[string]string{}
		for i := range 31 {
			many[fmt.Sprint(i)] = "x"
		}
		got := []string{
			put("j-1", map[string]string{"hive": "10000"}), put("j-1", map[string]string{"hive": "10000"}), // it is being done
			take(id, "j-1"), // and does not show yet
			put("j 2", map[string]string{"a": "b"}), put("j-2", nil), put("j-2", many), take("srv-0", "j-1"),
		}
		if d := cmp.Diff([]string{"<nil>", "DuplicateRequest", "InstanceNotFound", "InvalidInput", "InvalidInput", "InvalidInput", "ServiceNotFound"}, got); d != "" {
			t.Error(d)
		}
		if all := f.Registered(); len(all) != 0 {
			t.Errorf("shows at once: %v", all)
		}
		time.Sleep(5 * time.Second)
		got = []string{put("j-1", map[string]string{"hive": "10000", "run": "r"}), put("j-2", map[string]string{"spark": "18080"})} // updates the first
		time.Sleep(5 * time.Second)
		if d := cmp.Diff(map[string]map[string]string{"daily/j-1": {"hive": "10000", "run": "r"}, "daily/j-2": {"spark": "18080"}}, f.Registered()); d != "" {
			t.Errorf("%v: %s", got, d)
		}
		_, err := f.DeleteService(t.Context(), &sd.DeleteServiceInput{Id: &id})
		got = []string{code(err), take(id, "j-1"), take(id, "j-1")}
		time.Sleep(5 * time.Second)
		got = append(got, take(id, "j-1"), take(id, "j-2"))
		time.Sleep(5 * time.Second)
		_, err = f.DeleteService(t.Context(), &sd.DeleteServiceInput{Id: &id})
		if d := cmp.Diff([]string{"ResourceInUse", "<nil>", "DuplicateRequest", "InstanceNotFound", "<nil>", "<nil>"}, append(got, code(err))); d != "" {
			t.Error(d)
		}
	})
}

func TestDiscoverInstances(t *testing.T) {
	t.Parallel()
	f, id := cloudMap(t)
	f.Takes = 0
	for i := range 120 {
		if _, err := f.RegisterInstance(t.Context(), &sd.RegisterInstanceInput{
			ServiceId: &id, InstanceId: new(fmt.Sprintf("j-%d", i)), Attributes: map[string]string{"odd": fmt.Sprint(i % 2)},
		}); err != nil {
			t.Fatal(err)
		}
	}
	find := func(namespace, service string, most *int32, query map[string]string) (int, string) {
		out, err := f.DiscoverInstances(t.Context(), &sd.DiscoverInstancesInput{
			NamespaceName: &namespace, ServiceName: &service, MaxResults: most, QueryParameters: query,
		})
		if err != nil {
			return 0, code(err)
		}
		return len(out.Instances), ""
	}
	for _, tt := range []struct {
		namespace, service string
		most               *int32
		query              map[string]string
		n                  int
		code               string
	}{
		{namespace: "ours", service: "daily", n: 100},
		{namespace: "ours", service: "daily", most: new(int32(1000)), n: 120},
		{namespace: "ours", service: "daily", query: map[string]string{"odd": "1"}, n: 60},
		{namespace: "ours", service: "nope", code: "ServiceNotFound"},
		{namespace: "nope", service: "daily", code: "NamespaceNotFound"},
	} {
		if n, c := find(tt.namespace, tt.service, tt.most, tt.query); n != tt.n || c != tt.code {
			t.Errorf("%s %s %v: %d %s, want %d %s", tt.namespace, tt.service, tt.query, n, c, tt.n, tt.code)
		}
	}
	page, err := f.ListInstances(t.Context(), &sd.ListInstancesInput{ServiceId: &id})
	if err != nil || len(page.Instances) != 100 || page.NextToken == nil {
		t.Errorf("%d instances in a page, %v", len(page.Instances), err)
	}
	if slices.IsSortedFunc(page.Instances, func(a, b sdtypes.InstanceSummary) int { return strings.Compare(*a.Id, *b.Id) }) {
		t.Error("a list in order hides callers that rely on it")
	}
}
