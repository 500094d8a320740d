package discovery

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	sd "github.com/aws/aws-sdk-go-v2/service/servicediscovery"
	"github.com/aws/aws-sdk-go-v2/service/servicediscovery/types"
)

// FindAPI is the part of Cloud Map that discovers instances.
type FindAPI interface {
	GetNamespace(context.Context, *sd.GetNamespaceInput, ...func(*sd.Options)) (*sd.GetNamespaceOutput, error)
	ListServices(context.Context, *sd.ListServicesInput, ...func(*sd.Options)) (*sd.ListServicesOutput, error)
	DiscoverInstances(context.Context, *sd.DiscoverInstancesInput, ...func(*sd.Options)) (*sd.DiscoverInstancesOutput, error)
}

// Finder finds clusters by name.
type Finder struct {
	API       FindAPI
	Namespace string // id
}

const (
	mostResults = 1000 // DiscoverInstances has no pages
	atOnce      = 8
)

// Named returns the ready clusters of a pipeline or pool, sorted by cluster id. An
// unknown name has none.
func (f *Finder) Named(ctx context.Context, name string) ([]Instance, error) {
	namespace, err := f.namespace(ctx)
	if err != nil {
		return nil, err
	}
	return f.discover(ctx, namespace, serviceName(name))
}

// All returns the ready clusters of the stage, sorted by name and cluster id.
func (f *Finder) All(ctx context.Context) ([]Instance, error) {
	namespace, err := f.namespace(ctx)
	if err != nil {
		return nil, err
	}
	var names []string
	if err := eachService(ctx, f.API, f.Namespace, func(s types.ServiceSummary) error {
		if s.InstanceCount == nil || *s.InstanceCount > 0 {
			names = append(names, aws.ToString(s.Name))
		}
		return nil
	}); err != nil {
		return nil, err
	}
	return f.each(ctx, namespace, names)
}

// each discovers several services concurrently.
func (f *Finder) each(ctx context.Context, namespace string, names []string) ([]Instance, error) {
	found, errs := make([][]Instance, len(names)), make([]error, len(names))
	var group sync.WaitGroup
	room := make(chan struct{}, atOnce)
	for n, name := range names {
		group.Go(func() {
			room <- struct{}{}
			defer func() { <-room }()
			found[n], errs[n] = f.discover(ctx, namespace, name)
		})
	}
	group.Wait()
	all := slices.Concat(found...)
	slices.SortFunc(all, func(a, b Instance) int {
		return cmp.Or(cmp.Compare(a.Name(), b.Name()), cmp.Compare(a.ClusterID, b.ClusterID))
	})
	return all, errors.Join(errs...)
}

// namespace returns the namespace's name for DiscoverInstances. It is not always
// the configured one: Cloud Map appends a suffix to a name that was used before.
func (f *Finder) namespace(ctx context.Context) (string, error) {
	out, err := f.API.GetNamespace(ctx, &sd.GetNamespaceInput{Id: &f.Namespace})
	if err != nil {
		return "", fmt.Errorf("look up namespace %s: %w", f.Namespace, err)
	}
	name := aws.ToString(out.Namespace.Name)
	if p := out.Namespace.Properties; p != nil && p.HttpProperties != nil {
		name = cmp.Or(aws.ToString(p.HttpProperties.HttpName), name)
	}
	return name, nil
}

func (f *Finder) discover(ctx context.Context, namespace, service string) ([]Instance, error) {
	out, err := f.API.DiscoverInstances(ctx, &sd.DiscoverInstancesInput{
		NamespaceName: &namespace, ServiceName: &service, MaxResults: aws.Int32(mostResults), HealthStatus: types.HealthStatusFilterAll,
	})
	if _, unknown := errors.AsType[*types.ServiceNotFound](err); unknown {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("discover %s: %w", service, err)
	}
	var found []Instance
	for _, i := range out.Instances {
		found = append(found, parse(aws.ToString(i.InstanceId), i.Attributes))
	}
	slices.SortFunc(found, func(a, b Instance) int { return cmp.Compare(a.ClusterID, b.ClusterID) })
	return found, nil
}
