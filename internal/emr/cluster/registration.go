package cluster

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	ddbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/emr/types"

	"ephemr/internal/discovery"
	"ephemr/internal/emr/pool"
	"ephemr/internal/records"
)

// Directory is where clusters can be found while they are ready.
type Directory interface {
	Register(ctx context.Context, i discovery.Instance) (service string, err error)
	Remove(ctx context.Context, service, clusterID string) error
}

// Registration keeps the service directory in line with the clusters that are
// ready. Runs do not depend on it: failures are logged, and sweep repairs them.
type Registration struct {
	Registry  *Registry
	Directory Directory
}

// mostWait is how long the directory may delay a run.
const mostWait = 5 * time.Second

// Register puts a ready cluster into the directory, once. It is described only if it
// is not there yet.
func (r *Registration) Register(ctx context.Context, id string, describe func(context.Context) (*types.Cluster, error)) {
	if r == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, mostWait)
	defer cancel()
	if err := r.register(ctx, id, describe); err != nil {
		slog.WarnContext(ctx, "cannot register ready cluster in the directory: deferred to sweep", "clusterId", id, "error", err.Error())
	}
}

func (r *Registration) register(ctx context.Context, id string, describe func(context.Context) (*types.Cluster, error)) error {
	e, err := r.Registry.Get(ctx, id)
	if err != nil || e.ID == "" || e.Service != "" || !e.EndedAt.IsZero() {
		return err
	}
	c, err := describe(ctx)
	if err != nil {
		return err
	}
	return r.Reregister(ctx, e, c)
}

// Reregister puts a cluster into the directory, whether it has been there or not.
func (r *Registration) Reregister(ctx context.Context, e Record, c *types.Cluster) error {
	if aws.ToString(c.MasterPublicDnsName) == "" {
		return fmt.Errorf("cluster %s has no address", e.ID)
	}
	service, err := r.Directory.Register(ctx, instance(e, c))
	if err != nil {
		return err
	}
	ok, err := r.Registry.listed(ctx, e.ID, service)
	if err == nil && !ok { // its end came in between
		return r.Directory.Remove(ctx, service, e.ID)
	}
	return err
}

// instance is how the directory knows a cluster.
func instance(e Record, c *types.Cluster) discovery.Instance {
	var applications []string
	for _, a := range c.Applications {
		applications = append(applications, aws.ToString(a.Name))
	}
	i := discovery.Instance{
		ClusterID: e.ID, Host: aws.ToString(c.MasterPublicDnsName), Pool: e.Pool, Team: e.Team,
		Stage: Tag(c.Tags, TagStage), Profile: e.Profile, Release: aws.ToString(c.ReleaseLabel), Ports: discovery.Ports(applications),
	}
	if e.Pool == "" { // a pool's cluster outlives the run that made it
		i.RunID, i.Pipeline, i.AdHoc = e.RunID, e.Pipeline, e.AdHoc
	}
	return i
}

// Deregister takes clusters out of the directory, whose end was asked for or seen.
func (r *Registration) Deregister(ctx context.Context, clusterIDs ...string) {
	if r == nil {
		return
	}
	for _, id := range clusterIDs {
		if err := r.deregister(ctx, id); err != nil {
			slog.WarnContext(ctx, "cannot deregister ended cluster from the directory: deferred to sweep", "clusterId", id, "error", err.Error())
		}
	}
}

func (r *Registration) deregister(ctx context.Context, id string) error {
	ctx, cancel := context.WithTimeout(ctx, mostWait)
	defer cancel()
	service, err := r.Registry.ended(ctx, id)
	if err != nil || service == "" {
		return err
	}
	return r.Directory.Remove(ctx, service, id)
}

// listed records the service that a cluster is in; false says that its end came
// before.
func (r *Registry) listed(ctx context.Context, id, service string) (bool, error) {
	u := expression.Set(expression.Name("service"), expression.Value(service)).Set(expression.Name("listedAt"), expression.Value(time.Now()))
	_, ok, err := r.update(ctx, id, u)
	return ok, err
}

// ended records that a cluster ends and returns the service that it is in. Only
// the first to know gets an answer.
func (r *Registry) ended(ctx context.Context, id string) (service string, err error) {
	before, _, err := r.update(ctx, id, expression.Set(expression.Name("endedAt"), expression.Value(time.Now())))
	return before.Service, err
}

// update changes the entry of a cluster that has not ended, and returns what it
// was before; false says that there is none.
func (r *Registry) update(ctx context.Context, id string, u expression.UpdateBuilder) (before Record, ok bool, err error) {
	in, err := records.UpdateInput(r.Table, records.ClusterKey(id), u, records.Present().And(expression.Name("endedAt").AttributeNotExists()))
	if err != nil {
		return before, false, fmt.Errorf("update cluster %s: %w", id, err)
	}
	in.ReturnValues = ddbtypes.ReturnValueAllOld
	it, ok, err := records.Apply(ctx, r.DB, in)
	if err != nil {
		return before, false, fmt.Errorf("update cluster %s: %w", id, err)
	}
	if !ok {
		return before, false, nil
	}
	before, err = pool.Decode(it)
	return before, true, err
}
