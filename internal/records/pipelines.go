package records

import (
	"fmt"
	"strings"
	"time"
)

// Sort keys of the items in a pipeline's partition of the Pipelines table. Those of
// SchedulesFirst up to SchedulesLast are the current version and its schedules, and
// not the other versions, which are large.
const (
	CurrentSort    = "CURRENT"
	RetiredPrefix  = "RETIRED#"
	SchedulePrefix = "SCHEDULE#"
	versionPrefix  = "V#"

	SchedulesFirst = CurrentSort
	SchedulesLast  = SchedulePrefix + "~"
)

// ByDue is the index of the Pipelines table with the schedules that have a planned time
// ahead and are not paused. It is eventually consistent.
const ByDue = "byDue" // partition DueName, sort DueOrderName

// Attributes of ByDue. An item without them is not in it.
const (
	DueName      = "gdDue"   // Due
	DueOrderName = "gdOrder" // DueOrder of the next planned time
)

// Due is the only partition of ByDue.
const Due = "DUE"

// CurrentVersionKey is the key of the newest version of a pipeline. Written by
// register.Store when a pipeline is applied, in one transaction with its triggers. Of a
// deleted pipeline it has only the number of the last version.
func CurrentVersionKey(pipeline string) Key { return Key{pipeline, CurrentSort} }

// VersionKey is the key of a version of a pipeline; numbers start at 1. Written
// by register.Store with CurrentVersionKey, never changed, and removed with the pipeline.
func VersionKey(pipeline string, number int) Key {
	return Key{pipeline, fmt.Sprintf(versionPrefix+"%06d", number)}
}

// IsVersion reports whether sort is that of a VersionKey.
func IsVersion(sort string) bool { return strings.HasPrefix(sort, versionPrefix) }

// ScheduleKey is the key of a schedule of a pipeline: calendar.Schedule. number is its
// place among the pipeline's schedules. Written by register.Store when a pipeline is
// applied, and by calendar.Store when planned times have been handled. Index: ByDue.
func ScheduleKey(pipeline string, number int) Key {
	return Key{pipeline, fmt.Sprintf(SchedulePrefix+"%02d", number)}
}

// RetiredKey is the key of a schedule that another version of the pipeline has replaced
// at a time, until the planned times before have been handled. Written by
// register.Store, deleted by calendar.Store. Index: ByDue.
func RetiredKey(pipeline string, until time.Time, number int) Key {
	return Key{pipeline, RetiredPrefix + TimeOrder(until, fmt.Sprintf("%02d", number))}
}

// DueOrder sorts schedules in ByDue by their next planned time.
func DueOrder(next time.Time, k Key) string { return TimeOrder(next, k.Partition+"#"+k.Sort) }

// CalendarKey is the key of when the calendar of the stage began. Written by
// calendar.Store at the first tick. No index.
func CalendarKey() Key { return Key{"CALENDAR", "BEGUN"} }

// WatchKey is the key of the prefixes and suffixes of a zone of the lake whose
// uploads start a pipeline. Written by register.Store, read by intake for each
// upload.
func WatchKey(zone, pipeline string) Key { return Key{WatchPartition(zone), pipeline} }

// WatchPartition holds the items of WatchKey of a zone.
func WatchPartition(zone string) string { return "S3#" + zone }

// FollowerKey is the key of a pipeline that waits for runs of another. Written by
// register.Store in the transaction that registers the pipeline that waits; read by intake
// when a run of the other has succeeded.
func FollowerKey(upstream, pipeline string) Key { return Key{FollowersPartition(upstream), pipeline} }

// FollowersPartition holds the items of FollowerKey of a pipeline that is waited for.
func FollowersPartition(upstream string) string { return "AFTER#" + upstream }

// GraphKey is the key of the number of changes of what pipelines wait for. Written by
// register.Store in each transaction that changes it, so that two of them cannot make a
// loop together.
func GraphKey() Key { return Key{"AFTER", "GRAPH"} }
