package stage

import (
	"slices"
	"strings"
)

// Source is a bucket beside the lake, or a part of it, whose objects can be triggers.
// Its owner has it send events to EventBridge.
type Source struct {
	Bucket string `json:"bucket" yaml:"bucket"`
	Prefix string `json:"prefix,omitempty" yaml:"prefix"` // "" = the whole bucket
}

// SourceBuckets lists the buckets of the sources, each once.
func (s Settings) SourceBuckets() []string {
	var buckets []string
	for _, x := range s.Sources {
		if !slices.Contains(buckets, x.Bucket) {
			buckets = append(buckets, x.Bucket)
		}
	}
	return buckets
}

// IsSource reports whether everything below prefix in a bucket belongs to a source.
func (s Settings) IsSource(bucket, prefix string) bool {
	return slices.ContainsFunc(s.Sources, func(x Source) bool { return x.Bucket == bucket && strings.HasPrefix(prefix, x.Prefix) })
}

// TriggerSource is what triggers call a bucket: the zone of the lake, or the bucket
// itself if it is a source. It is "" for any other bucket.
func (s Settings) TriggerSource(bucket string) string {
	for zone, b := range s.Lake {
		if b == bucket {
			return zone
		}
	}
	if slices.Contains(s.SourceBuckets(), bucket) {
		return bucket
	}
	return ""
}

// BucketOf is the bucket of what triggers call source.
func (s Settings) BucketOf(source string) string {
	if b, ok := s.Lake[source]; ok {
		return b
	}
	return source
}
