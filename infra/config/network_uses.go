package config

import (
	"slices"
	"strings"

	"ephemr/internal/access"
	"ephemr/internal/profile"
)

// use is a service that clusters of the stage call, and why.
type use struct{ service, why string }

// uses are the services beside S3 and DynamoDB that clusters of the stage call.
func (c Config) uses() []use {
	all := []use{{"logs", "the output of jobs is streamed to CloudWatch Logs"}}
	add := func(needed bool, service, why string) {
		if needed {
			all = append(all, use{service, why})
		}
	}
	add(c.Access.LakeFormation || c.mentions("AWSGlueDataCatalog", "GlueCatalog") || c.installs("Trino"), "glue", "profiles use the catalog of Glue")
	for _, pattern := range c.AllSecrets() {
		p, err := access.ParseSecrets(pattern)
		add(err == nil && p.IsParameter(), "ssm", "jobs read "+pattern)
		add(err == nil && !p.IsParameter(), "secretsmanager", "jobs read "+pattern)
	}
	add(len(c.Access.Users) > 0, "sts", "jobs run with the roles of users")
	add(c.Access.LakeFormation, "lakeformation", "access.lakeFormation is set")
	add(c.ownSecurityConfig(), "kms", "a security configuration may encrypt disks")
	add(c.Encryption.Disks != "", "kms", "encryption.disks is set")
	add(c.Lineage.SparkDomain != "", "datazone", "lineage.sparkDomain is set")
	add(c.HasAgent(), "monitoring", "the CloudWatch agent of profiles sends metrics")
	slices.SortStableFunc(all, func(a, b use) int { return strings.Compare(a.service, b.service) })
	return slices.CompactFunc(all, func(a, b use) bool { return a.service == b.service })
}

// ownSecurityConfig reports whether the stage's file names a security configuration of EMR.
func (c Config) ownSecurityConfig() bool {
	if c.Access.SecurityConfig != "" {
		return true
	}
	return slices.ContainsFunc(c.ShapeNames(), func(name string) bool { return c.Shapes[name].SecurityConfig != "" })
}

// HasAgent reports whether clusters of a profile send metrics to CloudWatch.
func (c Config) HasAgent() bool { return c.installs("AmazonCloudWatchAgent") }

func (c Config) installs(application string) bool {
	return slices.ContainsFunc(c.ShapeNames(), func(name string) bool { return slices.Contains(c.Shapes[name].Applications, application) })
}

// mentions reports whether a configuration of a profile contains one of these texts.
func (c Config) mentions(texts ...string) bool {
	for _, name := range c.ShapeNames() {
		for _, value := range properties(c.Shapes[name].AllConfigurations()) {
			if slices.ContainsFunc(texts, func(text string) bool { return strings.Contains(value, text) }) {
				return true
			}
		}
	}
	return false
}

// properties are the values of configurations, by classification and key.
func properties(configurations []profile.Configuration) map[string]string {
	all := map[string]string{}
	for _, c := range configurations {
		for key, value := range c.Properties {
			all[c.Classification+" "+key] = value
		}
		for key, value := range properties(c.Configurations) {
			all[c.Classification+" "+key] = value
		}
	}
	return all
}

// EndpointNames lists the services that get an interface endpoint, sorted.
func (c Config) EndpointNames() []string {
	n := c.Network
	if n == nil {
		return nil
	}
	var names []string
	for _, name := range n.Endpoints {
		if name != AutoEndpoints {
			names = append(names, name)
		}
	}
	if slices.Contains(n.Endpoints, AutoEndpoints) || n.Endpoints == nil && n.Creates() {
		for _, u := range c.uses() {
			names = append(names, u.service)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// ReachableBuckets lists the buckets that clusters use beside the stage's own, sorted: sources, those
// of bootstrap actions and certificates, and those of the network's configuration.
func (c Config) ReachableBuckets() []string {
	var names []string
	for _, source := range c.Sources {
		names = append(names, source.Bucket)
	}
	for _, name := range c.ShapeNames() {
		for _, action := range c.Shapes[name].Bootstrap {
			if address, ok := strings.CutPrefix(action.Path, "s3://"); ok {
				bucket, _, _ := strings.Cut(address, "/")
				names = append(names, bucket)
			}
		}
	}
	if object := c.CertificateObject(); object != "" {
		bucket, _, _ := strings.Cut(object, "/")
		names = append(names, bucket)
	}
	if c.Network != nil {
		names = append(names, c.Network.Buckets...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}
