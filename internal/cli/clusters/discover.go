package clusters

import (
	"context"
	"slices"
	"strings"

	"ephemr/internal/cli/exit"
	"ephemr/internal/cli/terminal"
	"ephemr/internal/discovery"
)

// Wanted selects clusters and services.
type Wanted struct {
	What     string // a service, or a pipeline or pool; "" = everything
	Pipeline string // only clusters of this pipeline or pool; "" = all
	Team     string // only clusters of this team, or <team>.<user>; "" = all
	JSON     bool
}

// Finder finds ready clusters.
type Finder interface {
	Named(ctx context.Context, name string) ([]discovery.Instance, error)
	All(ctx context.Context) ([]discovery.Instance, error)
}

// Found is a ready cluster. It is what -o json prints.
type Found struct {
	discovery.Instance

	Services []Service `json:"services"`
}

// Service is a service of a cluster.
type Service struct {
	Name    string `json:"name"`
	Port    int    `json:"port"`
	Address string `json:"address"` // host:port
	URL     string `json:"url"`
}

// Discover prints the addresses of ready clusters. A name of a
// service always means the service, even if a pipeline has the same name.
func Discover(ctx context.Context, o Wanted, io *terminal.IO, f Finder) error {
	service, err := o.resolve()
	if err != nil {
		return err
	}
	instances, err := find(ctx, f, o.Pipeline)
	if err != nil {
		return err
	}
	if o.Team != "" {
		instances = slices.DeleteFunc(instances, func(i discovery.Instance) bool { return !i.Belongs(o.Team) })
	}
	found := offers(instances, service)
	if o.JSON {
		err = io.JSON(found)
	} else {
		addresses(io, found)
		hints(io, found, service, o)
	}
	if err != nil {
		return err
	}
	if len(found) == 0 {
		return none(io, o, service)
	}
	if o.Pipeline == "" && slices.ContainsFunc(instances, func(i discovery.Instance) bool { return i.Name() == service }) {
		o.Pipeline = service
		io.Notef("%s is also a pipeline or pool: ephemr clusters --discover%s\n", service, o.flags())
	}
	return nil
}

// resolve returns the selected service, "" = all; other names are pipelines or
// pools.
func (w *Wanted) resolve() (service string, err error) {
	what := strings.ToLower(w.What)
	switch {
	case slices.Contains(discovery.Services(), what):
		return what, nil
	case w.What != "" && w.Pipeline != "":
		return "", exit.Usage("unknown service %s: use one of %s", w.What, strings.Join(discovery.Services(), ", "))
	case w.What != "":
		w.Pipeline = w.What
	}
	return "", nil
}

// owner names the selected team in messages.
func (w *Wanted) owner() string {
	if w.Team == "" {
		return ""
	}
	return " of team " + w.Team
}

// flags are the flags of the same selection.
func (w *Wanted) flags() string {
	flags := ""
	if w.Pipeline != "" {
		flags = " --pipeline " + w.Pipeline
	}
	if w.Team != "" {
		flags += " --team " + w.Team
	}
	return flags
}

func find(ctx context.Context, f Finder, name string) ([]discovery.Instance, error) {
	if name == "" {
		return f.All(ctx)
	}
	return f.Named(ctx, name)
}

// offers keeps the selected service of each cluster; "" = all.
func offers(instances []discovery.Instance, service string) []Found {
	found := []Found{}
	for _, i := range instances {
		one := Found{Instance: i, Services: []Service{}}
		for _, name := range i.Known() {
			if service == "" || name == service {
				address := i.Address(name)
				one.Services = append(one.Services, Service{Name: name, Port: i.Ports[name], Address: address, URL: discovery.URL(name, address)})
			}
		}
		if len(one.Services) > 0 {
			found = append(found, one)
		}
	}
	return found
}

func addresses(io *terminal.IO, found []Found) {
	if len(found) == 0 {
		return
	}
	var rows [][]string
	for _, f := range found {
		for _, s := range f.Services {
			rows = append(rows, []string{s.Name, s.Address, f.ClusterID, f.Name(), f.Team, f.RunID})
		}
	}
	io.Table([]string{"SERVICE", "ADDRESS", "CLUSTER", "PIPELINE OR POOL", "TEAM", "RUN"}, rows)
}

// none reports that nothing was found; scripts see it in the exit code.
func none(io *terminal.IO, o Wanted, service string) error {
	switch {
	case service != "":
		io.Notef("no ready cluster%s%s offers %s; list clusters with: ephemr clusters\n", of(o.Pipeline), o.owner(), service)
	case o.Pipeline != "":
		io.Notef("no cluster of pipeline or pool %s%s is ready; list clusters with: ephemr clusters\n", o.Pipeline, o.owner())
	case o.Team != "":
		io.Notef("no cluster%s is ready; list clusters with: ephemr clusters\n", o.owner())
	default:
		io.Notef("no cluster is ready; list clusters with: ephemr clusters\n")
		return nil
	}
	return exit.Silent(exit.CodeFailed)
}

// hints prints connection instructions.
func hints(io *terminal.IO, found []Found, service string, o Wanted) {
	if len(found) == 0 {
		return
	}
	if service == "" {
		io.Notef("%s\n", io.ErrStyle().Dim("connection instructions: ephemr clusters --discover yarn"+o.flags()))
		return
	}
	for _, f := range found {
		text := f.Services[0].URL
		if service == "hive" {
			text = "beeline -u " + text
		}
		io.Notef("%s\n", io.ErrStyle().Dim(text))
	}
}
