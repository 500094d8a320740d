package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"ephemr/internal/stage"
)

// MaxValue is the size of an SSM parameter of the standard tier, and that of all variables of a function: their names
// and values.
// Sources: AWS Systems Manager endpoints and quotas, "Parameter Store"; AWS Lambda Developer Guide, "Lambda quotas".
const MaxValue = 4096

// Parts of the settings that the configuration does not determine. A test compares SettingsSize with the templates.
const (
	fixedSettings = 2031                     // keys and values, with the longest account, Region and partition
	stageNames    = 22                       // how often the settings contain the stage's name
	generatedName = 120                      // of a resource whose name CloudFormation chooses, and its key
	otherValues   = len(stage.Variable) + 45 // the variable's name; in the parameter instead of it the version
)

// longestRegion is as long as any Region's name.
const longestRegion = "ap-southeast-1"

// sizesOfClusters adds what clusters are made with.
func (c Config) sizesOfClusters(parts map[string]int) {
	if c.Network != nil {
		parts["network"] = len(`"network":true,`)
	}
	if len(c.Access.Users) > 0 {
		parts["access.users"] += len(`"userInstances":"",`) + len(c.GlobalName("emr-users", longestRegion))
	}
	if c.SecuresClusters() {
		parts["encryption"] = generatedName
	}
	if len(c.Access.Users) > 0 && c.Access.SecurityConfig == "" {
		parts["access.securityConfiguration"] = generatedName
	}
}

// SettingsSize is an upper bound of the size of the stage's settings as JSON, and of their parts that grow with the
// configuration, by key.
func (c Config) SettingsSize() (total int, parts map[string]int) {
	parts = map[string]int{
		"access.users":                 jsonSize(c.UserNames()) + len(c.Access.Default),
		"limits.emr":                   jsonSize(c.Limits.EMR),
		"limits.teams":                 jsonSize(c.Limits.Teams),
		"limits.requests":              requestsSize(c.Limits.Requests),
		"sources":                      sourcesSize(c.Sources),
		"secrets":                      0,
		c.zonesKey():                   0,
		"vars":                         0,
		"access.securityConfiguration": len(c.Access.SecurityConfig),
	}
	for _, zone := range c.ZoneNames() {
		parts[c.zonesKey()] += len(zone) + len(c.BucketName(zone, "123456789012", longestRegion)) + len(`"":"",`)
	}
	if len(c.Secrets) > 0 {
		parts["secrets"] = jsonSize(c.Secrets) + len(`"secrets":,`)
	}
	if len(c.Vars) > 0 {
		parts["vars"] = jsonSize(c.Vars) + len(`"vars":,`)
	}
	if c.Lineage != (stage.Lineage{}) {
		parts["lineage"] = jsonSize(c.Lineage) + len(`"lineage":,`)
	}
	if !reflect.ValueOf(c.Costs).IsZero() {
		parts["costs"] = jsonSize(c.Costs) + len(`"costs":,`)
	}
	parts["notices"] = c.noticesSize()
	c.sizesOfClusters(parts)
	total = fixedSettings + stageNames*len(c.Stage)
	for _, size := range parts {
		total += size
	}
	return total, parts
}

// validateSizes rejects configurations that do not fit where they are deployed: into the environment of functions and
// into SSM parameters.
func (c Config) validateSizes() error {
	var errs []error
	if total, parts := c.SettingsSize(); total > MaxValue-otherValues {
		errs = append(errs, fmt.Errorf("the settings of stage %s have %d bytes, more than the %d that functions and SSM can hold; shorten %s",
			c.Stage, total, MaxValue-otherValues, longest(parts)))
	}
	for _, name := range c.ShapeNames() {
		if size := jsonSize(c.Shapes[name]); size > MaxValue {
			errs = append(errs, fmt.Errorf("profiles.%s has %d bytes as JSON, more than the %d of an SSM parameter; shorten %s",
				name, size, MaxValue, longest(fieldSizes(c.Shapes[name]))))
		}
	}
	if size := jsonSize(c.queries()); size > MaxValue {
		errs = append(errs, fmt.Errorf("the query settings of %d teams have %d bytes, more than the %d of an SSM parameter; "+
			"use fewer teams in access.users, limits.teams and query.teams", len(c.TeamNames()), size, MaxValue))
	}
	return errors.Join(errs...)
}

// queries are the settings for queries, with names as long as they can be.
func (c Config) queries() stage.Query {
	q := stage.Query{Database: c.Database(), Workgroups: map[string]stage.Workgroup{}}
	for _, team := range c.TeamNames() {
		q.Workgroups[team] = stage.Workgroup{Name: c.Workgroup(team), ScanLimit: c.ScanLimit(team), Policy: c.GlobalName("query-"+team, longestRegion)}
	}
	return q
}

// longest names the largest parts, down to a fifth of the largest.
func longest(parts map[string]int) string {
	keys := slices.SortedFunc(maps.Keys(parts), func(a, b string) int {
		if parts[a] != parts[b] {
			return parts[b] - parts[a]
		}
		return strings.Compare(a, b)
	})
	var named []string
	for _, key := range keys {
		if parts[key]*5 >= parts[keys[0]] {
			named = append(named, fmt.Sprintf("%s (%d bytes)", key, parts[key]))
		}
	}
	return strings.Join(named, " or ")
}

// fieldSizes are the sizes of an object's fields as JSON.
func fieldSizes(v any) map[string]int {
	var fields map[string]json.RawMessage
	data, err := json.Marshal(v)
	if err == nil {
		err = json.Unmarshal(data, &fields)
	}
	if err != nil {
		panic(fmt.Sprintf("encode %T: %v", v, err)) // plain values only
	}
	sizes := map[string]int{}
	for name, value := range fields {
		sizes[name] = len(value)
	}
	return sizes
}

// noticesSize is the size of the destinations of notices, with their key, if there are any.
func (c Config) noticesSize() int {
	all := c.Notices.Destinations()
	if len(all) == 0 && c.Notices.Window == 0 {
		return 0
	}
	size := len(`"notices":{"window":"","destinations":{}},`) + len(c.Notices.Window.String())
	for _, name := range all {
		size += len(`"":"",`) + len(name)
	}
	for _, name := range c.Notices.Chats {
		size += len("arn:aws-us-gov:sns:" + longestRegion + ":123456789012:" + c.Name("chat-"+name))
	}
	return size
}

// requestsSize is the size of the bounds of requests, with their key, if there are any.
func requestsSize(r stage.Requests) int {
	if len(r) == 0 {
		return 0
	}
	return len(`"requests":,`) + jsonSize(r)
}

// sourcesSize is the size of the sources with their key, if there are any.
func sourcesSize(s []stage.Source) int {
	if len(s) == 0 {
		return 0
	}
	return len(`"sources":,`) + jsonSize(s)
}

func jsonSize(v any) int {
	data, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("encode %T: %v", v, err)) // plain values only
	}
	return len(data)
}
