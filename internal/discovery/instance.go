// Package discovery keeps the addresses of ready clusters in AWS Cloud Map, so
// that nobody has to write one into a configuration: a namespace for the stage,
// a service for each pipeline or pool, an instance for each cluster.
package discovery

import (
	"cmp"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"
)

// Instance is a ready cluster as Cloud Map has it.
type Instance struct {
	ClusterID string         `json:"clusterId"`
	Host      string         `json:"host"` // DNS name of the primary instance
	RunID     string         `json:"runId,omitempty"`
	Pipeline  string         `json:"pipeline,omitempty"`
	Pool      string         `json:"pool,omitempty"`
	Team      string         `json:"team,omitempty"` // whose it is: a team, or <team>.<user>; "" = registered before it was kept
	Stage     string         `json:"stage"`
	Profile   string         `json:"profile,omitempty"`
	Release   string         `json:"release,omitempty"`
	Ports     map[string]int `json:"-"` // by service

	AdHoc bool `json:"-"` // nobody registered its pipeline: its service may go when it is empty
}

// Name is what the cluster is found by: its pool, or else its pipeline.
func (i Instance) Name() string { return cmp.Or(i.Pool, i.Pipeline) }

// Belongs says whether the cluster is owner's: a team has those of its users, too.
func (i Instance) Belongs(owner string) bool {
	return i.Team == owner || strings.HasPrefix(i.Team, owner+".")
}

// Address is host:port of the named service, or "".
func (i Instance) Address(service string) string {
	port, ok := i.Ports[service]
	if !ok {
		return ""
	}
	return net.JoinHostPort(i.Host, strconv.Itoa(port))
}

// Attributes of an instance beside its ports. Together they must be fewer than
// 31, which is what Cloud Map allows.
const (
	attrCluster  = "cluster"
	attrHost     = "host"
	attrRun      = "run"
	attrPipeline = "pipeline"
	attrPool     = "pool"
	attrTeam     = "team"
	attrStage    = "stage"
	attrProfile  = "profile"
	attrRelease  = "release"
)

// fields ties attributes to what they hold.
func (i *Instance) fields() map[string]*string {
	return map[string]*string{
		attrCluster: &i.ClusterID, attrHost: &i.Host, attrRun: &i.RunID, attrPipeline: &i.Pipeline, attrPool: &i.Pool,
		attrTeam: &i.Team, attrStage: &i.Stage, attrProfile: &i.Profile, attrRelease: &i.Release,
	}
}

// attributes are what Cloud Map keeps of i.
func (i Instance) attributes() map[string]string {
	all := map[string]string{}
	for key, field := range i.fields() {
		if *field != "" {
			all[key] = *field
		}
	}
	for name, port := range i.Ports {
		all[name] = strconv.Itoa(port)
	}
	return all
}

// parse reads an instance. What is neither known nor a port is left alone:
// somebody newer has written it.
func parse(id string, attributes map[string]string) Instance {
	i := Instance{Ports: map[string]int{}}
	fields := i.fields()
	for key, value := range attributes {
		if field, ok := fields[key]; ok {
			*field = value
		} else if port, err := strconv.Atoi(value); err == nil && port > 0 && port < 1<<16 {
			i.Ports[key] = port
		}
	}
	i.ClusterID = id
	return i
}

// Known lists the services of i by name.
func (i Instance) Known() []string { return slices.Sorted(maps.Keys(i.Ports)) }

// serviceName is how a pipeline or pool is called in Cloud Map, where no name may
// end with a hyphen.
func serviceName(name string) string {
	if strings.HasSuffix(name, "-") {
		return name + "_"
	}
	return name
}
