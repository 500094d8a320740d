package pipeline

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// Publish is what a run makes visible when its jobs and checks have succeeded: a partition
// of a table that it makes point at its data, or its branch of an Iceberg table, to which it
// moves main. Until then readers of the table see the data before.
type Publish struct {
	Table     string            `json:"table" jsonschema:"required,pattern=^ephemr\\.[a-z0-9_]{1\\,100}$"` // ephemr.<table>: a table of the stage's database
	Partition map[string]string `json:"partition,omitempty" jsonschema:"minProperties=1"`                  // value of each partition key of the table; templates
	Location  string            `json:"location,omitempty"`                                                // prefix in a zone of the lake that the run alone writes to; a template with {{.RunID}}
	Iceberg   bool              `json:"iceberg,omitempty"`                                                 // the table is an Iceberg table, and Spark writes to the run's branch of it; without partition and location
}

// publishedDatabase is what pipelines call the stage's Glue database.
const publishedDatabase = "ephemr"

// maxPartitionKeys and maxPartitionValue are below Glue's limits.
const (
	maxPartitionKeys  = 20
	maxPartitionValue = 255
)

var (
	tablePattern        = regexp.MustCompile(`^[a-z0-9_]{1,100}$`)
	partitionKeyPattern = regexp.MustCompile(`^[a-z0-9_]{1,100}$`)
	runIDPattern        = regexp.MustCompile(`\{\{-?\s*\.RunID\s*-?\}\}`)
)

// TableName is the name of the table in the stage's database.
func (p Publish) TableName() string {
	_, table, _ := strings.Cut(p.Table, ".")
	return table
}

// Branch is the branch of Iceberg tables to which the jobs of a run write, or "".
func (s Spec) Branch(runID string) string {
	if s.Publish == nil || !s.Publish.Iceberg {
		return ""
	}
	return "run-" + runID
}

// fieldsOfPublish returns the templates of p in a fixed order.
func fieldsOfPublish(p *Publish) []field {
	if p == nil || p.Iceberg {
		return nil
	}
	at := root("publish")
	var all []field
	for _, key := range sorted(p.Partition) {
		all = append(all, field{at: at.key("partition").key(key), get: p.Partition[key], set: func(s string) { p.Partition[key] = s }})
	}
	return append(all, field{at: at.key("location"), get: p.Location, set: func(s string) { p.Location = s }})
}

func (r *rules) publish() {
	p := r.spec.Publish
	if p == nil {
		return
	}
	at := root("publish")
	r.publishedTable(at.key("table"), p.Table)
	if p.Iceberg {
		for key, written := range map[string]bool{"partition": len(p.Partition) > 0, "location": p.Location != ""} {
			if written {
				r.fault(at.key(key), "an Iceberg table is published as a whole, by its branch main; remove %s", key)
			}
		}
		return
	}
	r.partition(at.key("partition"), p.Partition)
	r.location(at.key("location"), p.Location)
}

func (r *rules) publishedTable(at *place, name string) {
	database, table, qualified := strings.Cut(name, ".")
	switch {
	case name == "":
		r.fault(at, "no table; name one of the stage's database (example: ephemr.flights)")
	case !qualified && tablePattern.MatchString(name):
		r.fault(at, "%q has no database; write ephemr.%[1]s", name)
	case database != publishedDatabase:
		r.fault(at, "%q is not a table of the stage's database, the only one that runs may publish to; write ephemr.<table>", name)
	case !tablePattern.MatchString(table):
		r.fault(at, "invalid table %q: use up to 100 of a-z, 0-9 and _ after \"ephemr.\"", name)
	}
}

func (r *rules) partition(at *place, values map[string]string) {
	if len(values) == 0 {
		r.fault(at, "no partition; set each partition key of the table (example: {dt: \"{{.LogicalDate}}\"})")
	}
	r.atMost(at, "partition keys", len(values), maxPartitionKeys)
	for _, key := range sorted(values) {
		if !partitionKeyPattern.MatchString(key) {
			r.fault(at.key(key), "invalid partition key %q: Glue's are of a-z, 0-9 and _", key)
		}
		if !isTemplate(values[key]) {
			checkPartitionValue(at.key(key), values[key], r.fault)
		}
	}
}

func checkPartitionValue(at *place, value string, fault report) {
	switch {
	case value == "":
		fault(at, "the partition key has no value")
	case len(value) > maxPartitionValue || strings.ContainsFunc(value, func(c rune) bool { return c < ' ' || c == 0x7f }):
		fault(at, "invalid value %q: use up to %d bytes without control characters", value, maxPartitionValue)
	}
}

func (r *rules) location(at *place, location string) {
	switch {
	case location == "":
		r.fault(at, "no location; add where the run writes (example: \"{{.Lake.curated}}/flights/run={{.RunID}}/\")")
	case !isTemplate(location) || !runIDPattern.MatchString(location):
		r.fault(at, "%q is the same for every run; add {{.RunID}}: a run must not change data that readers see, and S3 cannot rename a prefix atomically", location)
	case !strings.HasPrefix(location, "s3://") && !strings.HasPrefix(location, "{{"):
		r.fault(at, "invalid location %q: must begin with s3:// or {{.Lake.<zone>}}/", location)
	case !r.mayBeInLake(location):
		r.fault(at, "%q is not in a zone of the lake; begin it with {{.Lake.<zone>}}/", location)
	}
}

// mayBeInLake reports whether location is not known to be outside of the lake.
func (r *rules) mayBeInLake(location string) bool {
	rest, literal := strings.CutPrefix(location, "s3://")
	bucket, _, _ := strings.Cut(rest, "/")
	if !literal || r.zoneOf == nil || isTemplate(bucket) {
		return true
	}
	_, known := r.zoneOf[bucket]
	return known
}

func (r *rules) publishTemplates() {
	all := map[string]bool{} // publishing comes after every job
	for _, j := range r.spec.Jobs {
		all[j.Name] = true
	}
	fields := fieldsOfPublish(r.spec.Publish)
	for _, f := range fields {
		refs := &references{rules: r, needs: all, shown: true}
		if f.at.String() == "publish.location" {
			refs.only = waitFields // jobs must know it before they run
		}
		r.compileAll([]field{f}, refs)
	}
}

// RenderPublish returns what the run publishes, filled in; nil if it publishes nothing.
// The location ends in a slash and is in a zone of the lake.
func (s Spec) RenderPublish(c Context) (*Publish, error) {
	if s.Publish == nil {
		return nil, nil //nolint:nilnil // nothing to publish is no error
	}
	p := *s.Publish
	if p.Iceberg {
		return &p, nil
	}
	p.Partition = maps.Clone(p.Partition)
	at := root("publish")
	fields := fieldsOfPublish(&p)
	if err := s.fill(at, fields[:len(fields)-1], c); err != nil {
		return nil, err
	}
	var errs []error
	fault := func(at *place, format string, args ...any) {
		errs = append(errs, c.hide(fmt.Errorf("pipeline %s: render %s: %s", s.Name, at, fmt.Sprintf(format, args...))))
	}
	for _, key := range sorted(p.Partition) {
		checkPartitionValue(at.key("partition").key(key), p.Partition[key], fault)
	}
	location, err := s.RenderLocation(c)
	p.Location = location
	return &p, errors.Join(append(errs, err)...)
}

// RenderLocation returns where the run writes what it publishes: an address in a zone of
// the lake that ends in a slash, or the branch of an Iceberg table. It is known before the
// jobs run. s must publish.
func (s Spec) RenderLocation(c Context) (string, error) {
	if branch := s.Branch(c.RunID); branch != "" {
		return "branch " + branch, nil
	}
	at := root("publish").key("location")
	location := ""
	if err := s.fill(at, []field{{at: at, get: s.Publish.Location, set: func(v string) { location = strings.TrimSuffix(v, "/") + "/" }}}, c); err != nil {
		return "", err
	}
	var errs []error
	checkLocation(at, location, c, func(at *place, format string, args ...any) {
		errs = append(errs, c.hide(fmt.Errorf("pipeline %s: render %s: %s", s.Name, at, fmt.Sprintf(format, args...))))
	})
	return location, errors.Join(errs...)
}

// checkPublish checks what is known before the jobs run: the location, and values that
// need no job's output.
func (s Spec) checkPublish(c Context) error {
	if s.Publish == nil || s.Publish.Iceberg {
		return nil
	}
	_, err := s.RenderLocation(c)
	fields := fieldsOfPublish(s.Publish)
	return errors.Join(err, s.fill(root("publish"), s.independent(fields[:len(fields)-1]), c))
}

func checkLocation(at *place, location string, c Context, fault report) {
	inLake := slices.ContainsFunc(sorted(c.Lake), func(zone string) bool {
		key, ok := strings.CutPrefix(location, c.Lake[zone]+"/")
		return ok && strings.Trim(key, "/") != ""
	})
	switch {
	case !inLake:
		fault(at, "%s is not in a zone of the lake; write {{.Lake.<zone>}}/… with one of %s", location, strings.Join(sorted(c.Lake), ", "))
	case !strings.Contains(location, c.RunID):
		fault(at, "%s does not contain the run's id; add {{.RunID}} outside of conditions", location)
	}
}
