package acceptance_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/go-cmp/cmp"

	"ephemr/internal/dataset"
	"ephemr/internal/local/flights"
	"ephemr/internal/run"
	"ephemr/internal/statistics"
)

// tables allows the test that needs the jars of Delta and Iceberg.
var tables = flag.Bool("tables", false, "write tables of Delta and Iceberg; make tables installs their jars")

// writesTables writes a month of flights into a table of each format, and removes a carrier from both.
const writesTables = `pipeline: NAME
cluster: {profile: tables}
jobs:
  - name: write
    type: spark
    source: jobs/write
    args: ["{{.Lake.raw}}/NAME/flights.csv.gz", "{{.Lake.curated}}/NAME", TABLE]
checks:
  - {dataset: "{{.Lake.curated}}/NAME/delta/", rows: "= {{.Jobs.write.Outputs.rows}}", notNull: [carrier], unique: [id]}
  - {dataset: "{{.Lake.curated}}/NAME/iceberg/", rows: "= {{.Jobs.write.Outputs.rows}}", notNull: [carrier], unique: [id]}
  - {dataset: "{{.Lake.curated}}/NAME/iceberg/", where: carrier == "UA", rows: "= 0"}
`

// tablesJob writes rows twice, so that the folders have files of former snapshots.
const tablesJob = `import os
import sys

from pyspark.sql import SparkSession
from pyspark.sql import functions as f

source, target, table = sys.argv[1:]
spark = SparkSession.builder.getOrCreate()
rows = spark.read.csv(source, header=True).withColumn("id", f.monotonically_increasing_id())
delta, iceberg = "delta.` + "`" + `" + target + "/delta` + "`" + `", "glue_catalog.ephemr_local." + table
rows.write.format("delta").partitionBy("origin").save(target + "/delta")
rows.writeTo(iceberg).tableProperty("location", target + "/iceberg").partitionedBy(f.col("origin")).create()
for name in delta, iceberg:
    spark.sql("delete from " + name + " where carrier = 'UA'")
left = {name: spark.table(name).count() for name in (delta, iceberg)}
assert len(set(left.values())) == 1, left
with open(os.environ["EPHEMR_OUTPUT"], "a", encoding="utf-8") as out:
    out.write("rows=%d\nwritten=%d\n" % (left[delta], rows.count()))
`

// Real Spark writes tables of Delta and Iceberg into S3, the latter with the catalog of Glue: checks on the
// cluster, statistics and ephemr check see the current snapshot only.
func TestTables(t *testing.T) {
	if !*tables {
		t.Skip("needs the jars of Delta and Iceberg: make tables")
	}
	name, table := "tables-"+nonce, "tables_"+strings.ReplaceAll(nonce, "-", "_")
	data, err := flights.Month(filepath.Join(w.region.Root, flights.Archive), 2)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.s3.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String(w.settings.Lake["raw"]), Key: aws.String(name + "/flights.csv.gz"), Body: bytes.NewReader(data)}); err != nil {
		t.Fatal(err)
	}
	dir := project(t, map[string]string{"pipeline.yaml": strings.NewReplacer("NAME", name, "TABLE", table).Replace(writesTables), "jobs/write/main.py": tablesJob})
	if out, stderr, code := w.cli(t, dir, "apply", "pipeline.yaml"); code != 0 {
		t.Fatalf("ephemr apply: exit code %d\n%s%s", code, out, stderr)
	}
	rec := w.good(t, strings.TrimSpace(w.ephemr(t, "start", name)))
	written, left := rec.Job("write").Outputs["written"], rec.Job("write").Outputs["rows"]
	if written == left || left == "0" {
		t.Fatalf("written %s, left %s", written, left)
	}
	want := map[string]string{"rows.1": left, "rows.2": left, "rows.3": "0"}
	if diff := cmp.Diff(want, rec.Job("checks").Outputs); diff != "" {
		t.Errorf("outputs of checks (-want +got):\n%s", diff)
	}
	w.areCurrent(t, rec, name, left)
}

// publishesTable adds rows to a table that exists, on a branch of the run.
const publishesTable = `pipeline: NAME
params: {delay: {default: "1"}}
cluster: {profile: tables}
jobs: [{name: add, type: spark, source: jobs/add, args: [TABLE, "{{.RunID}}", "{{.Params.delay}}"]}]
checks: [{dataset: "{{.Lake.curated}}/FOLDER/", range: {delay: {min: 0}}, files: "> 0"}]
publish: {table: ephemr.TABLE, iceberg: true}
`

// addJob reads its own rows again, and does not name the branch.
const addJob = `import sys

from pyspark.sql import SparkSession

table, run, delay = sys.argv[1:]
name = "glue_catalog.ephemr_local." + table
spark = SparkSession.builder.getOrCreate()
spark.sql("insert into %s values ('%s', %s)" % (name, run, delay))
assert spark.table(name).where("run = '%s'" % run).count() == 1
`

// createJob makes the table that the others change.
const createJob = `import sys

from pyspark.sql import SparkSession

table, location = sys.argv[1:]
spark = SparkSession.builder.getOrCreate()
spark.sql("create table glue_catalog.ephemr_local.%s (run string, delay int) using iceberg location '%s' tblproperties ('write.wap.enabled' = 'true')" % (table, location))
spark.sql("insert into glue_catalog.ephemr_local.%s values ('first', 0)" % table)
`

// readJob says what readers of the table see.
const readJob = `import os
import sys

from pyspark.sql import SparkSession

rows = SparkSession.builder.getOrCreate().table("glue_catalog.ephemr_local." + sys.argv[1]).collect()
with open(os.environ["EPHEMR_OUTPUT"], "a", encoding="utf-8") as out:
    out.write("runs=%s\n" % ",".join(sorted(row.run for row in rows)))
`

// Real Spark writes to the run's branch of an Iceberg table; readers see its rows when the checks have succeeded, and
// those of before when they have failed, or when the publication was undone.
func TestTablesArePublished(t *testing.T) {
	if !*tables {
		t.Skip("needs the jars of Iceberg: make tables")
	}
	name, table := "published-"+nonce, "published_"+strings.ReplaceAll(nonce, "-", "_")
	fill := strings.NewReplacer("NAME", name, "TABLE", table, "FOLDER", name).Replace
	one := func(job string, args string) string {
		return "pipeline: " + name + "-" + job + "\ncluster: {profile: tables}\njobs: [{name: " + job + ", type: spark, source: jobs/" + job + ", args: [" + args + "]}]\n"
	}
	dir := project(t, map[string]string{
		"create.yaml": one("create", table+`, "{{.Lake.curated}}/`+name+`"`), "read.yaml": one("read", table), "add.yaml": fill(publishesTable),
		"jobs/create/main.py": createJob, "jobs/read/main.py": readJob, "jobs/add/main.py": addJob,
	})
	for _, file := range []string{"create.yaml", "read.yaml", "add.yaml"} {
		if out, stderr, code := w.cli(t, dir, "apply", file); code != 0 {
			t.Fatalf("ephemr apply %s: exit code %d\n%s%s", file, code, out, stderr)
		}
	}
	seen := func() string {
		return w.good(t, strings.TrimSpace(w.ephemr(t, "start", name+"-read"))).Job("read").Outputs["runs"]
	}
	w.good(t, strings.TrimSpace(w.ephemr(t, "start", name+"-create")))
	good := w.good(t, strings.TrimSpace(w.ephemr(t, "start", name)))
	if got, want := seen(), "first,"+good.Run.ID; got != want {
		t.Errorf("readers see %s, want %s", got, want)
	}
	failed := w.end(t, strings.TrimSpace(w.ephemr(t, "start", name, "--param", "delay=-1")))
	if failed.Run.State != run.Failed || failed.Run.Publication == nil || failed.Run.Publication.Location != "branch run-"+failed.Run.ID {
		t.Errorf("the run is %s with %+v", failed.Run.State, failed.Run.Publication)
	}
	if got, want := seen(), "first,"+good.Run.ID; got != want {
		t.Errorf("after a run that failed readers see %s, want %s", got, want)
	}
	w.ephemr(t, "unpublish", good.Run.ID)
	if got := seen(); got != "first" {
		t.Errorf("after unpublish readers see %s", got)
	}
}

// areCurrent compares what ephemr check and ephemr stats say of the tables with their rows.
func (w *world) areCurrent(t *testing.T, rec *run.Record, name, rows string) { //nolint:gocyclo // one comparison after the other
	t.Helper()
	want, err := strconv.ParseInt(rows, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	for format, kind := range map[string]string{"delta": "Delta version ", "iceberg": "Iceberg snapshot "} {
		address := "s3://curated/" + name + "/" + format + "/"
		var checked struct {
			Table string `json:"table"`
			Rows  int64  `json:"rows"`
			Files int    `json:"files"`
		}
		if err := json.Unmarshal([]byte(w.ephemr(t, "check", address, "-o", "json")), &checked); err != nil {
			t.Fatal(err)
		}
		var recorded []statistics.Statistics
		if err := json.Unmarshal([]byte(w.ephemr(t, "stats", address, "-o", "json")), &recorded); err != nil {
			t.Fatal(err)
		}
		if checked.Rows != want || !strings.HasPrefix(checked.Table, kind) {
			t.Errorf("%s: checked %+v, want %d rows", format, checked, want)
		}
		if len(recorded) != 1 || recorded[0].RunID != rec.Run.ID || recorded[0].Rows == nil || *recorded[0].Rows != want || recorded[0].Partial != "" {
			t.Errorf("%s: recorded %+v, want %d rows", format, recorded, want)
		}
		all := w.parquetFiles(t, name+"/"+format+"/")
		if all <= checked.Files {
			t.Errorf("%s: the folder has %d files, and the snapshot %d", format, all, checked.Files)
		}
		t.Logf("%s: %d rows in %d of %d files: %s", format, want, checked.Files, all, checked.Table)
	}
}

// parquetFiles counts the files of a folder of the curated zone.
func (w *world) parquetFiles(t *testing.T, prefix string) (n int) {
	t.Helper()
	objects, err := dataset.List(t.Context(), w.s3, dataset.Address{Bucket: w.settings.Lake["curated"], Prefix: prefix})
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range objects {
		if strings.HasSuffix(o.Key, ".parquet") {
			n++
		}
	}
	return n
}
