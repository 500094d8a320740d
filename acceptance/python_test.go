package acceptance_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// usesTiny is a Spark program whose driver and executors use a library, tiny, and
// a module of the project.
const usesTiny = `import tiny
from lib.common import twice
from pyspark.sql import SparkSession
from pyspark.sql.functions import udf

spark = SparkSession.builder.getOrCreate()
greet = udf(lambda n: "%s %d" % (tiny.hello, twice(n)))
print("driver: " + tiny.hello)
print("executors: " + ", ".join(r[0] for r in spark.range(3).select(greet("id")).collect()))
`

// wheel writes a library of one module to a file.
func wheel(t *testing.T, file, hello string) {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, f := range [][2]string{
		{"tiny.py", "hello = '" + hello + "'\n"},
		{"tiny-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n"},
		{"tiny-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"},
		{"tiny-1.0.dist-info/RECORD", ""},
	} {
		w, err := z.Create(f[0])
		if err == nil {
			_, err = w.Write([]byte(f[1]))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

// A Spark job's driver and executors find what its requirements.txt asks for.
// The second run gets it from the bucket, without pip.
func TestRequirements(t *testing.T) {
	t.Parallel()
	dir := project(t, map[string]string{
		"job/main.py": usesTiny, "job/requirements.txt": "--no-index\n--find-links wheels\ntiny==1.0\n", "lib/common.py": "def twice(n): return 2 * n\n",
	})
	hello := "hello-" + nonce // so that no other region has made it
	wheel(t, filepath.Join(dir, "job/wheels/tiny-1.0-py3-none-any.whl"), hello)
	for _, want := range []string{"ephemr: installing requirements.txt with pip", "ephemr: libraries of requirements.txt come from s3://"} {
		out, stderr, code := w.cli(t, dir, "submit", "-d", "job", "-t", "spark", "-u", "etl", "--include", "lib")
		if code != 0 || out != "driver: "+hello+"\nexecutors: "+hello+" 0, "+hello+" 2, "+hello+" 4\n" {
			t.Fatalf("exit code %d\n%s%s", code, out, stderr)
		}
		if !strings.Contains(stderr, want) {
			t.Errorf("no %q in:\n%s", want, stderr)
		}
	}
	kept, err := w.s3.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: &w.settings.ArtifactsBucket, Prefix: aws.String("users/etl/venvs/")})
	if err != nil || len(kept.Contents) == 0 {
		t.Errorf("%d archives are kept, %v", len(kept.Contents), err)
	}
}

// A ready environment runs Spark's driver and its executors.
func TestEnvironment(t *testing.T) {
	t.Parallel()
	dir := project(t, map[string]string{"job/main.py": `import os
from pyspark.sql import SparkSession
from pyspark.sql.functions import udf

spark = SparkSession.builder.getOrCreate()
print("driver: " + os.environ["FROM_ENVIRONMENT"])
print("executors: " + spark.range(1).select(udf(lambda n: os.environ["FROM_ENVIRONMENT"] + os.environ["OF_WORKER"])("id")).first()[0])
`})
	// An interpreter as good as any: it says that it is this one, and so do its workers.
	const python = "#!/bin/bash\nexport FROM_ENVIRONMENT=yes\n[ \"$1\" = -m ] && export OF_WORKER=,too\nexec python3 \"$@\"\n"
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	a := tar.NewWriter(z)
	err := a.WriteHeader(&tar.Header{Name: "bin/python", Typeflag: tar.TypeReg, Mode: 0o755, Size: int64(len(python))})
	if err == nil {
		_, err = a.Write([]byte(python))
	}
	if err != nil || a.Close() != nil || z.Close() != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "job", "environment.tar.gz"), b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	out, stderr, code := w.cli(t, dir, "submit", "-d", "job", "-t", "spark", "-u", "etl")
	if code != 0 || out != "driver: yes\nexecutors: yes,too\n" {
		t.Errorf("exit code %d\n%s%s", code, out, stderr)
	}
}

// What pip says is what the user sees.
func TestRequirementsThatFail(t *testing.T) {
	t.Parallel()
	dir := project(t, map[string]string{"job/run.sh": "echo never", "job/requirements.txt": "--no-index\nnosuchlib==9\n"})
	out, stderr, code := w.cli(t, dir, "submit", "-d", "job", "-t", "bash", "-u", "etl")
	if code != 66 || out != "" || !strings.Contains(stderr, "FAILED: job: pip install -r requirements.txt exited 1: ERROR: Could not find a version") {
		t.Errorf("exit code %d\n%s%s", code, out, stderr)
	}
}
