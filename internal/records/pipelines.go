package records

import "fmt"

// CurrentSort is the sort key of the newest version of each pipeline.
const CurrentSort = "CURRENT"

// CurrentVersionKey is the key of the newest version of a pipeline. Written by
// register.Store when a pipeline is applied.
func CurrentVersionKey(pipeline string) Key { return Key{pipeline, CurrentSort} }

// VersionKey is the key of a version of a pipeline; numbers start at 1. Written
// by register.Store after CurrentVersionKey and never changed.
func VersionKey(pipeline string, number int) Key { return Key{pipeline, fmt.Sprintf("V#%06d", number)} }

// WatchKey is the key of the prefixes and suffixes of a zone of the lake whose
// uploads start a pipeline. Written by register.Store, read by intake for each
// upload.
func WatchKey(zone, pipeline string) Key { return Key{WatchPartition(zone), pipeline} }

// WatchPartition holds the items of WatchKey of a zone.
func WatchPartition(zone string) string { return "S3#" + zone }
