package lineage

import (
	"maps"
	"slices"
	"strings"

	"ephemr/internal/job"
	"ephemr/internal/pipeline"
	"ephemr/internal/run"
)

// inputs are datasets as inputs of an event.
func inputs(all []Dataset) []Input {
	out := []Input{}
	for _, d := range all {
		in := Input{Name: d.Name, Facets: d.facets(), InputFacets: facets{}}
		if d.Bytes != nil || d.Files != nil || d.Rows != nil {
			in.InputFacets.set("inputStatistics", d.statistics())
		}
		if len(d.Locations) > 0 {
			in.InputFacets.set("subset", facet{"inputCondition": map[string]any{"type": "location", "locations": d.Locations}})
		}
		if len(d.Findings) > 0 {
			in.InputFacets.set("dataQualityAssertions", facet{"assertions": assertions(d.Findings)})
		}
		out = append(out, in)
	}
	return out
}

// outputs are datasets as outputs of an event.
func outputs(all []Dataset) []Output {
	out := []Output{}
	for _, d := range all {
		o := Output{Name: d.Name, Facets: d.facets(), OutputFacets: facets{}}
		if d.Bytes != nil || d.Files != nil || d.Rows != nil {
			o.OutputFacets.set("outputStatistics", d.statistics())
		}
		out = append(out, o)
	}
	return out
}

func (d Dataset) facets() facets {
	f := facets{}
	if len(d.Columns) > 0 {
		fields := []map[string]any{}
		for _, c := range d.Columns {
			fields = append(fields, map[string]any{"name": c.Name, "type": c.Type})
		}
		f.set("schema", facet{"fields": fields})
	}
	return f
}

func (d Dataset) statistics() facet {
	f := facet{}
	for name, n := range map[string]*int64{"rowCount": d.Rows, "size": d.Bytes, "fileCount": d.Files} {
		if n != nil {
			f[name] = *n
		}
	}
	return f
}

func assertions(findings []job.Finding) []map[string]any {
	var all []map[string]any
	for _, x := range findings {
		kind, _, _ := strings.Cut(x.Expect, " ")
		all = append(all, map[string]any{"assertion": kind, "success": x.OK, "description": x.Expect, "actual": x.Found})
	}
	return all
}

// mostMessage is how long an error message is at most, in bytes.
const mostMessage = 2000

// failure describes why a run or an attempt failed: its class and its reason, in which secrets
// are masked. Lines of logs are left out.
func failure(class job.Class, reason string, t job.Type) facet {
	if len(reason) > mostMessage {
		reason = strings.ToValidUTF8(reason[:mostMessage], "") + "…"
	}
	languages := map[job.Type]string{job.Bash: "Bash", job.Hive: "SQL", job.Jar: "Java"}
	language := languages[t]
	if language == "" {
		language = "unknown"
	}
	return facet{"message": string(class) + ": " + reason, "programmingLanguage": language}
}

// nominal is the interval that a run is for.
func nominal(r run.Run) facet {
	o := r.Occasion()
	if o.Interval.Start.IsZero() || o.Interval.End.IsZero() {
		return facet{"nominalStartTime": stamp(r.LogicalTime)}
	}
	return facet{"nominalStartTime": stamp(o.Interval.Start), "nominalEndTime": stamp(o.Interval.End)}
}

// about are the facets of a pipeline as a job of OpenLineage.
func about(kind string, rec *run.Record) facets {
	f := facets{}
	f.set("jobType", facet{"processingType": "BATCH", "integration": "EPHEMR", "jobType": kind})
	if rec.Run.Owner != "" {
		f.set("ownership", facet{"owners": []map[string]any{{"name": rec.Run.Owner}}})
	}
	return f
}

// identity is what finds a run in ephemr.
func identity(r run.Run) facet {
	f := facet{"runId": r.ID, "pipeline": r.Pipeline, "trigger": r.Trigger.Kind}
	if r.Version > 0 {
		f["version"] = r.Version
	}
	if len(r.Params) > 0 {
		f["params"] = maps.Clone(r.Params) // values of sensitive params are hidden in the record
	}
	if upstream := r.Trigger.Upstream; len(upstream) > 0 {
		f["upstream"] = slices.Clone(upstream)
	}
	return f
}

// source is where the package of a job is; nil = it has none.
func source(spec *pipeline.Spec, name, bucket string) facet {
	if spec == nil {
		return nil
	}
	for _, j := range spec.Jobs {
		if j.Name == name && j.Package != nil {
			return facet{"type": "s3", "url": "s3://" + bucket + "/" + j.Package.Key, "version": j.Package.SHA256}
		}
	}
	return nil
}
