package access_test

import (
	"strings"
	"testing"

	"ephemr/internal/access"
	"ephemr/internal/job"
	settings "ephemr/internal/stage"
)

const (
	ownSecret    = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:stores/password-AbCdEf" //nolint:gosec // the name of a secret
	otherSecret  = "arn:aws:secretsmanager:eu-west-1:999999999999:secret:stores/password-AbCdEf" //nolint:gosec // the name of a secret
	ownParameter = "arn:aws:ssm:eu-west-1:123456789012:parameter/stores/password"
)

func TestMayRead(t *testing.T) {
	t.Parallel()
	for pattern, secrets := range map[string]string{ //nolint:gosec // names of secrets
		"stores/password":     "stores/password stores/password#key " + ownSecret,
		"stores/*":            "stores/password " + ownSecret + " !store !ssm:/stores/password !" + otherSecret,
		"ssm:/stores/*":       "ssm:/stores/password ssm:stores/password " + ownParameter + " !stores/password !ssm:/stores",
		"ssm:stores/password": "ssm:/stores/password !ssm:/stores/password/x",
		ownSecret:             "stores/password " + ownSecret + " !stores/passwords",
		otherSecret:           otherSecret + " !stores/password !" + ownSecret,
		"arn:aws:secretsmanager:eu-west-1:999999999999:secret:stores/*": otherSecret + " !stores/password",
		ownParameter: "ssm:/stores/password " + ownParameter,
		"*":          "!stores/password",
	} {
		for text := range strings.FieldsSeq(secrets) {
			secret, denied := strings.CutPrefix(text, "!")
			ref, err := job.ParseSecret(secret)
			if err != nil {
				t.Fatal(err)
			}
			if got := access.MayRead([]string{"other", pattern}, ref, access.Place{Account: "123456789012", Region: "eu-west-1"}); got == denied {
				t.Errorf("%s allows %s: %v", pattern, secret, got)
			}
		}
	}
}

func TestResourcesOfSecrets(t *testing.T) {
	t.Parallel()
	for pattern, want := range map[string]string{ //nolint:gosec // names of secrets
		"stores/password": "secret:stores/password-??????", "stores/*": "secret:stores/*",
		"ssm:/stores/password": "parameter/stores/password", "ssm:stores/*": "parameter/stores/*",
		ownSecret: ownSecret, "arn:aws:secretsmanager:eu-west-1:999999999999:secret:st*": "arn:aws:secretsmanager:eu-west-1:999999999999:secret:st*", ownParameter: ownParameter,
	} {
		p, err := access.ParseSecrets(pattern)
		if got := p.Resource(); got != want || err != nil {
			t.Errorf("%s: %s, %v", pattern, got, err)
		}
	}
	for pattern, want := range map[string]string{
		"*": "all secrets of the account", "ssm:*": "all secrets", "ssm:/*": "all secrets", "arn:aws:secretsmanager:eu-west-1:999999999999:secret:*": "all secrets",
		"": "names no secret", "a*b": "is not the name of a secret", "stores/db#key": "rights are for whole secrets; remove #key",
	} {
		if _, err := access.ParseSecrets(pattern); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", pattern, err)
		}
	}
}

// No pattern of a job's secrets may allow reading the key of a VPN's authority, of this stage or another one.
func TestCoversVPNAuthority(t *testing.T) {
	t.Parallel()
	const arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:"
	for pattern, want := range map[string]bool{
		settings.VPNAuthority("dev"): true, arn + settings.VPNAuthority("dev") + "-AbCdEf": true, arn + settings.VPNAuthority("dev") + "-*": true,
		"e*": true, "ephemr*": true, "ephemr/*": true, "ephemr/d*": true, "ephemr/dev/*": true, "ephemr/dev/vpn*": true, arn + "ephemr/*": true,
		"ephemr/ops": false, "ephemr/vpn-authority": false, "ephemr/dev/stores/*": false, "ephemr/dev/jobs*": false, "stores/*": false, "ephemeral/*": false,
		"ephemr/Dev/*": false, "ssm:/ephemr/*": false, "ephemr/dev/vpn-authority/x": false,
	} {
		p, err := access.ParseSecrets(pattern)
		if got := p.CoversVPNAuthority(); got != want || err != nil {
			t.Errorf("%s covers an authority's key: %t, %v", pattern, got, err)
		}
	}
}
