package discovery

import (
	"fmt"
	"slices"
	"strings"
)

// service is a network service on a cluster's primary instance.
type service struct {
	application string // as EMR spells it; "" = on every cluster
	name        string // as in ephemr clusters --discover NAME
	port        int
	url         string // with %s for host:port
}

// services are those that users and programs connect to, with EMR's default ports.
// Ports that a profile's configurations change are not taken into account.
// Source: Amazon EMR Management Guide, "Amazon EMR service ports" and "View web
// interfaces hosted on Amazon EMR clusters".
var services = []service{
	{"", "hdfs", 8020, "hdfs://%s"},
	{"", "jobhistory", 19888, "http://%s"},
	{"", "yarn", 8088, "http://%s"},
	{"Flink", "flink", 8082, "http://%s"},
	{"HBase", "hbase", 16010, "http://%s"},
	{"HBase", "zookeeper", 2181, "%s"},
	{"HCatalog", "hive-metastore", 9083, "thrift://%s"},
	{"Hive", "hive", 10000, "jdbc:hive2://%s"},
	{"Hive", "hive-metastore", 9083, "thrift://%s"},
	{"Hive", "hive-ui", 10002, "http://%s"},
	{"Hue", "hue", 8888, "http://%s"},
	{"JupyterHub", "jupyterhub", 9443, "https://%s"},
	{"Livy", "livy", 8998, "http://%s"},
	{"Oozie", "oozie", 11000, "http://%s/oozie"},
	{"Presto", "presto", 8889, "jdbc:presto://%s"},
	{"Spark", "spark", 18080, "http://%s"}, // the history server
	{"Tez", "tez", 8080, "http://%s/tez-ui"},
	{"Trino", "trino", 8889, "jdbc:trino://%s"},
	{"Zeppelin", "zeppelin", 8890, "http://%s"},
	{"ZooKeeper", "zookeeper", 2181, "%s"},
}

// Services lists the names of all services, sorted.
func Services() []string {
	var names []string
	for _, s := range services {
		names = append(names, s.name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Ports returns the ports of a cluster with these applications, by service.
func Ports(applications []string) map[string]int {
	ports := map[string]int{}
	for _, s := range services {
		if s.application == "" || slices.ContainsFunc(applications, func(a string) bool { return strings.EqualFold(a, s.application) }) {
			ports[s.name] = s.port
		}
	}
	return ports
}

// URL returns the URL of the named service at host:port.
func URL(name, address string) string {
	for _, s := range services {
		if s.name == name {
			return fmt.Sprintf(s.url, address)
		}
	}
	return address
}
