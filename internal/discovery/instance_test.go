package discovery_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ephemr/internal/discovery"
)

// A cluster with every application fits into an instance.
func TestEverythingFits(t *testing.T) {
	t.Parallel()
	f, d := newMap()
	i := at(strings.Repeat("p", 40), "j-1")
	i.Team = strings.Repeat("t", 65)
	i.Pool, i.RunID, i.Profile = strings.Repeat("q", 40), strings.Repeat("r", 80), strings.Repeat("s", 32)
	i.Ports = discovery.Ports([]string{
		"Flink", "HBase", "HCatalog", "Hive", "Hue", "JupyterHub", "Livy", "Oozie", "Presto", "Spark", "Tez", "Trino", "Zeppelin", "ZooKeeper",
	})
	if diff := cmp.Diff(discovery.Services(), i.Known()); diff != "" {
		t.Errorf("the test leaves out services: %s", diff)
	}
	register(t, d, i) // the fake has Cloud Map's limits
	if n := len(f.Registered()[i.Pool+"/j-1"]); n > 30 {
		t.Errorf("%d attributes", n)
	}
}

// A team owns its clusters and those of its users.
func TestBelongs(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		team, owner string
		want        bool
	}{
		{"data", "data", true},
		{"data.etl", "data", true},
		{"data.etl", "data.etl", true},
		{"data", "data.etl", false},
		{"data.etl", "data.et", false},
		{"database", "data", false},
		{"", "data", false},
	} {
		i := at("daily", "j-1")
		i.Team = c.team
		if got := i.Belongs(c.owner); got != c.want {
			t.Errorf("a cluster of %q is %s's: %t", c.team, c.owner, got)
		}
	}
}

func TestPorts(t *testing.T) {
	t.Parallel()
	always := map[string]int{"hdfs": 8020, "jobhistory": 19888, "yarn": 8088}
	if diff := cmp.Diff(always, discovery.Ports([]string{"Pig"})); diff != "" {
		t.Errorf("an application without services: %s", diff)
	}
	// A request may spell applications as it likes.
	got := discovery.Ports([]string{"livy", "TRINO"})
	if got["livy"] != 8998 || got["trino"] != 8889 || len(got) != 5 {
		t.Errorf("got %v", got)
	}
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	i := at("daily", "j-1")
	for service, want := range map[string]string{
		"hive": "jdbc:hive2://j-1.internal:10000", "spark": "http://j-1.internal:18080", "hive-metastore": "thrift://j-1.internal:9083",
	} {
		if got := discovery.URL(service, i.Address(service)); got != want {
			t.Errorf("%s is %s, want %s", service, got, want)
		}
	}
	if got := i.Address("trino"); got != "" {
		t.Errorf("a service that the cluster lacks: %s", got)
	}
	if got := discovery.URL("later", "h:1"); got != "h:1" {
		t.Errorf("a service that a newer version knows: %s", got)
	}
}
