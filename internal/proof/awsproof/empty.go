package awsproof

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/servicediscovery"
	sdtypes "github.com/aws/aws-sdk-go-v2/service/servicediscovery/types"
)

// dropServices deletes what functions have registered in Cloud Map: the namespace cannot be deleted before.
func (w *world) dropServices(ctx context.Context) error {
	if w.settings.Namespace == "" {
		return nil
	}
	api := servicediscovery.NewFromConfig(w.config)
	services, err := api.ListServices(ctx, &servicediscovery.ListServicesInput{Filters: []sdtypes.ServiceFilter{{
		Name: sdtypes.ServiceFilterNameNamespaceId, Values: []string{w.settings.Namespace},
	}}})
	if _, gone := errors.AsType[*sdtypes.NamespaceNotFound](err); gone {
		return nil
	}
	if err != nil {
		return fmt.Errorf("list services of Cloud Map: %w", err)
	}
	for _, s := range services.Services {
		instances, err := api.ListInstances(ctx, &servicediscovery.ListInstancesInput{ServiceId: s.Id})
		if err != nil {
			return fmt.Errorf("list instances of service %s: %w", *s.Id, err)
		}
		for _, i := range instances.Instances {
			_, _ = api.DeregisterInstance(ctx, &servicediscovery.DeregisterInstanceInput{ServiceId: s.Id, InstanceId: i.Id})
		}
		if err := w.until(ctx, "the deletion of a service of Cloud Map", func() (bool, error) {
			_, err := api.DeleteService(ctx, &servicediscovery.DeleteServiceInput{Id: s.Id})
			if _, used := errors.AsType[*sdtypes.ResourceInUse](err); used {
				return false, nil
			}
			return err == nil, err
		}); err != nil {
			return fmt.Errorf("delete service %s: %w", *s.Id, err)
		}
	}
	return nil
}

// emptyBuckets deletes all versions of all objects of the stage.
func (w *world) emptyBuckets(ctx context.Context) error {
	out, err := w.s3.ListBuckets(ctx, &s3.ListBucketsInput{Prefix: aws.String("ephemr-" + Stage + "-")})
	if err != nil {
		return fmt.Errorf("list buckets: %w", err)
	}
	var errs []error
	for _, b := range out.Buckets {
		if strings.HasSuffix(*b.Name, "-"+w.account+"-"+w.region) {
			errs = append(errs, w.empty(ctx, *b.Name))
		}
	}
	return errors.Join(errs...)
}

func (w *world) empty(ctx context.Context, bucket string) error {
	pages := s3.NewListObjectVersionsPaginator(w.s3, &s3.ListObjectVersionsInput{Bucket: &bucket})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("list s3://%s: %w", bucket, err)
		}
		var objects []s3types.ObjectIdentifier
		for _, v := range page.Versions {
			objects = append(objects, s3types.ObjectIdentifier{Key: v.Key, VersionId: v.VersionId})
		}
		for _, m := range page.DeleteMarkers {
			objects = append(objects, s3types.ObjectIdentifier{Key: m.Key, VersionId: m.VersionId})
		}
		if len(objects) == 0 {
			continue
		}
		out, err := w.s3.DeleteObjects(ctx, &s3.DeleteObjectsInput{Bucket: &bucket, Delete: &s3types.Delete{Objects: objects, Quiet: aws.Bool(true)}})
		if err != nil {
			return fmt.Errorf("empty s3://%s: %w", bucket, err)
		}
		for _, e := range out.Errors {
			return fmt.Errorf("delete s3://%s/%s: %s", bucket, aws.ToString(e.Key), aws.ToString(e.Message))
		}
	}
	return nil
}
