// Package leftovers deletes what CloudFormation leaves of a stage: what stacks keep, what buckets contain, and services
// in Cloud Map, which functions create.
package leftovers

import (
	"context"
	"fmt"
	"slices"

	"ephemr/internal/cli/session"
	"ephemr/internal/emr/clusterlist"
	"ephemr/internal/fault"
	"ephemr/internal/stage"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/servicediscovery"
	sdtypes "github.com/aws/aws-sdk-go-v2/service/servicediscovery/types"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// AWS deletes in an account and Region.
type AWS struct {
	config   aws.Config
	settings stage.Settings // empty if the stage's settings are deleted already
	s3       *s3.Client
}

// New returns an AWS for a stage.
func New(cfg aws.Config, settings stage.Settings) *AWS {
	s := session.Session{Config: cfg}
	return &AWS{config: cfg, settings: settings, s3: s.S3()}
}

// Clusters lists the stage's clusters that have not ended.
func (a *AWS) Clusters(ctx context.Context) ([]string, error) {
	if a.settings.Stage == "" {
		return nil, nil
	}
	found, err := clusterlist.New(a.config, a.settings).Clusters(ctx, false)
	if err != nil {
		return nil, fmt.Errorf("list clusters: %w", err)
	}
	ids := make([]string, len(found))
	for i, c := range found {
		ids[i] = c.ID
	}
	return ids, nil
}

// Objects reports whether the bucket exists and contains an object or a version.
func (a *AWS) Objects(ctx context.Context, bucket string) (bool, error) {
	out, err := a.s3.ListObjectVersions(ctx, &s3.ListObjectVersionsInput{Bucket: &bucket, MaxKeys: aws.Int32(1)})
	if fault.Code(err) == "NoSuchBucket" {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("list objects of bucket %s: %w", bucket, err)
	}
	return len(out.Versions)+len(out.DeleteMarkers) > 0, nil
}

// Empty deletes all versions of all objects of a bucket.
func (a *AWS) Empty(ctx context.Context, bucket string) error {
	pages := s3.NewListObjectVersionsPaginator(a.s3, &s3.ListObjectVersionsInput{Bucket: &bucket})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("list objects of bucket %s: %w", bucket, err)
		}
		var ids []types.ObjectIdentifier // at most 1,000, as many as one call deletes
		for _, v := range page.Versions {
			ids = append(ids, types.ObjectIdentifier{Key: v.Key, VersionId: v.VersionId})
		}
		for _, m := range page.DeleteMarkers {
			ids = append(ids, types.ObjectIdentifier{Key: m.Key, VersionId: m.VersionId})
		}
		if len(ids) == 0 {
			continue
		}
		out, err := a.s3.DeleteObjects(ctx, &s3.DeleteObjectsInput{Bucket: &bucket, Delete: &types.Delete{Objects: ids, Quiet: aws.Bool(true)}})
		if err != nil {
			return fmt.Errorf("delete objects of bucket %s: %w", bucket, err)
		}
		if len(out.Errors) > 0 {
			e := out.Errors[0]
			return fmt.Errorf("delete %d objects of bucket %s, first %s: %s: %s", len(out.Errors), bucket, aws.ToString(e.Key), aws.ToString(e.Code), aws.ToString(e.Message))
		}
	}
	return nil
}

// DeleteServices deletes the services of a namespace, with their instances.
func (a *AWS) DeleteServices(ctx context.Context, namespace string) error {
	client := servicediscovery.NewFromConfig(a.config)
	in := &servicediscovery.ListServicesInput{Filters: []sdtypes.ServiceFilter{{Name: sdtypes.ServiceFilterNameNamespaceId, Values: []string{namespace}}}}
	pages := servicediscovery.NewListServicesPaginator(client, in)
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("list services of namespace %s: %w", namespace, err)
		}
		for _, service := range page.Services {
			if err := deleteService(ctx, client, aws.ToString(service.Id)); err != nil {
				return fmt.Errorf("delete service %s: %w", aws.ToString(service.Name), err)
			}
		}
	}
	return nil
}

func deleteService(ctx context.Context, client *servicediscovery.Client, id string) error {
	pages := servicediscovery.NewListInstancesPaginator(client, &servicediscovery.ListInstancesInput{ServiceId: &id})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err //nolint:wrapcheck // by the caller
		}
		for _, instance := range page.Instances {
			if _, err := client.DeregisterInstance(ctx, &servicediscovery.DeregisterInstanceInput{ServiceId: &id, InstanceId: instance.Id}); err != nil {
				return err //nolint:wrapcheck // by the caller
			}
		}
	}
	_, err := client.DeleteService(ctx, &servicediscovery.DeleteServiceInput{Id: &id})
	return err //nolint:wrapcheck // by the caller
}

// absent are the codes of services for resources that do not exist.
var absent = []string{
	"NoSuchBucket", "ResourceNotFoundException", "EntityNotFoundException", "QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue",
	"StateMachineDoesNotExist",
}

// Delete deletes a resource by its CloudFormation type and physical id. It is no error if it does not exist.
func (a *AWS) Delete(ctx context.Context, kind, id string) error {
	remove, known := a.deleters()[kind]
	if !known {
		return fmt.Errorf("%s %s is kept, and must be deleted by hand", kind, id)
	}
	err := remove(ctx, id)
	if err == nil || slices.Contains(absent, fault.Code(err)) {
		return nil
	}
	return fmt.Errorf("delete %s %s: %w", kind, id, err)
}

// deleters delete resources by their physical id.
func (a *AWS) deleters() map[string]func(context.Context, string) error {
	return map[string]func(context.Context, string) error{
		"AWS::S3::Bucket": func(ctx context.Context, id string) error {
			if err := a.Empty(ctx, id); err != nil {
				return err
			}
			_, err := a.s3.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: &id})
			return err //nolint:wrapcheck // by the caller
		},
		"AWS::DynamoDB::Table": func(ctx context.Context, id string) error {
			_, err := dynamodb.NewFromConfig(a.config).DeleteTable(ctx, &dynamodb.DeleteTableInput{TableName: &id})
			return err //nolint:wrapcheck // by the caller
		},
		"AWS::Logs::LogGroup": func(ctx context.Context, id string) error {
			_, err := cloudwatchlogs.NewFromConfig(a.config).DeleteLogGroup(ctx, &cloudwatchlogs.DeleteLogGroupInput{LogGroupName: &id})
			return err //nolint:wrapcheck // by the caller
		},
		"AWS::SQS::Queue": func(ctx context.Context, id string) error {
			_, err := sqs.NewFromConfig(a.config).DeleteQueue(ctx, &sqs.DeleteQueueInput{QueueUrl: &id})
			return err //nolint:wrapcheck // by the caller
		},
		"AWS::Glue::Database": func(ctx context.Context, id string) error {
			_, err := glue.NewFromConfig(a.config).DeleteDatabase(ctx, &glue.DeleteDatabaseInput{Name: &id})
			return err //nolint:wrapcheck // by the caller
		},
		"AWS::Athena::WorkGroup": func(ctx context.Context, id string) error {
			_, err := athena.NewFromConfig(a.config).DeleteWorkGroup(ctx, &athena.DeleteWorkGroupInput{WorkGroup: &id, RecursiveDeleteOption: aws.Bool(true)})
			return err //nolint:wrapcheck // by the caller
		},
		"AWS::StepFunctions::StateMachine": func(ctx context.Context, id string) error {
			_, err := sfn.NewFromConfig(a.config).DeleteStateMachine(ctx, &sfn.DeleteStateMachineInput{StateMachineArn: &id})
			return err //nolint:wrapcheck // by the caller
		},
	}
}
