package config

import (
	"ephemr/internal/pipeline"
)

// Ingestion configures what brings data into the lake without a pipeline.
type Ingestion struct {
	Key     string            `yaml:"key"`     // ARN of a KMS key of the streams; empty = the AWS managed key of Kinesis
	Streams map[string]Stream `yaml:"streams"` // by name, which is also that of the table
}

// Stream is a Kinesis data stream whose records Firehose converts from JSON to Parquet, in a zone of the lake.
type Stream struct {
	Shards    int               `yaml:"shards"`    // 0 = on demand
	Retention pipeline.Duration `yaml:"retention"` // of records in the stream, whole hours; 0 = DefaultRetention

	Zone    string   `yaml:"zone"`    // "" = DefaultIngestZone
	Columns []Column `yaml:"columns"` // of the table and the Parquet files
	Date    DateKey  `yaml:"date"`    // partitions by the time of arrival, UTC; "" = ByDay
	Keys    []Key    `yaml:"keys"`    // more partitions, by values of records; none = no dynamic partitioning

	Buffer    pipeline.Duration `yaml:"buffer"`    // until a file is written; 0 = DefaultBuffer
	BufferMiB int               `yaml:"bufferMiB"` // of records in a file; 0 = DefaultBufferMiB

	Teams []string `yaml:"teams"` // that may put records
}

// Column is a column of a Glue table.
type Column struct {
	Name string `yaml:"name"`
	Type string `yaml:"type"` // of Hive
}

// Key is a partition by a value of each record.
type Key struct {
	Name  string `yaml:"name"`
	Query string `yaml:"query"` // JQ 1.6
}

// DateKey is a kind of partitions by time.
type DateKey string

// The partitions by time of arrival: dt=2026-12-01, and within it hour=13.
const (
	ByDay  DateKey = "day"
	ByHour DateKey = "hour"
)

// Names of the partitions by time.
const (
	DayPartition  = "dt"
	HourPartition = "hour"
)

// Defaults of streams.
const (
	DefaultRetention  = 24  // hours
	DefaultBuffer     = 300 // seconds
	DefaultBufferMiB  = 128
	DefaultIngestZone = "raw"
)

// QuarantinePrefix is where Firehose writes the records that it cannot convert. It must be in the bucket of the other
// records.
// Source: Amazon Data Firehose Developer Guide, "Understand custom prefixes for Amazon S3 objects".
const QuarantinePrefix = "quarantine/"

// StreamNames lists the streams, sorted.
func (c Config) StreamNames() []string {
	if c.Ingestion == nil {
		return nil
	}
	return sortedKeys(c.Ingestion.Streams)
}

// ZoneName is the zone that the stream writes.
func (s Stream) ZoneName() string {
	if s.Zone == "" {
		return DefaultIngestZone
	}
	return s.Zone
}

// Hours is the retention of the stream.
func (s Stream) Hours() int {
	if s.Retention == 0 {
		return DefaultRetention
	}
	return int(s.Retention.Std().Hours())
}

// BufferSeconds is the longest time until a record is in a file.
func (s Stream) BufferSeconds() int {
	if s.Buffer == 0 {
		return DefaultBuffer
	}
	return int(s.Buffer.Std().Seconds())
}

// BufferSize is the size of the records, in MiB, that make a file before its time.
func (s Stream) BufferSize() int {
	if s.BufferMiB == 0 {
		return DefaultBufferMiB
	}
	return s.BufferMiB
}

// Partitions are the names of the partitions, in the order of their folders.
func (s Stream) Partitions() []string {
	names := []string{DayPartition}
	if s.Date == ByHour {
		names = append(names, HourPartition)
	}
	for _, k := range s.Keys {
		names = append(names, k.Name)
	}
	return names
}

// Prefix is that of the stream's objects, with expressions of Firehose.
func (s Stream) Prefix(name string) string {
	prefix := name + "/" + DayPartition + "=!{timestamp:yyyy-MM-dd}/"
	if s.Date == ByHour {
		prefix += HourPartition + "=!{timestamp:HH}/"
	}
	for _, k := range s.Keys {
		prefix += k.Name + "=!{partitionKeyFromQuery:" + k.Name + "}/"
	}
	return prefix
}

// ErrorPrefix is that of the records that Firehose could not convert. It cannot have partitions by values.
func ErrorPrefix(name string) string {
	return QuarantinePrefix + name + "/!{firehose:error-output-type}/" + DayPartition + "=!{timestamp:yyyy-MM-dd}/"
}

// DeliveryName is the name of the stream's Firehose. Dynamic partitioning can only be chosen when it is created, so that
// a change of that makes another one.
// Source: Amazon Data Firehose Developer Guide, "Enable dynamic partitioning in Amazon Data Firehose".
func (c Config) DeliveryName(name string) string {
	if len(c.Ingestion.Streams[name].Keys) > 0 {
		return c.Name(name + "-by-key")
	}
	return c.Name(name)
}
