package stacks_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// secretShapes are values that are secrets by their form.
var secretShapes = map[string]*regexp.Regexp{
	"an access key":    regexp.MustCompile(`\b(AKIA|ASIA)[A-Z0-9]{16}\b`),
	"a private key":    regexp.MustCompile(`-----BEGIN [A-Z ]*PRIVATE KEY`),
	"a token":          regexp.MustCompile(`\b(gh[pousr]_\w{20,}|xox[abp]-[\w-]{10,}|eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.)`),
	"a password":       regexp.MustCompile(`(?i)\b(password|passwd|pwd|secret|token|api[_-]?key)=[^\s&{$]+`),
	"credentials":      regexp.MustCompile(`://[^/\s:@{]+:[^/\s@{]+@`),
	"an authorization": regexp.MustCompile(`(?i)\b(bearer|basic) [\w+/=.-]{12,}`),
}

// secretKey is a property or variable that would have a secret.
var secretKey = regexp.MustCompile(`(?i)(password|passwd|secret|token|api_?key|apikeyvalue|routing_?key|private_?key|credential)`)

// secretReference is a value that says where a secret is: CloudFormation or Step Functions resolves it, or it is a name or
// an ARN.
var secretReference = regexp.MustCompile(`^(\{\{resolve:(secretsmanager|ssm-secure):[^}]+\}\}|\$\$?\.[\w.]+|arn:.+|[\w/.-]{1,64})$`)

// random is a text of letters and digits that might be a key; digests of assets and of constructs' paths are none.
var (
	random = regexp.MustCompile(`[A-Za-z0-9+=]{24,}`)
	digest = regexp.MustCompile(`\b[0-9a-f]{64}\b|[0-9A-F]{8}\b`)
)

// secretsIn lists what looks like a secret in a value of a template, with where it is.
func secretsIn(where, key string, v any) (found []string) {
	switch v := v.(type) {
	case []any:
		for i, item := range v {
			found = append(found, secretsIn(fmt.Sprintf("%s[%d]", where, i), key, item)...)
		}
	case map[string]any:
		if v["Ref"] != nil || v["Fn::GetAtt"] != nil { // names of resources
			return nil
		}
		for _, k := range slices.Sorted(maps.Keys(v)) {
			found = append(found, secretsIn(where+"."+k, k, v[k])...)
		}
	case string:
		return secretIn(where, key, v)
	}
	return found
}

func secretIn(where, key, value string) (found []string) {
	var nested any
	if json.Unmarshal([]byte(value), &nested) == nil && strings.ContainsAny(value, "{[") { // settings, the state machine
		return secretsIn(where, key, nested)
	}
	for what, shape := range secretShapes {
		if shape.MatchString(value) {
			found = append(found, where+": "+what)
		}
	}
	if secretKey.MatchString(strings.TrimPrefix(key, "token.actions.githubusercontent.com:")) && !secretReference.MatchString(value) {
		found = append(found, where+": a value that is no reference")
	}
	for _, part := range random.FindAllString(digest.ReplaceAllString(value, ""), -1) {
		if key != "PolicyName" && entropy(part) > 4.2 && // policies have names of the CDK
			strings.ContainsAny(part, "0123456789") {
			found = append(found, where+": a random text "+part)
		}
	}
	return found
}

// entropy is that of the characters of a text, in bits for each.
func entropy(text string) (bits float64) {
	counts := map[rune]float64{}
	for _, c := range text {
		counts[c]++
	}
	for _, n := range counts {
		p := n / float64(len(text))
		bits -= p * math.Log2(p)
	}
	return bits
}

// No template, environment of a function, parameter or state machine has a secret: they name secrets.
func TestTemplatesHaveNoSecrets(t *testing.T) {
	t.Parallel()
	for name, s := range withFull() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for stack, template := range s.templates {
				for logical, r := range template.Resources {
					for _, found := range secretsIn(stack+"/"+logical, "", r.Properties) {
						t.Error(found)
					}
				}
			}
		})
	}
}

func TestSecretsAreFound(t *testing.T) {
	t.Parallel()
	for value, key := range map[string]string{ //nolint:gosec // made up
		"AKIA" + "ABCDEFGHIJKLMNOP":                           "Value",
		"-----BEGIN RSA " + "PRIVATE KEY-----":                "Value",
		"postgres://app:hunter2@db/orders":                    "Value",
		"jdbc:postgresql://db/orders?user=a&password=hunter2": "Value",
		"Bearer abcdefghijklmnop":                             "Value",
		"kX9vQ2mZ7pL4wR8tY1nB6cD3fG5hJ0sA":                    "Value",
		`{"hook":{"token":"correct horse battery"}}`:          "EPHEMR_SETTINGS",
		"correct horse":                                       "DB_PASSWORD",
	} {
		if secretsIn("x", key, value) == nil {
			t.Errorf("%s = %s is not found", key, value)
		}
	}
	for value, key := range map[string]string{
		"{{resolve:secretsmanager:ephemr/ops:SecretString:::}}":                     "ApiKeyValue",
		"arn:aws:secretsmanager:eu-west-1:111122223333:secret:stores/db-AbCdEf":     "secret",
		"com.amazonaws.glue.catalog.metastore.AWSGlueDataCatalogHiveClientFactory1": "Value",
	} {
		if found := secretsIn("x", key, value); found != nil {
			t.Errorf("%s = %s is no secret: %v", key, value, found)
		}
	}
}
