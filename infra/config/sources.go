package config

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"ephemr/internal/stage"
)

// maxSources is how many fit into the settings of functions: their environment has 4 KB.
const maxSources = 10

var bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)

// validateSources checks the buckets beside the lake. EventBridge would report an object
// of two overlapping sources twice.
func (c Config) validateSources() error {
	var errs []error
	if n := len(c.Sources); n > maxSources {
		errs = append(errs, fmt.Errorf("sources: %d entries; use at most %d", n, maxSources))
	}
	for i, s := range c.Sources {
		at := fmt.Sprintf("sources[%d]", i)
		errs = append(errs, c.validateSource(at, s))
		for j, o := range c.Sources[:i] {
			if overlap(s, o) {
				errs = append(errs, fmt.Errorf("%s overlaps with sources[%d]; remove the longer prefix", at, j))
			}
		}
	}
	return errors.Join(errs...)
}

// validateSource checks a source by itself; at is its place in the configuration.
func (c Config) validateSource(at string, s stage.Source) error {
	var errs []error
	_, zone := c.Zones[s.Bucket]
	switch {
	case !bucketName.MatchString(s.Bucket):
		errs = append(errs, fmt.Errorf("%s.bucket: %q is not the name of a bucket", at, s.Bucket))
	case zone || strings.HasPrefix(s.Bucket, c.Name("")):
		errs = append(errs, fmt.Errorf("%s.bucket: %q is the name of a zone or of a bucket of the stage", at, s.Bucket))
	}
	if strings.HasPrefix(s.Prefix, "/") || strings.ContainsAny(s.Prefix, "*?") || strings.HasPrefix(s.Prefix, "s3:") {
		errs = append(errs, fmt.Errorf("%s.prefix: %q matches no object; write it without the bucket, a leading / and wildcards", at, s.Prefix))
	}
	return errors.Join(errs...)
}

// overlap reports whether an object can belong to both sources.
func overlap(a, b stage.Source) bool {
	return a.Bucket == b.Bucket && (strings.HasPrefix(a.Prefix, b.Prefix) || strings.HasPrefix(b.Prefix, a.Prefix))
}
