package profile

import (
	"fmt"
	"regexp"
)

var (
	image    = regexp.MustCompile(`^ami-([0-9a-f]{8}|[0-9a-f]{17})$`)
	checksum = regexp.MustCompile(`^[0-9a-f]{64}$`)
	object   = regexp.MustCompile(`^s3://[^/]+/.+$`)
)

// validateImage reports what EMR would reject of a custom image. An image is of one architecture, and so are all
// fallbacks.
// Source: Amazon EMR Management Guide, "Using a custom AMI".
func (p Profile) validateImage() error {
	switch {
	case p.Image == "":
		return nil
	case !image.MatchString(p.Image):
		return fmt.Errorf("image %q is not the id of an AMI (example: ami-0123456789abcdef0)", p.Image)
	case !ReleaseAtLeast(p.Release, 5, 7, 0):
		return fmt.Errorf("image: release %s has no custom images; use emr-5.7.0 or later", p.Release)
	}
	first, of := "", ""
	for n := range p.Rungs() {
		for _, t := range p.Rung(n).Primary.Types {
			architecture, _, ok := instance(t)
			if ok && of != "" && architecture != of {
				return fmt.Errorf("image: %s has one architecture, but %s is %s and %s of %s is %s; use types of one", p.Image, first, of, t, rungName(n), architecture)
			}
			if ok && of == "" {
				first, of = t, architecture
			}
		}
	}
	return nil
}

// validateBootstrap reports checksums that no file can have, and files that cannot be verified.
func (p Profile) validateBootstrap() error {
	for i, b := range p.Bootstrap {
		switch {
		case b.SHA256 == "":
		case !checksum.MatchString(b.SHA256):
			return fmt.Errorf("bootstrap[%d].sha256 %q is not a checksum: use the 64 digits that sha256sum prints", i, b.SHA256)
		case !object.MatchString(b.Path):
			return fmt.Errorf("bootstrap[%d].sha256: only files in S3 are verified, not %q; use s3://bucket/key", i, b.Path)
		}
	}
	return nil
}
