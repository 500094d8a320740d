package deploy

import (
	"fmt"
	"regexp"
	"strconv"

	"ephemr/internal/cli/exit"

	"golang.org/x/mod/semver"
)

// described matches what git describe prints between two tags: tag, number of commits after it, commit.
var described = regexp.MustCompile(`^(v.+)-([0-9]+)-g[0-9a-f]+(-dirty)?$`)

// older reports whether version a is older than b; known is false if they cannot be compared, as versions without a tag.
func older(a, b string) (older, known bool) {
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

// checkVersion refuses to replace a newer version. deployed is "" if the stage has none.
func checkVersion(stage, deployed, ours string, downgrade bool) (note string, err error) {
	if deployed == "" || deployed == ours || downgrade {
		return "", nil
	}
	switch old, known := older(ours, deployed); {
	case !known:
		return fmt.Sprintf("stage %s has version %s, and this is %s: which one is newer is not known\n", stage, deployed, ours), nil
	case old:
		return "", exit.Usage("stage %s was deployed by ephemr %s, which is newer than this one, %s: an older version may not understand its records; "+
			"install that version, or deploy with --downgrade", stage, deployed, ours)
	}
	return "", nil
}
