package config

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"ephemr/internal/access"
)

// Limits of Kinesis and Firehose.
// Sources: Amazon Kinesis Data Streams Developer Guide, "Quotas and limits"; Amazon Data Firehose API reference,
// BufferingHints; Amazon Data Firehose Developer Guide, "Quota" and "Convert input data format".
const (
	maxShards     = 500
	maxRetention  = 8760 * time.Hour
	minConversion = 64 // MiB, with conversion to Parquet or dynamic partitioning
	maxBufferMiB  = 128
	minDynamic    = 60 * time.Second // so that files of many partitions are not tiny
	maxBuffer     = 900 * time.Second
	maxKeys       = 50
	maxPrefix     = 1024 // characters of a prefix
)

var (
	streamName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,18}[a-z0-9]$`) // also that of a table, and part of a role's
	columnName = regexp.MustCompile(`^[a-z_][a-z0-9_]{0,127}$`)
	columnType = regexp.MustCompile(`^(string|boolean|tinyint|smallint|int|bigint|float|double|date|timestamp|binary|decimal\([0-9]{1,2},[0-9]{1,2}\)|(array|map|struct)<[a-z0-9_<>:,()]+>)$`)
)

// validateIngestion returns all errors of the ingestion.
func (c Config) validateIngestion() error {
	if c.Ingestion == nil {
		return nil
	}
	var errs []error
	m := keyARN.FindStringSubmatch(c.Ingestion.Key)
	switch {
	case m == nil:
		errs = append(errs, fmt.Errorf("ingestion.key %q must be the ARN of a KMS key, like arn:aws:kms:eu-west-1:111122223333:key/…", c.Ingestion.Key))
	case c.Ingestion.Key != "" && c.Region != "" && m[2] != c.Region:
		errs = append(errs, fmt.Errorf("ingestion.key is in Region %s, and the stage in %s: Kinesis requires a key of the stream's Region", m[2], c.Region))
	}
	for _, name := range c.StreamNames() {
		at := "ingestion.streams." + name
		if !streamName.MatchString(name) {
			errs = append(errs, fmt.Errorf("%s: invalid name: use 2 to 20 lower-case letters, digits and _, beginning with a letter", at))
		}
		s := c.Ingestion.Streams[name]
		if _, known := c.Zones[s.ZoneName()]; !known {
			errs = append(errs, fmt.Errorf("%s.zone: unknown zone %q; the lake has %s", at, s.ZoneName(), strings.Join(c.ZoneNames(), ", ")))
		}
		for _, text := range slices.Concat(s.validateStream(), s.validateTable(), s.validateBuffer(), s.validateTeams(c.TeamNames())) {
			errs = append(errs, fmt.Errorf("%s.%s", at, text))
		}
		if prefix := s.Prefix(name); len(prefix) > maxPrefix {
			errs = append(errs, fmt.Errorf("%s.keys: the prefix of objects has %d characters, more than %d; use fewer keys or shorter names", at, len(prefix), maxPrefix))
		}
	}
	return errors.Join(errs...)
}

// validateStream checks the stream itself. The texts begin with the key.
func (s Stream) validateStream() (errs []string) {
	need := texts(&errs)
	need(s.Shards >= 0 && s.Shards <= maxShards, "shards %d must be 1 to %d, or left out for a stream on demand", s.Shards, maxShards)
	kept := s.Retention.Std()
	need(kept == 0 || kept >= 24*time.Hour && kept <= maxRetention && kept%time.Hour == 0, "retention %s must be whole hours, 24h to 8760h", kept)
	return errs
}

// validateTable checks columns and partitions.
func (s Stream) validateTable() (errs []string) {
	need := texts(&errs)
	need(len(s.Columns) > 0, "columns is missing: Firehose needs the schema of a table to write Parquet")
	need(slices.Contains([]DateKey{"", ByDay, ByHour}, s.Date), "date %q must be day or hour", s.Date)
	need(len(s.Keys) <= maxKeys, "keys: %d entries; use at most %d", len(s.Keys), maxKeys)
	taken := map[string]bool{DayPartition: true, HourPartition: true}
	for i, c := range s.Columns {
		need(columnName.MatchString(c.Name), "columns[%d].name %q must be lower-case letters, digits and _", i, c.Name)
		need(columnType.MatchString(c.Type), "columns[%d].type %q is not a type of Hive; use one like string, bigint, double, decimal(18,2), timestamp or array<string>, without spaces", i, c.Type)
		need(!taken[c.Name], "columns[%d].name: %s is another column, or a partition by time; choose another name", i, c.Name)
		taken[c.Name] = true
	}
	for i, k := range s.Keys {
		need(columnName.MatchString(k.Name), "keys[%d].name %q must be lower-case letters, digits and _", i, k.Name)
		need(!taken[k.Name], "keys[%d].name: %s is a column or another partition; a table has each name once, choose another", i, k.Name)
		need(strings.HasPrefix(k.Query, "."), "keys[%d].query %q is not a query of JQ; it begins with a dot, like .customer_id", i, k.Query)
		taken[k.Name] = true
	}
	return errs
}

func (s Stream) validateBuffer() (errs []string) {
	need := texts(&errs)
	need(s.BufferSize() >= minConversion && s.BufferSize() <= maxBufferMiB,
		"bufferMiB %d must be %d to %d: Firehose refuses less with Parquet", s.BufferMiB, minConversion, maxBufferMiB)
	after := s.Buffer.Std()
	need(after == 0 || after > 0 && after <= maxBuffer && after%time.Second == 0, "buffer %s must be whole seconds, up to 15m", after)
	need(after == 0 || len(s.Keys) == 0 || after >= minDynamic, "buffer %s must be at least 1m with keys", after)
	return errs
}

func (s Stream) validateTeams(known []string) (errs []string) {
	need := texts(&errs)
	for i, team := range s.Teams {
		need(access.ValidTeam(team) && slices.Contains(known, team), "teams[%d]: unknown team %q; the stage has %s", i, team, strings.Join(known, ", "))
	}
	return errs
}

// texts returns a function that adds a text unless something holds.
func texts(errs *[]string) func(ok bool, format string, args ...any) {
	return func(ok bool, format string, args ...any) {
		if !ok {
			*errs = append(*errs, fmt.Sprintf(format, args...))
		}
	}
}
