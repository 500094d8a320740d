package lineage_test

import (
	"maps"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ephemr/internal/job"
	"ephemr/internal/lineage"
	"ephemr/internal/run"
	"ephemr/internal/stage"
)

// Spark's own events belong to the attempt, where they go is up to the stage, and what
// the job has configured stays.
func TestSparkConf(t *testing.T) {
	t.Parallel()
	parent := map[string]string{
		"spark.openlineage.parentJobNamespace": "ephemr://111122223333/eu-west-1/dev",
		"spark.openlineage.parentJobName":      "p.a",
		"spark.openlineage.parentRunId":        lineage.AttemptID(dev, "p-20260102T0000-0123456789abcdef0123", "a", 2),
	}
	with := func(more ...string) map[string]string {
		all := maps.Clone(parent)
		for i := 0; i < len(more); i += 2 {
			all[more[i]] = more[i+1]
		}
		return all
	}
	const listeners, ours = "spark.extraListeners", "io.openlineage.spark.agent.OpenLineageSparkListener"
	server, domain := stage.Lineage{SparkURL: "https://marquez.example.com"}, stage.Lineage{SparkDomain: "dzd_1"}
	for name, tt := range map[string]struct {
		kind    job.Type
		release string
		lineage stage.Lineage
		own     map[string]string
		want    map[string]string
	}{
		"not Spark":         {kind: job.Hive, own: map[string]string{"a": "b"}, want: map[string]string{"a": "b"}},
		"dbt":               {kind: job.DBT, want: parent},
		"no address":        {release: "emr-7.14.0", own: map[string]string{"a": "b"}, want: with("a", "b")},
		"without listener":  {release: "emr-7.10.0", lineage: server, want: parent},
		"unknown release":   {release: "", lineage: server, want: parent},
		"server":            {release: "emr-7.11.0", lineage: server, want: with(listeners, ours, "spark.openlineage.transport.type", "http", "spark.openlineage.transport.url", "https://marquez.example.com")},
		"domain":            {release: "emr-8.0.0", lineage: domain, want: with(listeners, ours, "spark.openlineage.transport.type", "amazon_datazone_api", "spark.openlineage.transport.domainId", "dzd_1")},
		"the job's own":     {release: "emr-7.14.0", lineage: domain, own: map[string]string{listeners: "x", "spark.openlineage.parentRunId": "y"}, want: with(listeners, "x", "spark.openlineage.parentRunId", "y", "spark.openlineage.transport.type", "amazon_datazone_api", "spark.openlineage.transport.domainId", "dzd_1")},
		"an earlier number": {release: "emr-6.15.0", lineage: domain, want: parent},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			kind := tt.kind
			if kind == "" {
				kind = job.Spark
			}
			rec := record(run.Running, run.JobRunning, kind)
			rec.Clusters[0].Release = tt.release
			s := dev
			s.Lineage = tt.lineage
			before := maps.Clone(tt.own)
			if diff := cmp.Diff(tt.want, lineage.SparkConf(tt.own, rec, rec.Jobs[0], s)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if diff := cmp.Diff(before, tt.own); diff != "" {
				t.Errorf("the pipeline's own was changed:\n%s", diff)
			}
		})
	}
}
