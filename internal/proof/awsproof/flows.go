package awsproof

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/aws/aws-sdk-go-v2/service/emr/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"ephemr/internal/emr/cluster"
	"ephemr/internal/profile"
	"ephemr/internal/stage"
)

// tagProof marks clusters that the probes make themselves. They do not have the
// stage's tag: sweep would terminate them, because no run owns them.
const tagProof = "ephemr:proof"

// flow is a cluster of a probe's own.
type flow struct {
	name      string
	types     []string // of the primary; empty = those of profile single
	idle      time.Duration
	bootstrap string // s3:// address of a bootstrap action
	step      []string
}

// launch calls RunJobFlow as the product does, without ephemr's runner.
func (w *world) launch(ctx context.Context, f flow) (string, error) {
	p, err := w.profile(ctx)
	if err != nil {
		return "", err
	}
	if len(f.types) > 0 {
		p.Primary.Types = f.types
	}
	in := &emr.RunJobFlowInput{
		Name: aws.String("awsproof-" + f.name + "-" + w.nonce), ReleaseLabel: &p.Release, LogUri: aws.String("s3://" + w.settings.LogsBucket + "/emr/"),
		ServiceRole: &w.settings.ServiceRole, JobFlowRole: &w.settings.InstanceProfile, VisibleToAllUsers: aws.Bool(true),
		AutoTerminationPolicy: &types.AutoTerminationPolicy{IdleTimeout: aws.Int64(int64(f.idle.Seconds()))},
		Applications:          []types.Application{{Name: aws.String("Spark")}},
		Instances: &types.JobFlowInstancesConfig{
			KeepJobFlowAliveWhenNoSteps: aws.Bool(true), TerminationProtected: aws.Bool(false), Ec2SubnetIds: p.Subnets,
			InstanceFleets: []types.InstanceFleetConfig{cluster.FleetConfig(types.InstanceFleetTypeMaster, p.Primary)},
		},
		Tags: []types.Tag{
			{Key: aws.String(tagProof), Value: &w.nonce},
			{Key: aws.String("for-use-with-amazon-emr-managed-policies"), Value: aws.String("true")},
		},
	}
	if f.bootstrap != "" {
		in.BootstrapActions = []types.BootstrapActionConfig{{
			Name: aws.String(f.name), ScriptBootstrapAction: &types.ScriptBootstrapActionConfig{Path: &f.bootstrap},
		}}
	}
	if len(f.step) > 0 {
		in.Steps = []types.StepConfig{{
			Name: aws.String(f.name), ActionOnFailure: types.ActionOnFailureContinue,
			HadoopJarStep: &types.HadoopJarStepConfig{Jar: aws.String("command-runner.jar"), Args: f.step},
		}}
	}
	out, err := w.emr.RunJobFlow(ctx, in)
	if err != nil {
		return "", err
	}
	return *out.JobFlowId, nil
}

// profile is the shape of clusters of one instance.
func (w *world) profile(ctx context.Context) (profile.Profile, error) {
	name := "single"
	if w.local {
		name = "small"
	}
	out, err := ssm.NewFromConfig(w.config).GetParameter(ctx, &ssm.GetParameterInput{Name: aws.String(stage.ProfileParameter(w.settings.Stage, name))})
	if err != nil {
		return profile.Profile{}, fmt.Errorf("read profile %s: %w", name, err)
	}
	return profile.Parse(name, aws.ToString(out.Parameter.Value))
}

// gone watches a cluster until it has ended and returns what EMR said of it.
func (w *world) gone(ctx context.Context, id string, each func(types.ClusterStatus)) (Facts, error) {
	f := Facts{"cluster": id}
	err := w.until(ctx, "the end of cluster "+id, func() (bool, error) {
		out, err := w.emr.DescribeCluster(ctx, &emr.DescribeClusterInput{ClusterId: &id})
		if err != nil {
			return false, fmt.Errorf("describe cluster %s: %w", id, err)
		}
		s := out.Cluster.Status
		if each != nil {
			each(*s)
		}
		if s.State == types.ClusterStateTerminating && f["details_while_terminating"] != "yes" {
			f["details_while_terminating"] = yes(len(s.ErrorDetails) > 0)
		}
		over := s.State == types.ClusterStateTerminated || s.State == types.ClusterStateTerminatedWithErrors
		if over {
			f.end(s)
		}
		return over, nil
	})
	return f, err
}

// end records why a cluster has ended, in EMR's words and in the product's.
func (f Facts) end(s *types.ClusterStatus) {
	class, reason := cluster.Reason(s)
	f["state"], f["reason"], f["class"] = string(s.State), reason, string(class)
	var details []string
	for _, d := range s.ErrorDetails {
		details = append(details, fmt.Sprintf("%s: %s %v", aws.ToString(d.ErrorCode), aws.ToString(d.ErrorMessage), d.ErrorData))
	}
	f["details"] = strings.Join(details, "; ")
}

// idle has a step sleep on a cluster that may be idle for a minute: without YARN, and without touching isbusy.
func idle(ctx context.Context, w *world) (Facts, error) {
	id, err := w.launch(ctx, flow{name: "idle", idle: time.Minute, step: []string{"sleep", busySeconds}})
	if err != nil {
		return nil, err
	}
	f, err := w.gone(ctx, id, nil)
	if err != nil {
		return f, err
	}
	out, err := w.emr.ListSteps(ctx, &emr.ListStepsInput{ClusterId: &id})
	if err != nil {
		return f, fmt.Errorf("list steps of cluster %s: %w", id, err)
	}
	for _, s := range out.Steps {
		f["step_state"] = string(s.Status.State)
		t := s.Status.Timeline
		if t != nil && t.StartDateTime != nil {
			f["step_started"] = t.StartDateTime.UTC().Format(time.TimeOnly)
		}
		if t != nil && t.StartDateTime != nil && t.EndDateTime != nil {
			f["step_seconds"] = seconds(t.EndDateTime.Sub(*t.StartDateTime))
		}
	}
	return f, nil
}

// bootstrap has a bootstrap action fail. Its script is where instances may read packages.
func bootstrap(ctx context.Context, w *world) (Facts, error) {
	script, err := sources.ReadFile("bootstrap/fail.sh")
	if err != nil {
		return nil, fmt.Errorf("read script: %w", err)
	}
	bucket, key := w.settings.ArtifactsBucket, "packages/awsproof-"+w.nonce+".sh"
	if _, err := w.s3.PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: bytes.NewReader(script)}); err != nil {
		return nil, fmt.Errorf("upload s3://%s/%s: %w", bucket, key, err)
	}
	id, err := w.launch(ctx, flow{name: "bootstrap", idle: 10 * time.Minute, bootstrap: "s3://" + bucket + "/" + key})
	if err != nil {
		return nil, err
	}
	return w.gone(ctx, id, nil)
}

// unsupported asks for an instance type that no supported release runs on. EMR may
// refuse the call or end the cluster; if it starts one after all, this ends it.
func unsupported(ctx context.Context, w *world) (Facts, error) {
	id, err := w.launch(ctx, flow{name: "unsupported", idle: time.Minute, types: []string{"m1.small"}})
	if err != nil {
		return Facts{"refused": err.Error()}, nil //nolint:nilerr // a refusal is what the probe looks for
	}
	return w.gone(ctx, id, func(s types.ClusterStatus) {
		if s.State == types.ClusterStateBootstrapping || s.State == types.ClusterStateWaiting {
			_, _ = w.emr.TerminateJobFlows(ctx, &emr.TerminateJobFlowsInput{JobFlowIds: []string{id}})
		}
	})
}
