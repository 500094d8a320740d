package test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"ephemr/internal/job"
	"ephemr/internal/pipeline"
)

func keys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// replaceSecrets lets jobs read secrets of the test's own. They are named like those of the
// pipeline, so that the job's role may read them.
func (t *trial) replaceSecrets(s *pipeline.Spec) error {
	if len(t.test.Secrets) == 0 {
		return nil
	}
	if !t.Settings.OnLaptop() {
		return fmt.Errorf("secrets: stage %s is not a local region; tests do not create secrets there", t.Settings.Stage)
	}
	uses := s.SecretUses(pipeline.Context{Stage: t.Settings.Stage, Vars: t.Settings.Vars, Params: t.params(s)})
	for _, use := range uses {
		value, given := t.test.Secrets[use.Variable]
		switch {
		case !given:
			continue
		case use.Late, use.Err != nil:
			return fmt.Errorf("secrets.%s: its name depends on more than params and variables, which a test cannot replace", use.Variable)
		}
		own := ownSecret{store: use.Ref.Store, name: use.Ref.Name + "." + t.id + ".t", value: value}
		address := own.name
		if own.store == job.ParameterStore {
			address = "ssm:" + own.name
		}
		if use.Ref.Key != "" {
			address += "#" + use.Ref.Key
			data, err := json.Marshal(map[string]string{use.Ref.Key: value})
			if err != nil {
				return fmt.Errorf("secrets.%s: %w", use.Variable, err)
			}
			own.name, own.value = own.name+"."+use.Ref.Key, string(data)
			address = own.name + "#" + use.Ref.Key
		}
		t.secrets = append(t.secrets, own)
		for i := range s.Jobs {
			if j := &s.Jobs[i]; j.Name == use.Job {
				j.Secrets = maps.Clone(j.Secrets)
				j.Secrets[use.Variable] = pipeline.Secret{Secret: address, As: j.Secrets[use.Variable].As}
			}
		}
	}
	return nil
}

// params are those of the test, and defaults.
func (t *trial) params(s *pipeline.Spec) map[string]string {
	all := maps.Clone(t.test.Params)
	if all == nil {
		all = map[string]string{}
	}
	for name, p := range s.Params {
		if _, given := all[name]; !given && p.Default != nil {
			all[name] = *p.Default
		}
	}
	return all
}

// ownSecret is a secret that exists while the test runs.
type ownSecret struct {
	store       job.SecretStore
	name, value string
	exists      bool
}

func (t *trial) putSecrets(ctx context.Context) error {
	for i := range t.secrets {
		s := &t.secrets[i]
		var err error
		if s.store == job.ParameterStore {
			_, err = t.SSM.PutParameter(ctx, &ssm.PutParameterInput{Name: &s.name, Value: &s.value, Type: ssmtypes.ParameterTypeSecureString, Overwrite: aws.Bool(true)})
		} else if !t.created(i) {
			_, err = t.SecretsManager.CreateSecret(ctx, &secretsmanager.CreateSecretInput{Name: &s.name, SecretString: &s.value})
		}
		if err != nil {
			return fmt.Errorf("create secret %s: %w", s.name, err)
		}
		s.exists = true
	}
	return nil
}

// created reports whether a secret before i has its name: several jobs may use one.
func (t *trial) created(i int) bool {
	return slices.ContainsFunc(t.secrets[:i], func(s ownSecret) bool { return s.name == t.secrets[i].name && s.store == t.secrets[i].store })
}

func (t *trial) deleteSecrets(ctx context.Context) error {
	var errs []error
	for i := range t.secrets {
		s := &t.secrets[i]
		if !s.exists || t.created(i) {
			continue
		}
		var err error
		if s.store == job.ParameterStore {
			_, err = t.SSM.DeleteParameter(ctx, &ssm.DeleteParameterInput{Name: &s.name})
		} else {
			_, err = t.SecretsManager.DeleteSecret(ctx, &secretsmanager.DeleteSecretInput{SecretId: &s.name, ForceDeleteWithoutRecovery: aws.Bool(true)})
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}
