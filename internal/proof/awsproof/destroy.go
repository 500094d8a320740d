package awsproof

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
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
	var deleted error
	for range 3 { // EMR and the functions may write logs, and make and register clusters, for a while
		deleted = errors.Join(w.stopExecutions(ctx), w.clusters().terminate(ctx, w.every))
		deleted = errors.Join(deleted, w.dropServices(ctx), w.emptyBuckets(ctx))
		_, destroyed := w.cdk(ctx, "destroy", "--all", "--force")
		if deleted = errors.Join(deleted, destroyed); deleted == nil || ctx.Err() != nil {
			break
		}
		w.log("not everything could be deleted: %v", deleted)
	}
	return deleted
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

// leftovers lists what AWS still has with the tags of the probes. It may list what was
// deleted a few minutes ago.
func (w *world) leftovers(ctx context.Context) ([]string, error) {
	ids, _, err := w.clusters().list(ctx)
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
