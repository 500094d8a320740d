// Package discovery registers the addresses of ready clusters in AWS Cloud Map,
// so that none has to be configured: a namespace for the stage, a service for
// each pipeline or pool, an instance for each cluster.
package discovery

import (
	"cmp"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"
)

// Instance is a ready cluster as it is registered in Cloud Map.
type Instance struct {
	ClusterID string         `json:"clusterId"`
	Host      string         `json:"host"` // DNS name of the primary instance
	RunID     string         `json:"runId,omitempty"`
	Pipeline  string         `json:"pipeline,omitempty"`
	Pool      string         `json:"pool,omitempty"`
	Team      string         `json:"team,omitempty"` // owner: <team> or <team>.<user>; "" = registered by a version without owners
	Stage     string         `json:"stage"`
	Profile   string         `json:"profile,omitempty"`
	Release   string         `json:"release,omitempty"`
	Ports     map[string]int `json:"-"` // by service

	AdHoc bool `json:"-"` // its pipeline is not registered: its service is deleted when it is empty
}

// Name is the name of the cluster's service: its pool, or else its pipeline.
func (i Instance) Name() string { return cmp.Or(i.Pool, i.Pipeline) }

// Belongs reports whether owner owns the cluster: a team also owns those of its users.
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

// fields maps attributes to the fields that hold them.
func (i *Instance) fields() map[string]*string {
	return map[string]*string{
		attrCluster: &i.ClusterID, attrHost: &i.Host, attrRun: &i.RunID, attrPipeline: &i.Pipeline, attrPool: &i.Pool,
		attrTeam: &i.Team, attrStage: &i.Stage, attrProfile: &i.Profile, attrRelease: &i.Release,
	}
}

// attributes are those of i in Cloud Map.
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

// parse reads an instance. Attributes that are neither known nor a port are
// ignored: a newer version may have written them.
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

// Known lists the names of i's services, sorted.
func (i Instance) Known() []string { return slices.Sorted(maps.Keys(i.Ports)) }

// serviceName is the name of a pipeline's or pool's service in Cloud Map, where
// names must not end with a hyphen.
func serviceName(name string) string {
	if strings.HasSuffix(name, "-") {
		return name + "_"
	}
	return name
}
