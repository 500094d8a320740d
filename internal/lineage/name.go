package lineage

import (
	"cmp"
	"path"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"ephemr/internal/run"
	"ephemr/internal/stage"
)

// Name identifies a dataset, by OpenLineage's rules for S3 and for the Glue Data Catalog:
// https://openlineage.io/docs/spec/naming
type Name struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
}

// Namespace is that of a stage's pipelines and jobs.
func Namespace(s stage.Settings) string {
	return "ephemr://" + s.Account + "/" + s.Region + "/" + s.Stage
}

// JobName is the name of a job of a pipeline.
func JobName(pipeline, job string) string { return pipeline + "." + job }

// ids is the namespace of our run ids.
var ids = uuid.NewSHA1(uuid.NameSpaceURL, []byte(producer))

// RunID identifies an execution of a run. A retry of a run that has ended is another one.
func RunID(s stage.Settings, runID string, restart int) string { return id(s, runID, "", restart) }

// AttemptID identifies an attempt of a job.
func AttemptID(s stage.Settings, runID, job string, attempt int) string {
	return id(s, runID, job, attempt)
}

// id has the stage in it: runs of other stages for the same date have the same ids.
func id(s stage.Settings, parts ...any) string {
	text := Namespace(s)
	for _, p := range parts {
		switch p := p.(type) {
		case string:
			text += "\x00" + p
		case int:
			text += "\x00" + strconv.Itoa(p)
		}
	}
	return uuid.NewSHA1(ids, []byte(text)).String()
}

// S3 is the name of a dataset at s3://bucket/prefix/; false means that it is no such address.
func S3(address string) (Name, bool) {
	rest, ok := strings.CutPrefix(address, "s3://")
	bucket, key, _ := strings.Cut(rest, "/")
	if !ok || bucket == "" {
		return Name{}, false
	}
	if key = strings.Trim(key, "/"); key == "" {
		key = "/"
	}
	return Name{Namespace: "s3://" + bucket, Name: key}, true
}

// Folder is the name of the dataset that an object belongs to: Spark reports the folder, too,
// when a program reads a file.
func Folder(bucket, key string) Name {
	dir := path.Dir(strings.TrimLeft(key, "/"))
	if dir == "." {
		dir = "/"
	}
	return Name{Namespace: "s3://" + bucket, Name: dir}
}

// Table is the name of a table of the Glue Data Catalog.
func Table(s stage.Settings, database, table string) Name {
	return Name{Namespace: "arn:aws:glue:" + s.Region + ":" + s.Account, Name: "table/" + database + "/" + table}
}

// String is n as a user writes it: s3://bucket/prefix or database.table.
func (n Name) String() string {
	if rest, ok := strings.CutPrefix(n.Name, "table/"); ok && strings.HasPrefix(n.Namespace, "arn:") {
		return strings.Replace(rest, "/", ".", 1)
	}
	return n.Namespace + "/" + strings.TrimPrefix(n.Name, "/")
}

// Within reports whether n is the dataset other or a part of it.
func (n Name) Within(other Name) bool {
	switch {
	case n.Namespace != other.Namespace:
		return false
	case n.Name == other.Name, other.Name == "/" && strings.HasPrefix(n.Namespace, "s3://"):
		return true
	}
	return strings.HasPrefix(n.Name, other.Name+"/")
}

// prefix is where the events of an execution of a run are. The date is that of the request in
// UTC: it does not change while the execution lives.
func prefix(r run.Run) string {
	return stage.LineagePrefix + "dt=" + r.RequestedAt.UTC().Format("2006-01-02") + "/" + r.ID + "/"
}

// key is that of an event: job is "" for the run, and number that of the restart or attempt.
// It does not have the type of the end, so that there is one end at most.
func key(r run.Run, job string, number int, start bool) string {
	end := ".end.json"
	if start {
		end = ".start.json"
	}
	if job == "" {
		return prefix(r) + "run." + strconv.Itoa(number) + end
	}
	return prefix(r) + "jobs/" + job + "." + strconv.Itoa(number) + end
}

// overlaps reports whether n and other have data in common.
func (n Name) overlaps(other Name) bool { return n.Within(other) || other.Within(n) }

func (n Name) compare(other Name) int {
	return cmp.Or(cmp.Compare(n.Namespace, other.Namespace), cmp.Compare(n.Name, other.Name))
}
