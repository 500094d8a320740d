package cluster

import "ephemr/internal/fault"

// IsNotOurs reports whether err, of a call about one cluster, means that the
// cluster is not the stage's: EMR does not know it any more, or IAM denies the
// call because the cluster has another stage's tag.
func IsNotOurs(err error) bool {
	name := fault.NameOf(err)
	return name == fault.InvalidInput || name == fault.Permission
}
