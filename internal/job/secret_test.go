package job_test

import (
	"strings"
	"testing"

	"ephemr/internal/job"
)

func TestParseSecret(t *testing.T) {
	t.Parallel()
	const (
		managed = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:stores/password-AbCdEf"
		kept    = "arn:aws-cn:ssm:cn-north-1:123456789012:parameter/stores/password"
	)
	for text, want := range map[string]job.SecretRef{
		"stores/password":      {Store: job.SecretsManager, Name: "stores/password"},
		"stores/db#pass word":  {Store: job.SecretsManager, Name: "stores/db", Key: "pass word"},
		"a#b#c":                {Store: job.SecretsManager, Name: "a", Key: "b#c"},
		"ssm:/stores/password": {Store: job.ParameterStore, Name: "/stores/password"},
		"ssm:plain#k":          {Store: job.ParameterStore, Name: "plain", Key: "k"},
		managed:                {Store: job.SecretsManager, Name: "stores/password-AbCdEf", ARN: managed, Region: "eu-west-1"},
		kept + "#k":            {Store: job.ParameterStore, Name: "/stores/password", ARN: kept, Region: "cn-north-1", Key: "k"},
	} {
		got, err := job.ParseSecret(text)
		if got != want || err != nil {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
		if again, _, _ := strings.Cut(text, "#"); got.String() != again {
			t.Errorf("%s is printed as %s", text, got)
		}
	}
	for text, want := range map[string]string{
		"": "names no secret", "#key": "names no secret", "a#": "no key after #", "a b": "is not the name of a secret", "ssm:": "is not the name of a parameter",
		"ssm:/a b": "is not the name of a parameter", "arn:aws:s3:::bucket": "is not the ARN of a secret or a parameter",
		"arn:aws:ssm:eu-west-1:123456789012:document/x": "is not the ARN of a secret or a parameter", strings.Repeat("x", 513): "is not the name of a secret",
	} {
		if _, err := job.ParseSecret(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}
