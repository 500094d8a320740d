package version

import (
	"regexp"
	"strconv"

	"golang.org/x/mod/semver"
)

// described matches what git describe prints between two tags: tag, number of commits after it, commit.
var described = regexp.MustCompile(`^(v.+)-([0-9]+)-g[0-9a-f]+(-dirty)?$`)

// Older reports whether version a is older than b; known is false if they cannot be compared, as versions without a tag.
func Older(a, b string) (older, known bool) {
	tagA, afterA := split(a)
	tagB, afterB := split(b)
	if !semver.IsValid(tagA) || !semver.IsValid(tagB) {
		return false, false
	}
	if c := semver.Compare(tagA, tagB); c != 0 {
		return c < 0, true
	}
	return afterA < afterB, true
}

// split returns the tag of a version, and how many commits it is after that.
func split(version string) (tag string, after int) {
	m := described.FindStringSubmatch(version)
	if m == nil {
		return version, 0
	}
	after, _ = strconv.Atoi(m[2]) // only digits; a number that is too large is the largest
	return m[1], after
}
