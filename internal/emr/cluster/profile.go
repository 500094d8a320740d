package cluster

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"ephemr/internal/fault"
	"ephemr/internal/pipeline"
	"ephemr/internal/profile"
	"ephemr/internal/run"
	"ephemr/internal/stage"
)

// ParameterAPI reads profiles.
type ParameterAPI interface {
	GetParameter(context.Context, *ssm.GetParameterInput, ...func(*ssm.Options)) (*ssm.GetParameterOutput, error)
}

// shape is what a run's clusters are made from.
type shape struct {
	profile   profile.Profile
	instances string         // the instance profile: that of runs with a user may assume users' roles
	network   *stage.Network // nil = that of the profile's subnets, or the default VPC
}

// shape of the run's clusters. EMR requires a role for every step of a cluster that
// accepts any, so only runs that have one get such a cluster.
func (m *Manager) shape(ctx context.Context, rec *run.Record) (shape, error) {
	p, err := LoadShape(ctx, m.Profiles, m.Settings.Stage, rec.Spec.Cluster)
	if p.SecurityConfig == "" {
		p.SecurityConfig = m.Settings.SecurityOf(rec.Run.Role != "")
	}
	if err == nil {
		err = checkSteps(p, *rec.Spec)
	}
	made := shape{profile: p, instances: m.Settings.InstancesOf(rec.Run.Role != "")}
	if err != nil || !m.Settings.Network {
		return made, err
	}
	n, err := loadNetwork(ctx, m.Profiles, m.Settings.Stage)
	made.network = &n
	return made, err
}

// loadNetwork reads the network of a stage that has one.
func loadNetwork(ctx context.Context, api ParameterAPI, stageName string) (stage.Network, error) {
	out, err := api.GetParameter(ctx, &ssm.GetParameterInput{Name: aws.String(stage.NetworkParameter(stageName))})
	if fault.Code(err) == "ParameterNotFound" {
		return stage.Network{}, fault.New(fault.InvalidInput,
			"stage %s has no network; deploy the stage, or remove network from its configuration and deploy", stageName)
	}
	if err != nil {
		return stage.Network{}, fmt.Errorf("read network of stage %s: %w", stageName, err)
	}
	n, err := stage.ParseNetwork(aws.ToString(out.Parameter.Value))
	if err != nil {
		return n, fault.New(fault.InvalidInput, "%w", err)
	}
	return n, nil
}

func checkSteps(p profile.Profile, s pipeline.Spec) error {
	if err := p.CheckSteps(s, s.Cluster.Profile); err != nil {
		return fault.New(fault.InvalidInput, "%w", err)
	}
	return nil
}

// Profiles are those of a stage.
type Profiles struct {
	API   ParameterAPI
	Stage string
}

// Check returns why a pipeline does not fit the profile that it names.
func (p *Profiles) Check(ctx context.Context, s pipeline.Spec) error {
	if s.Cluster.StepConcurrency == 0 && s.Cluster.Overrides == nil {
		return nil
	}
	shape, err := LoadShape(ctx, p.API, p.Stage, s.Cluster)
	if err != nil {
		return err
	}
	return checkSteps(shape, s)
}

// LoadProfile reads the named profile of a stage.
func LoadProfile(ctx context.Context, api ParameterAPI, stageName, name string) (profile.Profile, error) {
	out, err := api.GetParameter(ctx, &ssm.GetParameterInput{Name: aws.String(stage.ProfileParameter(stageName, name))})
	if fault.Code(err) == "ParameterNotFound" {
		return profile.Profile{}, fault.New(fault.InvalidInput,
			"stage %s has no cluster profile %q; add it to the stage's configuration or name another", stageName, name)
	}
	if err != nil {
		return profile.Profile{}, fmt.Errorf("read profile %s: %w", name, err)
	}
	p, err := profile.Parse(name, aws.ToString(out.Parameter.Value))
	if err != nil {
		return p, fault.New(fault.InvalidInput, "%w", err)
	}
	return p, nil
}

// LoadShape reads the profile that a pipeline names, with the pipeline's overrides.
func LoadShape(ctx context.Context, api ParameterAPI, stageName string, c pipeline.Cluster) (profile.Profile, error) {
	p, err := LoadProfile(ctx, api, stageName, c.Profile)
	if err != nil {
		return p, err
	}
	p, refused := p.With(c)
	errs := make([]error, len(refused))
	for i, r := range refused {
		errs[i] = errors.New(r.String())
	}
	if err := errors.Join(errs...); err != nil {
		return p, fault.New(fault.InvalidInput, "%w", err)
	}
	return p, nil
}

// concurrency is how many steps may run side by side: what the pipeline or else the
// profile says, or as many as its DAG can use and the primary holds.
func concurrency(rec *run.Record, p profile.Profile) int {
	if rec.Spec.Cluster.StepConcurrency == 0 && p.StepConcurrency > 0 {
		return p.StepConcurrency
	}
	return wide(rec, p)
}

// wide is how many steps rec's run uses side by side where the profile says nothing.
func wide(rec *run.Record, p profile.Profile) int {
	if n := rec.Spec.Cluster.StepConcurrency; n > 0 {
		return n
	}
	return min(rec.Spec.MaxParallel(), p.MostSteps())
}
