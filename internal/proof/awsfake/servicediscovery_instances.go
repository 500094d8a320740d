package awsfake

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/servicediscovery"
	"github.com/aws/aws-sdk-go-v2/service/servicediscovery/types"
)

// What AWS allows an instance to have: API reference of RegisterInstance, and
// "AWS Cloud Map service quotas".
const (
	mapAttributes     = 30
	mapAttributeKey   = 255
	mapAttributeValue = 1024
	mapAttributesSize = 5000
)

var mapInstanceID = regexp.MustCompile(`^[0-9a-zA-Z_/:.@-]{1,64}$`)

// RegisterInstance puts an instance into a service, or updates it.
func (f *ServiceDiscovery) RegisterInstance(
	ctx context.Context, in *servicediscovery.RegisterInstanceInput, _ ...func(*servicediscovery.Options),
) (*servicediscovery.RegisterInstanceOutput, error) {
	return mapCall(ctx, f, "RegisterInstance", func() (*servicediscovery.RegisterInstanceOutput, error) {
		s, err := f.service(in.ServiceId)
		if err != nil {
			return nil, err
		}
		if err := checkInstance(aws.ToString(in.InstanceId), in.Attributes); err != nil {
			return nil, err
		}
		if len(s.instances) >= instancesPerService {
			return nil, &types.ResourceLimitExceeded{Message: new("The service has as many instances as it may have.")}
		}
		id, err := f.begin(s, *in.InstanceId, maps.Clone(in.Attributes))
		return &servicediscovery.RegisterInstanceOutput{OperationId: &id}, err
	})
}

func checkInstance(id string, attributes map[string]string) error {
	size := 0
	for k, v := range attributes {
		if k == "" || len(k) > mapAttributeKey || len(v) > mapAttributeValue {
			return invalidMap("attribute %q is too long", k)
		}
		size += len(k) + len(v)
	}
	switch {
	case !mapInstanceID.MatchString(id):
		return invalidMap("%q is not an id for an instance", id)
	case len(attributes) == 0:
		return invalidMap("Attributes is required")
	case len(attributes) > mapAttributes || size > mapAttributesSize:
		return invalidMap("%d attributes of %d characters are too many", len(attributes), size)
	}
	return nil
}

// begin starts an operation. Its instance can have one at a time.
func (f *ServiceDiscovery) begin(s *mapService, instance string, attributes map[string]string) (string, error) {
	if op, busy := s.pending[instance]; busy {
		return "", &types.DuplicateRequest{Message: new("Another operation is already in progress."), DuplicateOperationId: new(op.id)}
	}
	f.operations++
	op := mapOperation{id: fmt.Sprintf("operation-%d", f.operations), due: time.Now().Add(f.Takes), attributes: attributes}
	s.pending[instance] = op
	return op.id, nil
}

// DeregisterInstance takes an instance out of a service.
func (f *ServiceDiscovery) DeregisterInstance(
	ctx context.Context, in *servicediscovery.DeregisterInstanceInput, _ ...func(*servicediscovery.Options),
) (*servicediscovery.DeregisterInstanceOutput, error) {
	return mapCall(ctx, f, "DeregisterInstance", func() (*servicediscovery.DeregisterInstanceOutput, error) {
		s, err := f.service(in.ServiceId)
		if err != nil {
			return nil, err
		}
		if _, ok := s.instances[aws.ToString(in.InstanceId)]; !ok {
			return nil, &types.InstanceNotFound{Message: new("No instance with id " + aws.ToString(in.InstanceId) + " exists.")}
		}
		id, err := f.begin(s, *in.InstanceId, nil)
		return &servicediscovery.DeregisterInstanceOutput{OperationId: &id}, err
	})
}

// ListInstances lists the instances of a service.
func (f *ServiceDiscovery) ListInstances(
	ctx context.Context, in *servicediscovery.ListInstancesInput, _ ...func(*servicediscovery.Options),
) (*servicediscovery.ListInstancesOutput, error) {
	return mapCall(ctx, f, "ListInstances", func() (*servicediscovery.ListInstancesOutput, error) {
		s, err := f.service(in.ServiceId)
		if err != nil {
			return nil, err
		}
		ids, next, err := pageOf(s.ids(), in.NextToken, mapPageOf(in.MaxResults))
		out := &servicediscovery.ListInstancesOutput{NextToken: next, Instances: []types.InstanceSummary{}}
		for _, id := range ids {
			out.Instances = append(out.Instances, types.InstanceSummary{Id: &id, Attributes: maps.Clone(s.instances[id])})
		}
		return out, err
	})
}

// ids of the instances in no particular order, always the same.
func (s *mapService) ids() []string {
	return slices.SortedFunc(maps.Keys(s.instances), func(a, b string) int { return cmp.Compare(hash(a), hash(b)) })
}

// DiscoverInstances finds the instances of a service by name that have all of
// QueryParameters.
func (f *ServiceDiscovery) DiscoverInstances(
	ctx context.Context, in *servicediscovery.DiscoverInstancesInput, _ ...func(*servicediscovery.Options),
) (*servicediscovery.DiscoverInstancesOutput, error) {
	return mapCall(ctx, f, "DiscoverInstances", func() (*servicediscovery.DiscoverInstancesOutput, error) {
		s, err := f.named(aws.ToString(in.NamespaceName), aws.ToString(in.ServiceName))
		if err != nil {
			return nil, err
		}
		most := mapPage
		if in.MaxResults != nil {
			most = min(int(*in.MaxResults), mapDiscovered)
		}
		out := &servicediscovery.DiscoverInstancesOutput{Instances: []types.HttpInstanceSummary{}}
		for _, id := range s.ids() {
			if has(s.instances[id], in.QueryParameters) && len(out.Instances) < most {
				out.Instances = append(out.Instances, types.HttpInstanceSummary{
					InstanceId: &id, NamespaceName: in.NamespaceName, ServiceName: in.ServiceName,
					HealthStatus: types.HealthStatusUnknown, Attributes: maps.Clone(s.instances[id]),
				})
			}
		}
		return out, nil
	})
}

func has(attributes, wanted map[string]string) bool {
	for k, v := range wanted {
		if attributes[k] != v {
			return false
		}
	}
	return true
}

func (f *ServiceDiscovery) named(namespace, name string) (*mapService, error) {
	for id, n := range f.namespaces {
		if n != namespace {
			continue
		}
		for _, s := range f.services {
			if s.namespace == id && *s.Name == name {
				return s, nil
			}
		}
		return nil, &types.ServiceNotFound{Message: new("No service " + name + " exists in namespace " + namespace + ".")}
	}
	return nil, &types.NamespaceNotFound{Message: new("No namespace " + namespace + " exists.")}
}
