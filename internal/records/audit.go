package records

import "time"

// AuditKey is the key of what a person has asked for: audit.Entry. invocation is the request id of the function's
// invocation, which CloudTrail records as well. Written by audit.Trail, for control and register: before the request is
// carried out, and again when its outcome is known. No index: the partitions are days.
func AuditKey(at time.Time, invocation string) Key {
	return Key{AuditPartition(at), TimeOrder(at, invocation)}
}

// AuditPartition holds the items of AuditKey of a day, in UTC.
func AuditPartition(day time.Time) string { return "AUDIT#" + day.UTC().Format(time.DateOnly) }
