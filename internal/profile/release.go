package profile

import (
	"fmt"
	"slices"
)

// ReleaseAtLeast reports whether a release label of EMR is not older than this
// one. A label that is not like emr-7.14.0 counts as newer.
func ReleaseAtLeast(label string, major, minor, patch int) bool {
	var a, b, c int
	if _, err := fmt.Sscanf(label, "emr-%d.%d.%d", &a, &b, &c); err != nil {
		return true
	}
	return slices.Compare([]int{a, b, c}, []int{major, minor, patch}) >= 0
}
