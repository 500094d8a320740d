package access

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"ephemr/internal/job"
)

// SecretPattern is which secrets a role may read: one, or all whose names begin alike.
type SecretPattern struct {
	Ref    job.SecretRef
	Prefix bool
}

// ParseSecrets reads a pattern of secrets: an address as in a job, without a key, or the
// beginning of one and a *.
func ParseSecrets(pattern string) (SecretPattern, error) {
	address, prefix := strings.CutSuffix(pattern, "*")
	if prefix && (address == "" || address == "ssm:" || address == "ssm:/" || strings.HasSuffix(address, ":secret:") || strings.HasSuffix(address, ":parameter/")) {
		return SecretPattern{}, errors.New("allows all secrets of the account; begin with a name, as in stores/*")
	}
	ref, err := job.ParseSecret(address)
	if err != nil {
		return SecretPattern{}, err
	}
	if ref.Key != "" {
		return SecretPattern{}, fmt.Errorf("has a key, and rights are for whole secrets; remove #%s", ref.Key)
	}
	return SecretPattern{Ref: ref, Prefix: prefix}, nil
}

// MayRead reports whether patterns allow reading a secret, for jobs in the account and
// Region that place names.
func MayRead(patterns []string, ref job.SecretRef, place Place) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		p, err := ParseSecrets(pattern)
		return err == nil && p.covers(ref, place)
	})
}

// Place is where a role reads secrets that are named without an ARN.
type Place struct{ Account, Region string }

// Of is where the secret is.
func (p Place) Of(ref job.SecretRef) Place {
	if ref.ARN == "" {
		return p
	}
	parts := strings.Split(ref.ARN, ":")
	return Place{Account: parts[4], Region: parts[3]}
}

func (p SecretPattern) covers(ref job.SecretRef, place Place) bool {
	if p.Ref.Store != ref.Store || place.Of(p.Ref) != place.Of(ref) {
		return false
	}
	if p.Prefix {
		return strings.HasPrefix(nameOf(ref), strings.TrimPrefix(p.Ref.Name, "/"))
	}
	return nameOf(p.Ref) == nameOf(ref)
}

// vpnAuthority is the name of the secret, and vpnAuthorities are its beginnings; an ARN may have that of the suffix, too.
var (
	vpnAuthority   = regexp.MustCompile(`^ephemr/[a-z][a-z0-9]{1,11}/vpn-authority$`)
	vpnAuthorities = []*regexp.Regexp{
		regexp.MustCompile(`^` + beginning("ephemr") + `$`), regexp.MustCompile(`^ephemr/([a-z][a-z0-9]{0,11})?$`),
		regexp.MustCompile(`^ephemr/[a-z][a-z0-9]{1,11}/(` + beginning("vpn-authority") + `|vpn-authority-.*)?$`),
	}
)

// beginning is a regular expression that matches each beginning of text.
func beginning(text string) string {
	return strings.Join(strings.Split(text, ""), "(") + strings.Repeat(")?", len(text)-1)
}

// CoversVPNAuthority reports whether the pattern allows reading the key of a VPN's certificate authority, of any stage:
// the stages of an account share Secrets Manager. See stage.VPNAuthority.
func (p SecretPattern) CoversVPNAuthority() bool {
	if p.Ref.Store != job.SecretsManager {
		return false
	}
	if !p.Prefix {
		return vpnAuthority.MatchString(nameOf(p.Ref))
	}
	return slices.ContainsFunc(vpnAuthorities, func(begin *regexp.Regexp) bool { return begin.MatchString(p.Ref.Name) })
}

// suffix is what Secrets Manager adds to a name in an ARN.
var suffix = regexp.MustCompile(`-[A-Za-z0-9]{6}$`)

// nameOf is a name without what only ARNs or only some parameters have.
func nameOf(ref job.SecretRef) string {
	if ref.ARN != "" && ref.Store == job.SecretsManager {
		return suffix.ReplaceAllString(ref.Name, "")
	}
	return strings.TrimPrefix(ref.Name, "/")
}

// IsParameter reports whether the pattern is for the SSM Parameter Store.
func (p SecretPattern) IsParameter() bool { return p.Ref.Store == job.ParameterStore }

// Resource is the resource of a policy for the pattern; without an ARN it is that part
// which follows the account.
func (p SecretPattern) Resource() string {
	resource := p.Ref.ARN
	switch {
	case resource != "":
	case p.IsParameter():
		resource = "parameter/" + strings.TrimPrefix(p.Ref.Name, "/")
	default:
		resource = "secret:" + p.Ref.Name
	}
	switch {
	case p.Prefix:
		return resource + "*"
	case p.Ref.ARN == "" && !p.IsParameter():
		return resource + "-??????" // which Secrets Manager adds to the name
	}
	return resource
}
