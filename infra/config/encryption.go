package config

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"ephemr/internal/profile"
)

// Encryption configures what clusters encrypt, by their security configuration.
type Encryption struct {
	Disks        string `yaml:"disks"`        // ARN of a KMS key of the stage's Region: local disks, EBS volumes, and objects that EMRFS writes; empty = EMR's defaults
	Certificates string `yaml:"certificates"` // s3://….zip with PEM certificates: TLS between the nodes of a cluster; empty = none
}

var certificates = regexp.MustCompile(`^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/.+\.zip$`)

// SecuresClusters reports whether the stage makes security configurations of EMR. The emulator cannot.
func (c Config) SecuresClusters() bool { return !c.CoarseRights }

// validateEncryption compares the settings with what EMR takes.
// Sources: Amazon EMR Management Guide, "Encryption options" and "Create a security configuration using the AWS CLI".
func (c Config) validateEncryption() error {
	e := c.Encryption
	var errs []error
	need := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	m := keyARN.FindStringSubmatch(e.Disks)
	need(m != nil, "encryption.disks %q must be the ARN of a KMS key, like arn:aws:kms:eu-west-1:111122223333:key/…; permissions do not work with aliases", e.Disks)
	need(m == nil || e.Disks == "" || c.Region == "" || m[2] == c.Region, "encryption.disks: the key must be of the stage's Region %s; use another key", c.Region)
	need(e.Certificates == "" || certificates.MatchString(e.Certificates), "encryption.certificates %q must be a zip file in S3, like s3://bucket/certificates.zip", e.Certificates)
	used := e != Encryption{}
	need(!used || c.SecuresClusters(), "encryption: the emulator has no security configurations; remove it, or coarseRights")
	need(!used || c.Access.SecurityConfig == "", "encryption: clusters of users have access.securityConfiguration %s, which encryption does not change; remove one of the two", c.Access.SecurityConfig)
	return errors.Join(append(errs, c.validateSecured()...)...)
}

// validateSecured refuses releases that ignore or reject the stage's security configuration.
// Source: Amazon EMR Management Guide, "Configure Amazon EC2 instance metadata service".
func (c Config) validateSecured() (errs []error) {
	if !c.SecuresClusters() {
		return nil
	}
	for _, name := range c.ShapeNames() {
		p := c.Shapes[name]
		old := !profile.ReleaseAtLeast(p.Release, 5, 32, 0) || strings.HasPrefix(p.Release, "emr-6.0.") || strings.HasPrefix(p.Release, "emr-6.1.")
		if old && p.SecurityConfig == "" {
			errs = append(errs, fmt.Errorf("profiles.%s: release %s does not support IMDSv2; use emr-5.32.0, emr-6.2.0 or later, or a securityConfiguration of its own", name, p.Release))
		}
	}
	return errs
}

// CertificateObject is the object of certificates as bucket/key, or "".
func (c Config) CertificateObject() string {
	return strings.TrimPrefix(c.Encryption.Certificates, "s3://")
}
