package runner

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"ephemr/internal/job"
	"ephemr/internal/runner/mask"
)

// SecretsAPI is what the runner needs of Secrets Manager.
type SecretsAPI interface {
	GetSecretValue(context.Context, *secretsmanager.GetSecretValueInput, ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error)
}

// ParametersAPI is what the runner needs of the SSM Parameter Store.
type ParametersAPI interface {
	GetParameter(context.Context, *ssm.GetParameterInput, ...func(*ssm.Options)) (*ssm.GetParameterOutput, error)
}

const (
	secretTries = 8 // about half a minute
	maxVariable = 128 << 10
)

// secret is a secret of the attempt with its value.
type secret struct {
	job.Secret

	variable string
	value    []byte
}

// secrets are the secrets of the attempt, by variable. Their values go only to the
// program, and are masked in all that leaves the runner.
type secrets []secret

// readSecrets reads the values of s under the runner's own credentials, which are those
// of the job. The masker also finds the values of sensitive params, which s has.
func (r *Runner) readSecrets(ctx context.Context, s job.Spec) (all secrets, _ *mask.Masker, _ error) {
	masked := slices.Clone(s.Hidden)
	stored := map[string][]byte{} // by address: several variables may have keys of one secret
	for _, variable := range slices.Sorted(maps.Keys(s.Secrets)) {
		from := s.Secrets[variable]
		ref, err := job.ParseSecret(from.Secret)
		if err != nil {
			return nil, mask.New(s.Hidden...), invalid("secret %s: %w", variable, err)
		}
		whole, ok := stored[ref.String()]
		if !ok {
			if whole, err = r.readSecret(ctx, ref); err != nil {
				return nil, mask.New(s.Hidden...), ofSecret(variable, ref, err)
			}
			stored[ref.String()] = whole
		}
		value, err := valueOf(whole, ref.Key)
		if err == nil {
			err = usable(value, from.As)
		}
		if err != nil {
			return nil, mask.New(s.Hidden...), invalid("secret %s: %s of %s %w", variable, ref, ref.Store, err)
		}
		all = append(all, secret{Secret: from, variable: variable, value: value})
		masked = append(masked, string(value))
		masked = append(masked, texts(value)...)
	}
	return all, mask.New(masked...), nil
}

// readSecret reads the whole value of ref.
func (r *Runner) readSecret(ctx context.Context, ref job.SecretRef) (value []byte, err error) {
	id := ref.Name
	if ref.ARN != "" {
		id = ref.ARN
	}
	err = r.retry(ctx, secretTries, func(ctx context.Context) error {
		if ref.Store == job.ParameterStore {
			value, err = r.parameter(ctx, id, ref.Region)
		} else {
			value, err = r.managed(ctx, id, ref.Region)
		}
		if refused := secretClass(err); refused != nil {
			return refused
		}
		return err
	})
	return value, err
}

func (r *Runner) managed(ctx context.Context, id, region string) ([]byte, error) {
	out, err := r.Secrets.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &id}, func(o *secretsmanager.Options) {
		if region != "" {
			o.Region = region
		}
	})
	if err != nil {
		return nil, err
	}
	if out.SecretString != nil {
		return []byte(*out.SecretString), nil
	}
	return out.SecretBinary, nil
}

func (r *Runner) parameter(ctx context.Context, name, region string) ([]byte, error) {
	out, err := r.Parameters.GetParameter(ctx, &ssm.GetParameterInput{Name: &name, WithDecryption: aws.Bool(true)}, func(o *ssm.Options) {
		if region != "" {
			o.Region = region
		}
	})
	if err != nil {
		return nil, err
	}
	if out.Parameter.Type != types.ParameterTypeSecureString {
		return nil, invalid("it is a parameter of type %s, which is not encrypted; store it as a SecureString", out.Parameter.Type)
	}
	return []byte(aws.ToString(out.Parameter.Value)), nil
}

// secretClass classifies what a store refuses for good, or returns nil.
func secretClass(err error) error {
	if err == nil || final(err) {
		return err
	}
	switch err = brief(err); errCode(err) {
	case "ResourceNotFoundException", "ParameterNotFound", "ParameterVersionNotFound":
		return invalid("it does not exist; create it, or correct the name in the pipeline: %w", err)
	case "InvalidRequestException":
		return invalid("it cannot be read, and is perhaps scheduled for deletion; restore it: %w", err)
	case "ValidationException", "InvalidParameterException":
		return invalid("the name is refused: %w", err)
	case "AccessDeniedException", "AccessDenied", "DecryptionFailure", "InvalidKeyId", "UnrecognizedClientException", "ExpiredTokenException",
		"InvalidSignatureException", "IncompleteSignature", "MissingAuthenticationToken":
		return &failure{job.ClassPermission, exitPermission, fmt.Errorf(
			"the role of the job may not read it; add it to secrets in the stage's file, and allow the role to use its KMS key: %w", err)}
	}
	return nil
}

// ofSecret adds to err which secret it is about.
func ofSecret(variable string, ref job.SecretRef, err error) error {
	err = fmt.Errorf("read secret %s, which is %s of %s: %w", variable, ref, ref.Store, brief(err))
	if f, ok := errors.AsType[*failure](err); ok {
		return &failure{f.class, f.code, err}
	}
	return err
}

// valueOf returns what a key of a JSON object has, or without a key the whole value. No
// error contains anything of the value.
func valueOf(whole []byte, key string) ([]byte, error) {
	if key == "" {
		return whole, nil
	}
	var object map[string]json.RawMessage
	if json.Unmarshal(whole, &object) != nil || object == nil {
		return nil, fmt.Errorf("is not a JSON object, and so has no key %q; name the secret without #", key)
	}
	raw, ok := object[key]
	if !ok || string(raw) == "null" {
		return nil, fmt.Errorf("has no key %q; correct the key after #", key)
	}
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return []byte(text), nil
	}
	return raw, nil // a number, or an object
}

// usable reports why a value cannot be given to a program.
func usable(value []byte, as string) error {
	switch {
	case len(bytes.TrimSpace(value)) == 0:
		return errors.New("has an empty value; store one")
	case len(value) < mask.Shortest:
		return fmt.Errorf("has fewer than %d bytes, which could not be masked in logs; store a longer value", mask.Shortest)
	case as != job.AsFile && bytes.IndexByte(value, 0) >= 0:
		return errors.New("is binary, which no variable can have; write {secret: …, as: file}")
	case as != job.AsFile && len(value) >= maxVariable:
		return errors.New("is too long for a variable; write {secret: …, as: file}")
	}
	return nil
}

// texts lists the texts in a value that is JSON: a program may print one of them.
func texts(value []byte) (all []string) {
	var parsed any
	if json.Unmarshal(value, &parsed) != nil {
		return nil
	}
	var visit func(any)
	visit = func(v any) {
		switch v := v.(type) {
		case string:
			all = append(all, v)
		case []any:
			for _, e := range v {
				visit(e)
			}
		case map[string]any:
			for _, e := range v {
				visit(e)
			}
		}
	}
	visit(parsed)
	return all
}

// environ adds the program's variables to env. It writes the values that are wanted as
// files to a directory of w.
func (all secrets) environ(w workspace, env []string) ([]string, error) {
	env = slices.Clip(env)
	dir := filepath.Join(w.dir, "secrets")
	for _, s := range all {
		value := string(s.value)
		if s.As == job.AsFile {
			value = filepath.Join(dir, s.variable)
			if err := errors.Join(os.MkdirAll(dir, 0o700), os.WriteFile(value, s.value, 0o600)); err != nil {
				return nil, fmt.Errorf("write the file of secret %s: %w", s.variable, err)
			}
		}
		env = append(env, s.variable+"="+value)
	}
	return env, nil
}

// masked returns res without secrets, and the outputs that contained one.
func masked(m *mask.Masker, res job.Result) (_ job.Result, outputs []string) {
	if m == nil {
		return res, nil
	}
	res.Reason, res.Cause = m.Text(res.Reason), m.Text(res.Cause)
	for i := range res.Background {
		res.Background[i] = m.Text(res.Background[i])
	}
	for i := range res.Tail {
		res.Tail[i] = m.Text(res.Tail[i])
	}
	res.Checks, res.Tables = maskedFindings(m, res.Checks), maskedTables(m, res.Tables)
	shown := map[string]string{}
	for _, key := range slices.Sorted(maps.Keys(res.Outputs)) {
		name, value := m.Text(key), m.Text(res.Outputs[key])
		if name != key || value != res.Outputs[key] {
			outputs = append(outputs, name)
		}
		shown[name] = value
	}
	if res.Outputs != nil {
		res.Outputs = shown
	}
	return res, outputs
}

// maskedNotice says which outputs do not have their values.
func maskedNotice(outputs []string) string {
	return "ephemr: outputs contained a secret, which was replaced by " + mask.Hidden + ": " + strings.Join(outputs, ", ") +
		"; jobs that need it have to name the secret under secrets, or the sensitive param in env"
}

// maskedFindings are findings without secrets: a program such as dbt records what it likes.
func maskedFindings(m *mask.Masker, all []job.Finding) []job.Finding {
	all = slices.Clone(all)
	for i, f := range all {
		f.Dataset, f.Expect, f.Found = m.Text(f.Dataset), m.Text(f.Expect), m.Text(f.Found)
		f.Samples = slices.Clone(f.Samples)
		for j, s := range f.Samples {
			values := map[string]string{}
			for name, value := range s.Values {
				values[m.Text(name)] = m.Text(value)
			}
			f.Samples[j].File, f.Samples[j].Values = m.Text(s.File), values
		}
		all[i] = f
	}
	return all
}

// maskedTables are tables without secrets.
func maskedTables(m *mask.Masker, all []job.Table) []job.Table {
	all = slices.Clone(all)
	for i, t := range all {
		t.Name, t.Columns = m.Text(t.Name), slices.Clone(t.Columns)
		for c := range t.Columns {
			t.Columns[c] = job.Column{Name: m.Text(t.Columns[c].Name), Type: m.Text(t.Columns[c].Type)}
		}
		all[i] = t
	}
	return all
}
