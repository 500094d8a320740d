package discovery

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	sd "github.com/aws/aws-sdk-go-v2/service/servicediscovery"

	"ephemr/internal/awsapi"
)

// CloudMap holds the operations of Cloud Map that functions call, without its
// client: see package awsapi.
type CloudMap struct {
	createService      awsapi.Operation[sd.CreateServiceInput, sd.CreateServiceOutput, sd.Options]
	deleteService      awsapi.Operation[sd.DeleteServiceInput, sd.DeleteServiceOutput, sd.Options]
	listServices       awsapi.Operation[sd.ListServicesInput, sd.ListServicesOutput, sd.Options]
	listInstances      awsapi.Operation[sd.ListInstancesInput, sd.ListInstancesOutput, sd.Options]
	registerInstance   awsapi.Operation[sd.RegisterInstanceInput, sd.RegisterInstanceOutput, sd.Options]
	deregisterInstance awsapi.Operation[sd.DeregisterInstanceInput, sd.DeregisterInstanceOutput, sd.Options]
}

// NewCloudMap returns the operations of a client of cfg.
func NewCloudMap(cfg aws.Config) *CloudMap {
	c := NewClient(cfg)
	return &CloudMap{
		createService:      c.CreateService,
		deleteService:      c.DeleteService,
		listServices:       c.ListServices,
		listInstances:      c.ListInstances,
		registerInstance:   c.RegisterInstance,
		deregisterInstance: c.DeregisterInstance,
	}
}

// CreateService creates a service.
func (m *CloudMap) CreateService(ctx context.Context, in *sd.CreateServiceInput, o ...func(*sd.Options)) (*sd.CreateServiceOutput, error) {
	return m.createService(ctx, in, o...)
}

// DeleteService deletes a service.
func (m *CloudMap) DeleteService(ctx context.Context, in *sd.DeleteServiceInput, o ...func(*sd.Options)) (*sd.DeleteServiceOutput, error) {
	return m.deleteService(ctx, in, o...)
}

// ListServices lists services.
func (m *CloudMap) ListServices(ctx context.Context, in *sd.ListServicesInput, o ...func(*sd.Options)) (*sd.ListServicesOutput, error) {
	return m.listServices(ctx, in, o...)
}

// ListInstances lists the instances of a service.
func (m *CloudMap) ListInstances(ctx context.Context, in *sd.ListInstancesInput, o ...func(*sd.Options)) (*sd.ListInstancesOutput, error) {
	return m.listInstances(ctx, in, o...)
}

// RegisterInstance adds an instance to a service or replaces it.
func (m *CloudMap) RegisterInstance(ctx context.Context, in *sd.RegisterInstanceInput, o ...func(*sd.Options)) (*sd.RegisterInstanceOutput, error) {
	return m.registerInstance(ctx, in, o...)
}

// DeregisterInstance removes an instance from a service.
func (m *CloudMap) DeregisterInstance(ctx context.Context, in *sd.DeregisterInstanceInput, o ...func(*sd.Options)) (*sd.DeregisterInstanceOutput, error) {
	return m.deregisterInstance(ctx, in, o...)
}
