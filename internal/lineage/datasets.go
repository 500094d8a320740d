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
	Scanned       map[string][]Dataset // by job: tables that its newest attempt has read, known when it has ended
	Checked       []Dataset            // with findings of CheckData
}

// FlowOf derives the datasets of a run from its record. Values of sensitive params are not in
// the names: they are replaced as everywhere.
func FlowOf(rec *run.Record, s stage.Settings) Flow {
	f := Flow{In: triggered(rec, s), Reads: map[string][]Dataset{}, Writes: map[string][]Dataset{}, Scanned: map[string][]Dataset{}}
	for _, d := range published(rec.Run, s) {
		f.out(d)
	}
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
		x := rec.Job(j.Name)
		if x == nil {
			continue
		}
		read, written := tables(x.Tables, s)
		f.Scanned[j.Name] = read
		if x.State == run.JobSucceeded && !x.NothingToDo {
			f.writes(j.Name, expected(rec, j.Name, values)...)
			f.writes(j.Name, written...)
		}
	}
	f.checks(rec, values)
	f.queries(rec, values)
	f.outputs(rec, values)
	return f
}

// outputs adds what the pipeline says that its runs write, if a job has succeeded. What cannot be
// filled in was not written.
func (f *Flow) outputs(rec *run.Record, values pipeline.Context) {
	written, _ := rec.Spec.Written(values)
	for _, o := range written {
		if name, ok := S3(o.Address()); ok && worked(rec) && !slices.ContainsFunc(f.In, func(d Dataset) bool { return d.overlaps(name) }) {
			f.out(sized(rec, o.Address(), Dataset{Name: name}))
		}
	}
}

// sized adds the figures of CheckData to a dataset.
func sized(rec *run.Record, address string, d Dataset) Dataset {
	found := rec.Found()
	if found == nil {
		return d
	}
	for _, s := range found.Sizes {
		if s.Address == address {
			files := int64(s.Files)
			d.Rows, d.Bytes, d.Files = s.Rows, &s.Bytes, &files
		}
	}
	return d
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
	byJob, byData := findings(rec)
	for _, c := range checks {
		o := pipeline.OutputAt(c.Dataset, c.Partition)
		name, ok := S3(o.Address())
		if !ok {
			continue
		}
		d := Dataset{Name: name, Columns: columns(c.Columns)}
		if !slices.ContainsFunc(f.In, func(x Dataset) bool { return x.overlaps(d.Name) }) && worked(rec) {
			f.out(d)
		}
		about := func(all []job.Finding) Dataset {
			d.Findings = slices.DeleteFunc(slices.Clone(all), func(x job.Finding) bool { return x.Dataset != c.Dataset && x.Dataset != o.Address() })
			return d
		}
		if rec.Job(pipeline.ChecksJob) != nil && !has(f.Reads[pipeline.ChecksJob], name) {
			f.reads(pipeline.ChecksJob, about(byJob))
		}
		if d := about(byData); len(d.Findings) > 0 && !has(f.Checked, name) {
			f.Checked = append(f.Checked, d)
		}
	}
}

// queries adds the datasets that checks with SQL are about.
func (f *Flow) queries(rec *run.Record, values pipeline.Context) {
	asked := rec.Asked()
	for i, c := range rec.Spec.Checks {
		if asked == nil || !c.OnAthena() || c.Dataset == "" {
			continue
		}
		o, err := rec.Spec.CheckedOutput(i, values)
		name, ok := S3(o.Address())
		if err != nil || !ok || has(f.Checked, name) {
			continue
		}
		d := Dataset{Name: name, Findings: slices.DeleteFunc(slices.Clone(asked.Findings), func(x job.Finding) bool { return x.Dataset != o.Address() })}
		f.Checked = append(f.Checked, d)
	}
}

// findings are those of the job checks, and those of CheckData, after the job's last event.
func findings(rec *run.Record) (byJob, byData []job.Finding) {
	if j := rec.Job(pipeline.ChecksJob); j != nil {
		byJob = j.Findings
	}
	if found := rec.Found(); found != nil {
		byData = found.Findings
	}
	return byJob, byData
}

// tables are what the program of a job says that it has read and written.
func tables(all []job.Table, s stage.Settings) (read, written []Dataset) {
	for _, t := range all {
		database, table, _ := strings.Cut(t.Name, ".")
		d := Dataset{Name: Table(s, database, table), Rows: t.Rows}
		for _, c := range t.Columns {
			d.Columns = append(d.Columns, Column{Name: c.Name, Type: c.Type})
		}
		if t.Written {
			written = append(written, d)
			continue
		}
		read = append(read, d)
	}
	return read, written
}

func has(all []Dataset, name Name) bool {
	return slices.ContainsFunc(all, func(x Dataset) bool { return x.Name == name })
}

// published are where a run has written what it publishes, and the table if readers see it there.
func published(r run.Run, s stage.Settings) (all []Dataset) {
	p := r.Publication
	if p == nil {
		return nil
	}
	if name, ok := S3(p.Location); ok {
		all = append(all, Dataset{Name: name})
	}
	if _, table, ok := strings.Cut(p.Table, "."); ok && p.State == run.Published {
		all = append(all, Dataset{Name: Table(s, s.Database(), table)})
	}
	return all
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
		all = watched(rec.Spec, s)
	}
	if len(all) == 1 {
		all[0].Bytes, all[0].Files = size(t)
	}
	return all
}

// watched are the datasets of which objects start runs in batches.
func watched(spec *pipeline.Spec, s stage.Settings) (all []Dataset) {
	for _, x := range spec.Triggers {
		if x.S3 == nil || x.S3.Batch == nil {
			continue
		}
		name := Folder(s.BucketOf(x.S3.Bucket), x.S3.Prefix+"x") // a prefix need not end with a folder
		if !slices.ContainsFunc(all, func(d Dataset) bool { return d.Name == name }) {
			all = append(all, Dataset{Name: name})
		}
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
