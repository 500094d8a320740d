package config

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
)

// Limits of names: of a role in IAM, and of a bucket.
const (
	maxRole   = 64
	maxBucket = 63
)

var (
	regionName = regexp.MustCompile(`^([a-z]{2,4}(-[a-z]+)+-[0-9]+)?$`)
	policyARN  = regexp.MustCompile(`^(arn:aws[a-z-]*:iam::(aws|[0-9]{12}):policy/[\w+=,.@/-]+)?$`)
	keyARN     = regexp.MustCompile(`^(arn:aws[a-z-]*:kms:([a-z0-9-]+):[0-9]{12}:key/[A-Za-z0-9-]+)?$`)
)

// validateNames rejects names that would be too long with the account and the Region, which is the longest if the
// stage has no fixed one.
func (c Config) validateNames() error {
	var errs []error
	region := cmp.Or(c.Region, longestRegion)
	for _, name := range append(c.ZoneNames(), ownBuckets...) {
		if bucket := c.BucketName(name, "123456789012", region); len(bucket) > maxBucket {
			errs = append(errs, fmt.Errorf("%s.%s: bucket %s would have %d characters, more than %d; use a shorter name for the zone or the stage",
				c.zonesKey(), name, bucket, len(bucket), maxBucket))
		}
	}
	for _, user := range c.UserNames() {
		if role := c.GlobalName(UserRole(user), region); len(role) > maxRole {
			errs = append(errs, fmt.Errorf("access.users.%s: role %s would have %d characters, more than %d; use a shorter name for the user or the stage",
				user, role, len(role), maxRole))
		}
	}
	return errors.Join(errs...)
}

func (c Config) validateKeys() error {
	var errs []error
	if !policyARN.MatchString(c.PermissionsBoundary) {
		errs = append(errs, fmt.Errorf("permissionsBoundary %q must be the ARN of a managed policy, like arn:aws:iam::111122223333:policy/boundary", c.PermissionsBoundary))
	}
	for _, key := range []struct{ name, arn string }{{"buckets", c.Keys.Buckets}, {"bootstrap", c.Keys.Bootstrap}} {
		m := keyARN.FindStringSubmatch(key.arn)
		switch {
		case m == nil:
			errs = append(errs, fmt.Errorf("keys.%s %q must be the ARN of a KMS key, like arn:aws:kms:eu-west-1:111122223333:key/…; permissions do not work with aliases", key.name, key.arn))
		case key.arn != "" && c.Region != "" && m[2] != c.Region:
			errs = append(errs, fmt.Errorf("keys.%s is in Region %s, and the stage in %s: S3 requires a key of the bucket's Region", key.name, m[2], c.Region))
		}
	}
	return errors.Join(errs...)
}
