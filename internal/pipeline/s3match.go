package pipeline

import (
	"path"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

// Match is what an object is to an S3 trigger.
type Match string

// What an object can be.
const (
	NoMatch    Match = ""
	IsData     Match = "data"     // it starts a run, or belongs into a batch
	IsMarker   Match = "marker"   // it closes the batch
	IsManifest Match = "manifest" // it lists the objects of a batch
)

// Match reports what an object of t's bucket is to t.
func (t S3Trigger) Match(key string, size int64) Match {
	name, below := strings.CutPrefix(key, t.Prefix)
	if !below || matchesAny(t.Exclude, name) {
		return NoMatch
	}
	if b := t.Batch; b != nil {
		switch {
		case b.Marker != "" && matches(b.Marker, name, false):
			return IsMarker
		case b.Manifest != "" && matches(b.Manifest, name, false):
			return IsManifest
		}
	}
	if !t.selected(key, name, size) {
		return NoMatch
	}
	return IsData
}

// selected reports whether the object is data. Names that tools use for themselves are
// not, unless a suffix or a glob names them.
func (t S3Trigger) selected(key, name string, size int64) bool {
	asked := false
	if len(t.Suffix) > 0 {
		i := slices.IndexFunc(t.Suffix, func(s string) bool { return strings.HasSuffix(key, s) })
		if i < 0 {
			return false
		}
		asked = IsHidden(t.Suffix[i], 1)
	}
	if len(t.Globs) > 0 {
		i := slices.IndexFunc(t.Globs, func(g string) bool { return matches(g, name, false) })
		if i < 0 {
			return false
		}
		asked = asked || IsHidden(t.Globs[i], 1)
	}
	return asked || !IsHidden(name, size)
}

// hidden are names that Hadoop, Hive, Spark, Databricks and the AWS CLI use for
// themselves: of directories while they write, and of files beside the data.
var hidden = []string{
	"_temporary", "_temporary-*", ".hive-staging_*", ".spark-staging-*", "_impala_insert_staging",
	"_SUCCESS", "_started_*", "_committed_*", "*.crc", "*_$folder$", "*._COPYING_",
}

// IsHidden reports whether an object, by its path below a prefix, is no data: it has a name
// that tools use for themselves, or is a folder that the S3 console has made.
func IsHidden(name string, size int64) bool {
	return size == 0 && (name == "" || strings.HasSuffix(name, "/")) || matchesAny(hidden, name)
}

// matchesAny reports whether a pattern matches the path below the prefix or, without a slash, any name in it.
func matchesAny(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return matches(p, name, true) })
}

// matches reports whether the path below the prefix matches a pattern. One without a
// slash is compared with the last name, or with every name of the path; one that ends
// with a slash stands for everything below.
func matches(pattern, name string, directories bool) bool {
	if strings.HasSuffix(pattern, "/") {
		pattern += "**"
	}
	if strings.Contains(pattern, "/") {
		return doublestar.MatchUnvalidated(pattern, name)
	}
	if !directories {
		return doublestar.MatchUnvalidated(pattern, path.Base(name))
	}
	return slices.ContainsFunc(strings.Split(name, "/"), func(part string) bool { return doublestar.MatchUnvalidated(pattern, part) })
}

// selects reports whether t and o match the same objects.
func (t S3Trigger) selects(o S3Trigger) bool {
	return t.Bucket == o.Bucket && t.Prefix == o.Prefix && slices.Equal(t.Suffix, o.Suffix) &&
		slices.Equal(t.Globs, o.Globs) && slices.Equal(t.Exclude, o.Exclude)
}

// Same reports whether t and o are the same trigger.
func (t S3Trigger) Same(o S3Trigger) bool {
	if t.Batch == nil || o.Batch == nil {
		return t.selects(o) && t.Batch == o.Batch
	}
	return t.selects(o) && *t.Batch == *o.Batch
}
