package stacks_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Only functions that observe a cluster's start or end update Cloud Map, and a stage
// has no access to services of another one.
func TestOnlyOwnServices(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stage) {
		for action, want := range map[string][]string{
			"CreateService": {"CreateCluster", "Sweep", "Watch"}, "TagResource": {"CreateCluster", "Sweep", "Watch"},
			"RegisterInstance": {"CreateCluster", "Sweep", "Watch"}, "DeregisterInstance": {"CreateCluster", "Sweep", "TerminateCluster", "Watch"},
			"ListServices": {"Sweep"}, "ListInstances": {"Sweep"}, "DeleteService": {"Sweep"},
		} {
			var got []string
			for who, condition := range s.holders("servicediscovery:" + action) {
				got = append(got, strings.Fields(who)[0])
				s.checkOwn(t, action, who, condition)
			}
			slices.Sort(got)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("who may %s (-want +got):\n%s", action, diff)
			}
		}
	})
}

// checkOwn checks the condition of a permission in Cloud Map.
func (s *stage) checkOwn(t *testing.T, action, who string, condition any) {
	t.Helper()
	var key string
	switch action {
	case "ListServices":
		return // supports neither resources nor conditions
	case "CreateService", "TagResource":
		key = "aws:RequestTag/ephemr:stage"
	default:
		if s.config.CoarseRights {
			return
		}
		key = "aws:ResourceTag/ephemr:stage"
	}
	if at(condition, "StringEquals", key) != s.config.Stage {
		t.Errorf("%s may %s where %v", who, action, condition)
	}
	if action == "CreateService" && !s.config.CoarseRights && at(condition, "StringEquals", "servicediscovery:NamespaceArn") == nil {
		t.Errorf("%s may create services in any namespace: %v", who, condition)
	}
}

func TestNamespace(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stage) {
		found := s.all("AWS::ServiceDiscovery::HttpNamespace")
		if len(found) != 1 || text(found[0].Properties["Name"]) != "ephemr-"+s.config.Stage {
			t.Errorf("namespaces: %+v", found)
		}
	})
}
