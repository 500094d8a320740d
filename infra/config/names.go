package config

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"

	"ephemr/internal/stage"
)

// Name is the name of a stage's resource, e.g. ephemr-dev-runs. Names are
// deterministic, so that policies and settings can refer to resources that are
// defined later.
func (c Config) Name(what string) string { return "ephemr-" + c.Stage + "-" + what }

// GlobalName is the name of a resource of IAM, e.g. ephemr-dev-emr-service-eu-west-1. An account has these names once
// for all Regions: with the Region it can have the stage in each.
func (c Config) GlobalName(what, region string) string { return c.Name(what) + "-" + region }

// BucketName is the name of a bucket, e.g. ephemr-dev-raw-111122223333-eu-west-1. These names are unique in all
// accounts of AWS.
func (c Config) BucketName(what, account, region string) string {
	return c.Name(what) + "-" + account + "-" + region
}

// Bus is the name of the event bus for ephemr's own events.
func (c Config) Bus() string { return "ephemr-" + c.Stage }

// NamespaceName is the name of the Cloud Map namespace of ready clusters.
func (c Config) NamespaceName() string { return "ephemr-" + c.Stage }

// Database is the name of the lake's Glue database.
func (c Config) Database() string { return stage.Database(c.Stage) }

// LogGroup is the name of a log group, e.g. /ephemr/dev/runs.
func (c Config) LogGroup(what string) string { return "/ephemr/" + c.Stage + "/" + what }

// ObjectsRule is the name of the rule that matches uploads to a zone.
func (c Config) ObjectsRule(zone string) string { return c.Name("objects-" + zone) }

// SourceRule is the name of the rule that matches objects of a source. Names of rules have
// at most 64 characters, and those of buckets 63.
func (c Config) SourceRule(s stage.Source) string {
	sum := sha256.Sum256([]byte(s.Bucket + "/" + s.Prefix))
	return c.Name("source-" + hex.EncodeToString(sum[:])[:12])
}

// SucceededRule is the name of the rule on the stage's bus that requests runs after others.
func (c Config) SucceededRule() string { return c.Name("run-succeeded") }

// BatchTickRule is the name of the rule that has batches of objects closed.
func (c Config) BatchTickRule() string { return c.Name("batch-tick") }

// EventZones lists the zones whose uploads are triggers, sorted.
func (c Config) EventZones() []string {
	var zones []string
	for _, name := range sortedKeys(c.Zones) {
		if c.Zones[name].Events {
			zones = append(zones, name)
		}
	}
	return zones
}

// ZoneNames lists the lake's zones, sorted.
func (c Config) ZoneNames() []string { return sortedKeys(c.Zones) }

// ShapeNames lists the cluster profiles, sorted.
func (c Config) ShapeNames() []string { return sortedKeys(c.Shapes) }

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
