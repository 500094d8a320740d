package awsproof

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/aws/aws-sdk-go-v2/service/emr/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/servicediscovery"
	sdtypes "github.com/aws/aws-sdk-go-v2/service/servicediscovery/types"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	sfntypes "github.com/aws/aws-sdk-go-v2/service/sfn/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"ephemr/internal/cli/session"
	"ephemr/internal/emr/cluster"
)

// deploy builds and deploys the stage. It refuses to use one that exists.
func (w *world) deploy(ctx context.Context) error {
	if _, err := session.Load(ctx, ssm.NewFromConfig(w.config), Stage); err == nil {
		return fmt.Errorf("stage %s exists in account %s, Region %s: another aws-proof is running, or was killed; "+
			"destroy the stage with scripts/aws-proof --destroy", Stage, w.account, w.region)
	}
	w.log("building and deploying stage %s", Stage)
	if _, err := w.exec(ctx, w.root, "scripts/build", Stage); err != nil {
		return err
	}
	w.deployed = true // also if only a part of it is
	_, err := w.cdk(ctx, "deploy", "--all", "--require-approval", "never", "--concurrency", "4")
	return err
}

func (w *world) cdk(ctx context.Context, args ...string) (string, error) {
	args = append(args, "--context", "stage="+Stage, "--output", "cdk.out/"+Stage, "--ci", "--no-notices")
	return w.exec(ctx, w.root, "cdk", args...)
}

// Destroy removes a stage that an earlier aws-proof has left, and returns what is still there.
func Destroy(ctx context.Context, o Options) ([]string, error) {
	w, err := open(ctx, o)
	if err != nil {
		return nil, err
	}
	w.deployed, w.nonce = true, ""
	if w.settings, err = session.Load(ctx, ssm.NewFromConfig(w.config), Stage); err != nil {
		w.log("the settings of the stage are not readable: %v", err)
	}
	if _, err := os.Stat(w.root + "/dist/infra"); err != nil {
		if _, err := w.exec(ctx, w.root, "scripts/build", Stage); err != nil {
			return nil, err
		}
	}
	return w.close(ctx)
}

// destroy removes the stage with everything that was made in it. It goes on after errors.
func (w *world) destroy(ctx context.Context) error {
	w.log("destroying stage %s; interrupts are ignored until that is done", Stage)
	err := errors.Join(w.stopExecutions(ctx), w.terminate(ctx))
	var deleted error
	for range 3 { // EMR and the functions may write logs and register clusters for a while
		deleted = errors.Join(w.dropServices(ctx), w.emptyBuckets(ctx))
		_, destroyed := w.cdk(ctx, "destroy", "--all", "--force")
		if deleted = errors.Join(deleted, destroyed); deleted == nil || ctx.Err() != nil {
			break
		}
		w.log("not everything could be deleted: %v", deleted)
	}
	return errors.Join(err, deleted)
}

// stopExecutions keeps runs from making more clusters.
func (w *world) stopExecutions(ctx context.Context) error {
	if w.settings.StateMachine == "" {
		return nil
	}
	out, err := w.sfn.ListExecutions(ctx, &sfn.ListExecutionsInput{
		StateMachineArn: &w.settings.StateMachine, StatusFilter: sfntypes.ExecutionStatusRunning,
	})
	if err != nil {
		return fmt.Errorf("list executions: %w", err)
	}
	var errs []error
	for _, e := range out.Executions {
		_, err := w.sfn.StopExecution(ctx, &sfn.StopExecutionInput{ExecutionArn: e.ExecutionArn, Cause: aws.String("awsproof ends")})
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// terminate ends the clusters of the probes and waits until they have ended.
func (w *world) terminate(ctx context.Context) error {
	return w.until(ctx, "the end of the clusters", func() (bool, error) {
		ids, ending, err := w.clusters(ctx)
		if err != nil {
			return false, err
		}
		for len(ids) > 0 {
			n := min(len(ids), 10) // of a call
			if _, err := w.emr.TerminateJobFlows(ctx, &emr.TerminateJobFlowsInput{JobFlowIds: ids[:n]}); err != nil {
				return false, fmt.Errorf("terminate clusters: %w", err)
			}
			ids, ending = ids[n:], true
		}
		return !ending, nil
	})
}

// clusters returns the clusters of the probes that run, and whether others of them are about to end.
func (w *world) clusters(ctx context.Context) (ids []string, ending bool, err error) {
	pages := emr.NewListClustersPaginator(w.emr, &emr.ListClustersInput{ClusterStates: []types.ClusterState{
		types.ClusterStateStarting, types.ClusterStateBootstrapping, types.ClusterStateRunning, types.ClusterStateWaiting, types.ClusterStateTerminating,
	}})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, false, fmt.Errorf("list clusters: %w", err)
		}
		for _, c := range page.Clusters {
			out, err := w.emr.DescribeCluster(ctx, &emr.DescribeClusterInput{ClusterId: c.Id})
			if err != nil {
				return nil, false, fmt.Errorf("describe cluster %s: %w", *c.Id, err)
			}
			switch {
			case !w.mine(out.Cluster.Tags):
			case c.Status.State == types.ClusterStateTerminating:
				ending = true
			default:
				ids = append(ids, *c.Id)
			}
		}
	}
	return ids, ending, nil
}

// mine reports whether the probes, or their runs, have made a cluster. A real stage
// proof belongs to them as a whole.
func (w *world) mine(tags []types.Tag) bool {
	own := cluster.Tag(tags, tagProof)
	if w.deployed {
		return cluster.Tag(tags, cluster.TagStage) == Stage || own != "" && (w.nonce == "" || own == w.nonce)
	}
	return own == w.nonce || strings.HasSuffix(cluster.Tag(tags, cluster.TagPool), "/proof-"+w.nonce)
}

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

// leftovers lists what AWS still has with the tags of the probes. It may list what was
// deleted a few minutes ago.
func (w *world) leftovers(ctx context.Context) ([]string, error) {
	ids, _, err := w.clusters(ctx)
	if err != nil || !w.deployed {
		return ids, err
	}
	var left []string
	for _, filter := range []string{"Key=" + cluster.TagStage + ",Values=" + Stage, "Key=" + tagProof} {
		out, err := w.exec(ctx, w.work, "aws", "resourcegroupstaggingapi", "get-resources", "--tag-filters", filter,
			"--query", "ResourceTagMappingList[].ResourceARN", "--output", "text")
		if err != nil {
			return append(left, ids...), err
		}
		for _, arn := range strings.Fields(out) {
			if arn != "None" && !strings.Contains(arn, ":elasticmapreduce:") { // ended clusters keep their tags
				left = append(left, arn)
			}
		}
	}
	return append(left, ids...), nil
}
