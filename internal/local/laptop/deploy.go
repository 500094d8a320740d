package laptop

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

// bootstrapVersion is where the CDK's bootstrap stack says that it is there, and
// bootstrapBucket its bucket.
const (
	bootstrapVersion = "/cdk-bootstrap/hnb659fds/version"
	bootstrapBucket  = "cdk-hnb659fds-assets-" + Account + "-" + Name
)

// Deploy deploys every stack of the CDK app to the region, with the CDK CLI,
// whose output is written to log/deploy.log.
func (r *Region) Deploy(ctx context.Context) error {
	unlock, err := lock(ctx, r.Dir, r.options.Log)
	if err != nil {
		return err
	}
	defer unlock()
	begun := time.Now()
	path := filepath.Join(r.Dir, "log", "deploy.log")
	log, err := os.Create(path) //nolint:gosec // in the region's directory
	if err != nil {
		return fmt.Errorf("deploy: %w", err)
	}
	defer func() { _ = log.Close() }()
	ready, err := r.bootstrapped(ctx)
	if err != nil {
		return err
	}
	if !ready {
		if err := r.bootstrap(ctx, log); err != nil {
			return err
		}
	}
	if err := r.cdk(ctx, log, "deploy", "--all", "--require-approval", "never", "--concurrency", "4"); err != nil {
		return err
	}
	_, _ = fmt.Fprintf(r.options.Log, "deployed   in %.0f s, log in %s\n", time.Since(begun).Seconds(), path)
	return nil
}

// bootstrap also removes the policy of the bootstrap bucket, which requires TLS: the
// emulator serves HTTP, and clusters download the runner from there.
func (r *Region) bootstrap(ctx context.Context, log *os.File) error {
	if err := r.cdk(ctx, log, "bootstrap", "aws://"+Account+"/"+Name); err != nil {
		return err
	}
	client := s3.NewFromConfig(r.Config(), func(o *s3.Options) { o.UsePathStyle = true })
	if _, err := client.DeleteBucketPolicy(ctx, &s3.DeleteBucketPolicyInput{Bucket: new(bootstrapBucket)}); err != nil {
		return fmt.Errorf("delete the policy of bucket %s: %w", bootstrapBucket, err)
	}
	return nil
}

func (r *Region) bootstrapped(ctx context.Context) (bool, error) {
	_, err := ssm.NewFromConfig(r.Config()).GetParameter(ctx, &ssm.GetParameterInput{Name: new(bootstrapVersion)})
	if _, missing := errors.AsType[*types.ParameterNotFound](err); missing {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look for the CDK's bootstrap stack: %w", err)
	}
	return true, nil
}

// cdk runs the CDK CLI from the checkout, where cdk.json names the app.
func (r *Region) cdk(ctx context.Context, log *os.File, args ...string) error {
	cli := filepath.Join(r.Root, ".tools", "node", "node_modules", ".bin", "cdk")
	args = append(args, "--context", "stage="+Stage, "--output", filepath.Join(r.Dir, "cdk.out"), "--ci", "--no-notices")
	if r.options.Stages != "" {
		args = append(args, "--context", "stages="+r.options.Stages)
	}
	cmd := exec.CommandContext(ctx, cli, args...) //nolint:gosec // our own tool
	cmd.Dir, cmd.Stdout, cmd.Stderr = r.Root, log, log
	cmd.Env = append(
		Overlay(os.Environ(), r.Environ()),
		"PATH="+joinPath(append(r.Tools(), os.Getenv("PATH"))...),
		"CDK_DEFAULT_ACCOUNT="+Account, "CDK_DEFAULT_REGION="+Name, "CDK_DISABLE_CLI_TELEMETRY=true",
		"JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION=1", "JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION=1",
	)
	// The app and its Node.js are children of the CLI: a cancelled deployment takes all of them along.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	cmd.WaitDelay = r.options.Grace
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("cdk %s: %w; %s", args[0], err, tail(log.Name()))
	}
	return nil
}
