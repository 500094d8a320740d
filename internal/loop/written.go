package loop

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"ephemr/internal/fault"
	"ephemr/internal/pipeline"
	"ephemr/internal/run"
)

// written returns an error if runs of the same pipeline wrote all objects of a run, as
// far as the objects are few enough to be known.
func (g *Guard) written(rec *run.Record, writers []writer, times []time.Time) error {
	objects := rec.Run.Trigger.Objects
	if rec.Run.Trigger.Key != "" {
		objects = []string{"s3://" + rec.Run.Trigger.Bucket + "/" + rec.Run.Trigger.Key}
	}
	for i, uri := range objects {
		w, jobName := g.writerOf(rec.Spec, writers, times, uri)
		if w == nil {
			return nil
		}
		if i == len(objects)-1 {
			return fault.New(fault.InvalidInput, "%s was written by run %s of the same pipeline, whose job %s was given this address; a run's own writes start nothing. "+
				"Let the job write elsewhere, or add its output to exclude of the trigger. If another program wrote the object, use ephemr redo %s",
				uri, w.Run.ID, jobName, rec.Run.ID)
		}
	}
	return nil
}

// writerOf returns the run and the job that wrote an object, or nil.
func (g *Guard) writerOf(spec *pipeline.Spec, writers []writer, times []time.Time, uri string) (*writer, string) {
	for i, w := range writers {
		if slices.ContainsFunc(times, func(t time.Time) bool { return !w.during(t) }) || w.Spec == nil {
			continue
		}
		for _, j := range w.Jobs {
			if g.gives(spec, w.Record, j, uri) {
				return &writers[i], j.Name
			}
		}
	}
	return nil, ""
}

// gives reports whether a job of a run was given an address to write to that is the
// object's, or above it. An address at or above the prefix of a trigger, or above an
// object that started the run, is one to read from.
func (g *Guard) gives(spec *pipeline.Spec, rec *run.Record, j run.Job, uri string) bool {
	if j.Attempt == 0 {
		return false
	}
	declared, others := g.addresses(rec, j)
	if slices.ContainsFunc(declared, func(a string) bool { return isAbove(a, uri) }) {
		return true
	}
	read, known := g.read(spec, rec.Run.Trigger)
	if !known {
		return false
	}
	return slices.ContainsFunc(others, func(a string) bool {
		return isAbove(a, uri) && !slices.ContainsFunc(read, func(r string) bool { return isAbove(a, r) })
	})
}

// read are the addresses that the pipeline listens to, and the objects of a run; known is
// false for a run whose objects are not known: it may read from any address.
func (g *Guard) read(spec *pipeline.Spec, t run.Trigger) (all []string, known bool) {
	all = slices.Clone(t.Objects)
	if t.Key != "" {
		all = append(all, "s3://"+t.Bucket+"/"+t.Key)
	}
	known = len(all) > 0
	for _, x := range spec.Triggers {
		if x.S3 == nil {
			continue
		}
		bucket := x.S3.Bucket
		if name, ok := g.Settings.Lake[bucket]; ok {
			bucket = name
		}
		all = append(all, "s3://"+bucket+"/"+x.S3.Prefix)
	}
	return all, known
}

// address matches an address of S3 in a value.
var address = regexp.MustCompile(`s3[an]?://([^\s"',;|]+)`)

// addresses are those that a job of a run has declared as outputs, and all others that it
// was given or has printed.
func (g *Guard) addresses(rec *run.Record, j run.Job) (declared, others []string) {
	rendered, err := rec.Spec.RenderJob(j.Name, rec.Context(g.Settings))
	if err != nil {
		return nil, nil // then it has not started
	}
	values := slices.Clone(rendered.Args)
	for _, table := range []map[string]string{rendered.Vars, rendered.Conf, rendered.Env, j.Outputs} {
		values = slices.AppendSeq(values, maps.Values(table))
	}
	return in(rendered.Expect), in(values)
}

func in(values []string) (all []string) {
	for _, v := range values {
		for _, m := range address.FindAllStringSubmatch(v, -1) {
			all = append(all, "s3://"+m[1])
		}
	}
	return all
}

// isAbove reports whether an object, or a prefix, is at an address or below it.
func isAbove(address, uri string) bool {
	address = strings.TrimRight(address, "/")
	return strings.TrimRight(uri, "/") == address || strings.HasPrefix(uri, address+"/")
}
