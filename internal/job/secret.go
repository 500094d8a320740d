package job

import (
	"fmt"
	"regexp"
	"strings"
)

// Secret says where a secret is, and how the program gets its value. The value itself
// is known to the runner only.
type Secret struct {
	Secret string `json:"secret"`       // as ParseSecret reads it
	As     string `json:"as,omitempty"` // AsEnv, which is the default, or AsFile
}

// How a program gets a secret.
const (
	AsEnv  = "env"  // the variable has the value
	AsFile = "file" // the variable has the path of a file with the value
)

// SecretRef is the address of a secret.
type SecretRef struct {
	Store  SecretStore
	Name   string // without the prefix ssm:; of an ARN what follows "secret:" or "parameter"
	ARN    string // "" = in the job's account and Region
	Region string // of an ARN
	Key    string // of a JSON object; "" = the whole value
}

// SecretStore is a service that keeps secrets.
type SecretStore string

// The stores of secrets.
const (
	SecretsManager SecretStore = "Secrets Manager"
	ParameterStore SecretStore = "SSM Parameter Store"
)

// String is the address without the key.
func (r SecretRef) String() string {
	switch {
	case r.ARN != "":
		return r.ARN
	case r.Store == ParameterStore:
		return "ssm:" + r.Name
	}
	return r.Name
}

var (
	secretName    = regexp.MustCompile(`^[A-Za-z0-9/_+=.@-]{1,512}$`)
	parameterName = regexp.MustCompile(`^[A-Za-z0-9/_.-]{1,1000}$`)
	secretARN     = regexp.MustCompile(`^arn:aws[a-z-]*:secretsmanager:([a-z0-9-]+):[0-9]{12}:secret:([A-Za-z0-9/_+=.@-]{1,519})$`)
	parameterARN  = regexp.MustCompile(`^arn:aws[a-z-]*:ssm:([a-z0-9-]+):[0-9]{12}:parameter(/[A-Za-z0-9/_.-]{1,1000})$`)
)

// ParseSecret reads the address of a secret: the name of a secret of Secrets Manager,
// "ssm:" and the name of a parameter, or the ARN of either; and "#" and a key where the
// value is a JSON object.
func ParseSecret(text string) (SecretRef, error) {
	address, key, keyed := strings.Cut(text, "#")
	if keyed && key == "" {
		return SecretRef{}, fmt.Errorf("%q has no key after #; add one, or remove the #", text)
	}
	ref := SecretRef{Store: SecretsManager, Name: address, Key: key}
	parameter, isParameter := strings.CutPrefix(address, "ssm:")
	switch m := []string(nil); {
	case address == "":
		return SecretRef{}, fmt.Errorf("%q names no secret; %s", text, addressRule)
	case isParameter && parameterName.MatchString(parameter):
		ref.Store, ref.Name = ParameterStore, parameter
	case isParameter:
		return SecretRef{}, fmt.Errorf("%q is not the name of a parameter; use letters, digits and /_.- as in ssm:/stores/token", text)
	case strings.HasPrefix(address, "arn:"):
		if m = parameterARN.FindStringSubmatch(address); m != nil {
			ref.Store = ParameterStore
		} else if m = secretARN.FindStringSubmatch(address); m == nil {
			return SecretRef{}, fmt.Errorf("%q is not the ARN of a secret or a parameter; %s", text, addressRule)
		}
		ref.ARN, ref.Region, ref.Name = address, m[1], m[2]
	case !secretName.MatchString(address):
		return SecretRef{}, fmt.Errorf("%q is not the name of a secret: use letters, digits and /_+=.@-; %s", text, addressRule)
	}
	return ref, nil
}

const addressRule = "write NAME or NAME#KEY of Secrets Manager, ssm:/path/name, or an ARN"
