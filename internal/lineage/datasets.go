package lineage

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"ephemr/internal/job"
	"ephemr/internal/pipeline"
	"ephemr/internal/run"
	"ephemr/internal/stage"
)

// Dataset is what a record says about a dataset. What is nil or empty is not known.
type Dataset struct {
	Name

	Columns   []Column
	Rows      *int64
	Bytes     *int64
	Files     *int64
	Locations []string      // addresses of the objects that were read
	Findings  []job.Finding // of checks
}

// Column is a column of a dataset's schema.
type Column struct{ Name, Type string }

// Flow is the datasets of a run: what it reads and has written as a whole, and what each job.
type Flow struct {
	In, Out       []Dataset
	Reads, Writes map[string][]Dataset // by job
}

// FlowOf derives the datasets of a run from its record. Values of sensitive params are not in
// the names: they are replaced as everywhere.
func FlowOf(rec *run.Record, s stage.Settings) Flow {
	f := Flow{In: triggered(rec, s), Reads: map[string][]Dataset{}, Writes: map[string][]Dataset{}}
	if rec.Spec == nil {
		return f
	}
	shown := *rec
	shown.Run.Secrets = nil
	values := shown.Context(s)
	for _, j := range rec.Spec.Jobs {
		if readsTrigger(j) {
			f.reads(j.Name, f.In...)
		}
		if x := rec.Job(j.Name); x != nil && x.State == run.JobSucceeded && !x.NothingToDo {
			f.writes(j.Name, expected(rec, j.Name, values)...)
		}
	}
	f.checks(rec, values)
	if written, _ := rec.Spec.Written(values); worked(rec) { // what cannot be filled in was not written
		for _, o := range written {
			if name, ok := S3(o.Address()); ok && !slices.ContainsFunc(f.In, func(d Dataset) bool { return d.overlaps(name) }) {
				f.out(Dataset{Name: name})
			}
		}
	}
	return f
}

// reads adds what a job reads.
func (f *Flow) reads(job string, all ...Dataset) { f.Reads[job] = append(f.Reads[job], all...) }

// writes adds what a job has written, which is also output of the run.
func (f *Flow) writes(job string, all ...Dataset) {
	f.Writes[job] = append(f.Writes[job], all...)
	for _, d := range all {
		f.out(d)
	}
}

// out adds an output of the run, or what else is known about it.
func (f *Flow) out(d Dataset) {
	i := slices.IndexFunc(f.Out, func(x Dataset) bool { return x.Name == d.Name })
	if i < 0 {
		f.Out = append(f.Out, d)
		return
	}
	x := &f.Out[i]
	if len(x.Columns) == 0 {
		x.Columns = d.Columns
	}
	x.Rows, x.Bytes, x.Files = cmp.Or(x.Rows, d.Rows), cmp.Or(x.Bytes, d.Bytes), cmp.Or(x.Files, d.Files)
}

// checks adds the datasets of checks: the checks read them, and the jobs that have succeeded
// have written them, unless they are what started the run.
func (f *Flow) checks(rec *run.Record, values pipeline.Context) {
	checks, err := rec.Spec.RenderChecks(values)
	if err != nil {
		return // the run has ended before their values were known
	}
	var findings []job.Finding
	if j := rec.Job(pipeline.ChecksJob); j != nil {
		findings = j.Findings
	}
	for _, c := range checks {
		name, ok := S3(c.Dataset)
		if !ok {
			continue
		}
		d := Dataset{Name: name, Columns: columns(c.Columns)}
		if worked(rec) && !slices.ContainsFunc(f.In, func(x Dataset) bool { return x.Within(name) || name.Within(x.Name) }) {
			f.out(d)
		}
		for _, x := range findings {
			if x.Dataset == c.Dataset {
				d.Findings = append(d.Findings, x)
			}
		}
		if read := f.Reads[pipeline.ChecksJob]; !slices.ContainsFunc(read, func(x Dataset) bool { return x.Name == name }) {
			f.reads(pipeline.ChecksJob, d)
		}
	}
}

// worked reports whether a job of the run has succeeded and had work to do.
func worked(rec *run.Record) bool {
	return slices.ContainsFunc(rec.Jobs, func(j run.Job) bool {
		return j.Type != job.Quality && j.State == run.JobSucceeded && !j.NothingToDo
	})
}

func columns(types map[string]string) []Column {
	var all []Column
	for _, name := range slices.Sorted(maps.Keys(types)) {
		all = append(all, Column{Name: name, Type: types[name]})
	}
	return all
}

// expected are the datasets that a job promises to write.
func expected(rec *run.Record, name string, values pipeline.Context) []Dataset {
	var all []Dataset
	j, err := rec.Spec.RenderJob(name, values)
	if err != nil {
		return nil // the job has not started: a value of it is missing
	}
	for _, address := range j.Expect {
		if n, ok := S3(address); ok {
			all = append(all, Dataset{Name: n})
		}
	}
	return all
}

// readsTrigger reports whether a job is given the objects that started the run.
func readsTrigger(j pipeline.Job) bool {
	texts := slices.Clone(j.Args)
	for _, m := range []map[string]string{j.Vars, j.Conf, j.Env} {
		texts = slices.AppendSeq(texts, maps.Values(m))
	}
	return slices.ContainsFunc(texts, func(text string) bool {
		for _, name := range []string{".Trigger.Object", ".Trigger.Manifest", ".Trigger.Key"} { // Objects as well
			if strings.Contains(text, name) {
				return true
			}
		}
		return false
	})
}

// triggered are the datasets of the objects that started the run: their folders or, of a
// batch whose objects are only in its manifest, the prefixes of the pipeline's triggers.
func triggered(rec *run.Record, s stage.Settings) []Dataset {
	t := rec.Run.Trigger
	uris := t.Objects
	if t.Key != "" {
		uris = []string{"s3://" + t.Bucket + "/" + t.Key}
	}
	var all []Dataset
	for _, uri := range uris {
		bucket, objectKey, _ := strings.Cut(strings.TrimPrefix(uri, "s3://"), "/")
		name := Folder(bucket, objectKey)
		i := slices.IndexFunc(all, func(d Dataset) bool { return d.Name == name })
		if i < 0 {
			i, all = len(all), append(all, Dataset{Name: name})
		}
		all[i].Locations = append(all[i].Locations, uri)
	}
	if len(uris) == 0 && t.Batch != "" && rec.Spec != nil {
		for _, x := range rec.Spec.Triggers {
			if x.S3 == nil || x.S3.Batch == nil {
				continue
			}
			name := Folder(s.BucketOf(x.S3.Bucket), x.S3.Prefix+"x") // a prefix need not end with a folder
			if !slices.ContainsFunc(all, func(d Dataset) bool { return d.Name == name }) {
				all = append(all, Dataset{Name: name})
			}
		}
	}
	if len(all) == 1 {
		all[0].Bytes, all[0].Files = size(t)
	}
	return all
}

// size is the size of the objects that started a run, and their number.
func size(t run.Trigger) (bytes, files *int64) {
	b, n := t.Size, int64(1)
	if t.Batch != "" {
		b, n = t.Bytes, int64(t.Count)
	}
	return &b, &n
}
