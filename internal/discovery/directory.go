package discovery

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	sd "github.com/aws/aws-sdk-go-v2/service/servicediscovery"
	"github.com/aws/aws-sdk-go-v2/service/servicediscovery/types"
)

// API is the part of Cloud Map that registers instances.
type API interface {
	CreateService(context.Context, *sd.CreateServiceInput, ...func(*sd.Options)) (*sd.CreateServiceOutput, error)
	DeleteService(context.Context, *sd.DeleteServiceInput, ...func(*sd.Options)) (*sd.DeleteServiceOutput, error)
	ListServices(context.Context, *sd.ListServicesInput, ...func(*sd.Options)) (*sd.ListServicesOutput, error)
	ListInstances(context.Context, *sd.ListInstancesInput, ...func(*sd.Options)) (*sd.ListInstancesOutput, error)
	RegisterInstance(context.Context, *sd.RegisterInstanceInput, ...func(*sd.Options)) (*sd.RegisterInstanceOutput, error)
	DeregisterInstance(context.Context, *sd.DeregisterInstanceInput, ...func(*sd.Options)) (*sd.DeregisterInstanceOutput, error)
}

// Directory is a stage's namespace. Its calls start asynchronous operations, which
// Cloud Map completes within seconds.
type Directory struct {
	API       API
	Namespace string // id
	Stage     string

	ids sync.Map // service name -> id, of the services that this process has used
}

// tagStage is the tag of every resource of a stage; IAM conditions depend on it.
const tagStage = "ephemr:stage"

// adHoc is the prefix of descriptions of services that are deleted when they are empty.
const adHoc = "ad hoc: "

// Register registers an instance in the service of its name and returns the
// service's id. It creates the service if needed, and updates an existing instance.
func (d *Directory) Register(ctx context.Context, i Instance) (string, error) {
	id, known, err := d.service(ctx, i)
	if err != nil {
		return "", err
	}
	err = d.register(ctx, id, i)
	if _, gone := errors.AsType[*types.ServiceNotFound](err); gone && known {
		// Sweep has deleted the service since this process used it.
		d.ids.Delete(i.Name())
		if id, _, err = d.service(ctx, i); err == nil {
			err = d.register(ctx, id, i)
		}
	}
	if err != nil {
		return "", fmt.Errorf("register cluster %s as %s: %w", i.ClusterID, i.Name(), err)
	}
	return id, nil
}

func (d *Directory) register(ctx context.Context, service string, i Instance) error {
	_, err := d.API.RegisterInstance(ctx, &sd.RegisterInstanceInput{ServiceId: &service, InstanceId: &i.ClusterID, Attributes: i.attributes()})
	if _, doing := errors.AsType[*types.DuplicateRequest](err); doing {
		return nil // the same registration is in progress
	}
	return err
}

// service returns the id of the service of i's name. CreateService is the only
// single call that looks an id up by name: its error names the existing service.
func (d *Directory) service(ctx context.Context, i Instance) (id string, known bool, err error) {
	if id, ok := d.ids.Load(i.Name()); ok {
		return id.(string), true, nil
	}
	about := "clusters of " + i.Name()
	if i.AdHoc {
		about = adHoc + about
	}
	name := serviceName(i.Name())
	out, err := d.API.CreateService(ctx, &sd.CreateServiceInput{
		NamespaceId: &d.Namespace, Name: &name, Description: &about,
		Tags: []types.Tag{{Key: aws.String(tagStage), Value: &d.Stage}},
	})
	there, ok := errors.AsType[*types.ServiceAlreadyExists](err)
	switch {
	case ok && aws.ToString(there.ServiceId) != "":
		id = *there.ServiceId
	case ok:
		return "", false, fmt.Errorf("create service %s: it exists, but Cloud Map returned no id: %w", name, err)
	case err != nil:
		return "", false, fmt.Errorf("create service %s: %w", name, err)
	default:
		id = aws.ToString(out.Service.Id)
	}
	d.ids.Store(i.Name(), id)
	return id, false, nil
}

// Remove deregisters a cluster from a service. A missing instance is not an error.
func (d *Directory) Remove(ctx context.Context, service, clusterID string) error {
	_, err := d.API.DeregisterInstance(ctx, &sd.DeregisterInstanceInput{ServiceId: &service, InstanceId: &clusterID})
	_, gone := errors.AsType[*types.InstanceNotFound](err)
	_, all := errors.AsType[*types.ServiceNotFound](err)
	_, doing := errors.AsType[*types.DuplicateRequest](err)
	if err != nil && !gone && !all && !doing {
		return fmt.Errorf("deregister cluster %s from service %s: %w", clusterID, service, err)
	}
	return nil
}

// Listed is a service and its registered clusters.
type Listed struct {
	ID        string
	Name      string
	Surplus   bool // empty, and created for an ad-hoc pipeline
	Instances []Instance
}

// All returns all services of the namespace with their instances.
func (d *Directory) All(ctx context.Context) ([]Listed, error) {
	var all []Listed
	err := eachService(ctx, d.API, d.Namespace, func(s types.ServiceSummary) error {
		l := Listed{ID: aws.ToString(s.Id), Name: aws.ToString(s.Name)}
		if s.InstanceCount == nil || *s.InstanceCount > 0 {
			var err error
			if l.Instances, err = d.instances(ctx, l.ID); err != nil {
				return fmt.Errorf("list instances of service %s: %w", l.Name, err)
			}
		}
		l.Surplus = len(l.Instances) == 0 && strings.HasPrefix(aws.ToString(s.Description), adHoc)
		all = append(all, l)
		return nil
	})
	return all, err
}

func (d *Directory) instances(ctx context.Context, service string) ([]Instance, error) {
	var found []Instance
	for p := sd.NewListInstancesPaginator(d.API, &sd.ListInstancesInput{ServiceId: &service}); p.HasMorePages(); {
		page, err := p.NextPage(ctx)
		if _, gone := errors.AsType[*types.ServiceNotFound](err); gone {
			return found, nil
		}
		if err != nil {
			return nil, err
		}
		for _, i := range page.Instances {
			found = append(found, parse(aws.ToString(i.Id), i.Attributes))
		}
	}
	return found, nil
}

// Drop deletes a service unless a cluster has been registered in it meanwhile.
func (d *Directory) Drop(ctx context.Context, s Listed) error {
	_, err := d.API.DeleteService(ctx, &sd.DeleteServiceInput{Id: &s.ID})
	_, used := errors.AsType[*types.ResourceInUse](err)
	_, gone := errors.AsType[*types.ServiceNotFound](err)
	if err != nil && !used && !gone {
		return fmt.Errorf("delete service %s: %w", s.Name, err)
	}
	return nil
}

// eachService calls visit for each service of a namespace.
func eachService(ctx context.Context, api sd.ListServicesAPIClient, namespace string, visit func(types.ServiceSummary) error) error {
	in := &sd.ListServicesInput{Filters: []types.ServiceFilter{{
		Name: types.ServiceFilterNameNamespaceId, Values: []string{namespace}, Condition: types.FilterConditionEq,
	}}}
	for p := sd.NewListServicesPaginator(api, in); p.HasMorePages(); {
		page, err := p.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("list services of namespace %s: %w", namespace, err)
		}
		for _, s := range page.Services {
			if err := visit(s); err != nil {
				return err
			}
		}
	}
	return nil
}
