package lineage

import (
	"maps"
	"strconv"
	"strings"

	"ephemr/internal/job"
	"ephemr/internal/run"
	"ephemr/internal/stage"
)

// SparkConf is the Spark configuration of an attempt: its own, and what makes the events of
// OpenLineage's listener for Spark children of the attempt. What the job sets itself stays.
func SparkConf(own map[string]string, rec *run.Record, j run.Job, s stage.Settings) map[string]string {
	if j.Type != job.Spark && j.Type != job.DBT { // whose driver is Spark's
		return own
	}
	conf := map[string]string{
		"spark.openlineage.parentJobNamespace": Namespace(s),
		"spark.openlineage.parentJobName":      JobName(rec.Run.Pipeline, j.Name),
		"spark.openlineage.parentRunId":        AttemptID(s, rec.Run.ID, j.Name, j.Attempt),
	}
	if c := rec.Cluster(); c != nil && hasListener(c.Release) {
		maps.Copy(conf, listener(s.Lineage))
	}
	maps.Copy(conf, own)
	return conf
}

// listener is the configuration of the listener that a stage asks for.
func listener(l stage.Lineage) map[string]string {
	conf := map[string]string{"spark.extraListeners": "io.openlineage.spark.agent.OpenLineageSparkListener"}
	switch {
	case l.SparkDomain != "":
		conf["spark.openlineage.transport.type"], conf["spark.openlineage.transport.domainId"] = "amazon_datazone_api", l.SparkDomain
	case l.SparkURL != "":
		conf["spark.openlineage.transport.type"], conf["spark.openlineage.transport.url"] = "http", l.SparkURL
	default:
		return nil
	}
	return conf
}

// hasListener reports whether EMR's release contains OpenLineage's listener for Spark: from
// 7.11 on.
func hasListener(release string) bool {
	major, rest, _ := strings.Cut(strings.TrimPrefix(release, "emr-"), ".")
	minor, _, _ := strings.Cut(rest, ".")
	a, err := strconv.Atoi(major)
	b, minorErr := strconv.Atoi(minor)
	return err == nil && minorErr == nil && (a > 7 || a == 7 && b >= 11)
}
