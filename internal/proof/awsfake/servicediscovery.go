package awsfake

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/servicediscovery"
	"github.com/aws/aws-sdk-go-v2/service/servicediscovery/types"
)

// ServiceDiscovery is an in-memory AWS Cloud Map with HTTP namespaces. Registrations
// and deregistrations take effect after Takes, as they are asynchronous on AWS.
type ServiceDiscovery struct {
	Control
	Takes time.Duration // from RegisterInstance or DeregisterInstance until it shows

	mu         sync.Mutex
	namespaces map[string]string // id -> HttpName
	services   map[string]*mapService
	made       int
	operations int
}

type mapService struct {
	types.ServiceSummary

	namespace string
	tags      []types.Tag
	instances map[string]map[string]string // id -> attributes
	pending   map[string]mapOperation      // by instance
}

// mapOperation is a registration, or the end of one when attributes are nil.
type mapOperation struct {
	id         string
	due        time.Time
	attributes map[string]string
}

const (
	mapPage             = 100
	mapDiscovered       = 1000
	instancesPerService = 1000
)

// NewServiceDiscovery returns a Cloud Map with these namespaces: id -> HttpName.
func NewServiceDiscovery(namespaces map[string]string) *ServiceDiscovery {
	return &ServiceDiscovery{Control: newControl("ServiceDiscovery"), namespaces: maps.Clone(namespaces), services: map[string]*mapService{}}
}

var mapServiceName = regexp.MustCompile(`^[a-zA-Z0-9_]([a-zA-Z0-9_-]{0,61}[a-zA-Z0-9_])?$`) // one label of what AWS allows

func mapCall[O any](ctx context.Context, f *ServiceDiscovery, op string, effect func() (*O, error)) (*O, error) {
	return call(ctx, &f.Control, op, func() (*O, error) {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.settle()
		return effect()
	})
}

// settle executes the operations that are due.
func (f *ServiceDiscovery) settle() {
	for _, s := range f.services {
		for id, op := range s.pending {
			if op.due.After(time.Now()) {
				continue
			}
			delete(s.pending, id)
			if op.attributes == nil {
				delete(s.instances, id)
			} else {
				s.instances[id] = op.attributes
			}
		}
	}
}

func (f *ServiceDiscovery) service(id *string) (*mapService, error) {
	s, ok := f.services[aws.ToString(id)]
	if !ok {
		return nil, &types.ServiceNotFound{Message: new("No service with id " + aws.ToString(id) + " exists.")}
	}
	return s, nil
}

func invalidMap(format string, args ...any) error {
	return &types.InvalidInput{Message: new(fmt.Sprintf(format, args...))}
}

// GetNamespace returns a namespace.
func (f *ServiceDiscovery) GetNamespace(
	ctx context.Context, in *servicediscovery.GetNamespaceInput, _ ...func(*servicediscovery.Options),
) (*servicediscovery.GetNamespaceOutput, error) {
	return mapCall(ctx, f, "GetNamespace", func() (*servicediscovery.GetNamespaceOutput, error) {
		name, ok := f.namespaces[aws.ToString(in.Id)]
		if !ok {
			return nil, &types.NamespaceNotFound{Message: new("No namespace with id " + aws.ToString(in.Id) + " exists.")}
		}
		return &servicediscovery.GetNamespaceOutput{Namespace: &types.Namespace{
			Id: in.Id, Name: &name, Type: types.NamespaceTypeHttp,
			Properties: &types.NamespaceProperties{HttpProperties: &types.HttpProperties{HttpName: &name}},
		}}, nil
	})
}

// CreateService creates a service, or says which one has its name already.
func (f *ServiceDiscovery) CreateService(
	ctx context.Context, in *servicediscovery.CreateServiceInput, _ ...func(*servicediscovery.Options),
) (*servicediscovery.CreateServiceOutput, error) {
	return mapCall(ctx, f, "CreateService", func() (*servicediscovery.CreateServiceOutput, error) {
		namespace, name := aws.ToString(in.NamespaceId), aws.ToString(in.Name)
		if _, ok := f.namespaces[namespace]; !ok {
			return nil, &types.NamespaceNotFound{Message: new("No namespace with id " + namespace + " exists.")}
		}
		if !mapServiceName.MatchString(name) {
			return nil, invalidMap("%q is not a name for a service", name)
		}
		for _, s := range f.services {
			if s.namespace == namespace && *s.Name == name {
				return nil, &types.ServiceAlreadyExists{Message: new("Service already exists."), ServiceId: s.Id, ServiceArn: s.Arn, CreatorRequestId: in.CreatorRequestId}
			}
		}
		f.made++
		id := fmt.Sprintf("srv-%016x", f.made)
		s := &mapService{
			ServiceSummary: types.ServiceSummary{
				Id: &id, Arn: new("arn:aws:servicediscovery:us-east-1:123456789012:service/" + id), Name: &name, Description: in.Description,
				Type: types.ServiceTypeHttp, CreateDate: new(time.Now()),
			},
			namespace: namespace, tags: slices.Clone(in.Tags), instances: map[string]map[string]string{}, pending: map[string]mapOperation{},
		}
		f.services[id] = s
		return &servicediscovery.CreateServiceOutput{Service: &types.Service{
			Id: s.Id, Arn: s.Arn, Name: s.Name, Description: s.Description, NamespaceId: &namespace, Type: s.Type, CreateDate: s.CreateDate,
		}}, nil
	})
}

// DeleteService deletes a service without instances.
func (f *ServiceDiscovery) DeleteService(
	ctx context.Context, in *servicediscovery.DeleteServiceInput, _ ...func(*servicediscovery.Options),
) (*servicediscovery.DeleteServiceOutput, error) {
	return mapCall(ctx, f, "DeleteService", func() (*servicediscovery.DeleteServiceOutput, error) {
		s, err := f.service(in.Id)
		if err != nil {
			return nil, err
		}
		if len(s.instances)+len(s.pending) > 0 {
			return nil, &types.ResourceInUse{Message: new("Service contains registered instances; delete the instances before deleting the service")}
		}
		delete(f.services, *in.Id)
		return &servicediscovery.DeleteServiceOutput{}, nil
	})
}

// ListServices reads a page of all services and then applies the filters: a page
// may be empty and not the last.
func (f *ServiceDiscovery) ListServices(
	ctx context.Context, in *servicediscovery.ListServicesInput, _ ...func(*servicediscovery.Options),
) (*servicediscovery.ListServicesOutput, error) {
	return mapCall(ctx, f, "ListServices", func() (*servicediscovery.ListServicesOutput, error) {
		all := slices.SortedFunc(maps.Values(f.services), func(a, b *mapService) int { return cmp.Compare(hash(*a.Id), hash(*b.Id)) })
		all, next, err := pageOf(all, in.NextToken, mapPageOf(in.MaxResults))
		out := &servicediscovery.ListServicesOutput{NextToken: next, Services: []types.ServiceSummary{}}
		for _, s := range all {
			if s.passes(in.Filters) {
				summary := s.ServiceSummary
				summary.InstanceCount = new(int32(len(s.instances))) //nolint:gosec // at most 1000
				out.Services = append(out.Services, summary)
			}
		}
		return out, err
	})
}

func mapPageOf(most *int32) int {
	if most == nil {
		return mapPage
	}
	return min(mapPage, int(*most))
}

func (s *mapService) passes(filters []types.ServiceFilter) bool {
	return !slices.ContainsFunc(filters, func(f types.ServiceFilter) bool {
		return f.Name == types.ServiceFilterNameNamespaceId && !slices.Contains(f.Values, s.namespace)
	})
}

// Tags returns the tags of the named service.
func (f *ServiceDiscovery) Tags(name string) map[string]string {
	f.mu.Lock()
	defer f.mu.Unlock()
	tags := map[string]string{}
	for _, s := range f.services {
		if *s.Name != name {
			continue
		}
		for _, t := range s.tags {
			tags[*t.Key] = *t.Value
		}
	}
	return tags
}

// Registered returns what is registered now: service/instance -> attributes.
func (f *ServiceDiscovery) Registered() map[string]map[string]string {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.settle()
	all := map[string]map[string]string{}
	for _, s := range f.services {
		for id, attributes := range s.instances {
			all[*s.Name+"/"+id] = maps.Clone(attributes)
		}
	}
	return all
}
