package shims_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"ephemr/internal/proof/executable"
)

// checkout is a directory that has the shims beside tools which only print their
// arguments.
func checkout(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	shims, err := filepath.Abs("../../../scripts/shims")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(root, "scripts"), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(filepath.Join(root, "scripts", "shims"), os.DirFS(shims)); err != nil {
		t.Fatal(err)
	}
	bin := filepath.Join(root, ".tools", "spark", "bin")
	if err := os.MkdirAll(bin, 0o750); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"spark-submit", "spark-sql"} {
		// Only what follows the settings of the shim, which end with this one.
		script := "#!/bin/bash\nfor a in \"$@\"; do [ \"$seen\" ] && printf '[%s]' \"$a\"; [[ $a != *schema.verification=* ]] || seen=1; done\n"
		if err := executable.Write(filepath.Join(bin, name), script); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// run runs a shim; its PATH is the system's.
func run(t *testing.T, root string, env []string, name string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), filepath.Join(root, "scripts", "shims", name), args...) //nolint:gosec // a script of ours
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH")}, env...)
	err := cmd.Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		code = exit.ExitCode()
	} else if err != nil {
		t.Fatal(err)
	}
	return out.String(), errs.String(), code
}

// What selects YARN is left out and reported; everything else arrives.
func TestSparkRunsWithoutYARN(t *testing.T) {
	t.Parallel()
	root := checkout(t)
	for name, tt := range map[string]struct {
		args, ignored []string
		want          string
	}{
		"plain":         {args: []string{"job.py", "a"}, want: "[job.py][a]"},
		"flags":         {args: []string{"--master", "yarn", "--deploy-mode", "cluster", "job.py"}, want: "[job.py]", ignored: []string{"--master yarn", "--deploy-mode cluster"}},
		"with =":        {args: []string{"--master=yarn", "--deploy-mode=client", "job.py"}, want: "[job.py]", ignored: []string{"--master=yarn", "--deploy-mode=client"}},
		"conf":          {args: []string{"--conf", "spark.master=yarn", "-c", "spark.submit.deployMode=cluster", "--conf=spark.master=yarn", "job.py"}, want: "[job.py]", ignored: []string{"spark.master=yarn", "spark.submit.deployMode=cluster"}},
		"another conf":  {args: []string{"--conf", "spark.x=y z", "--verbose", "--name", "n", "job.py"}, want: "[--conf][spark.x=y z][--verbose][--name][n][job.py]"},
		"another mode":  {args: []string{"--master", "local[4]", "job.py"}, want: "[--master][local[4]][job.py]"},
		"of the job":    {args: []string{"--verbose", "job.py", "--master", "yarn", "--deploy-mode", "cluster"}, want: "[--verbose][job.py][--master][yarn][--deploy-mode][cluster]"},
		"jar":           {args: []string{"--deploy-mode", "cluster", "--class", "a.B", "x.jar", "1"}, want: "[--class][a.B][x.jar][1]", ignored: []string{"--deploy-mode cluster"}},
		"example's jar": {args: []string{"--class", "org.apache.spark.examples.SparkPi", "/usr/lib/spark/examples/jars/spark-examples.jar", "10"}, want: "[" + root + "/scripts/shims/lib/examples/pi.py][10]"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, stderr, code := run(t, root, nil, "spark-submit", tt.args...)
			if out != tt.want || code != 0 {
				t.Errorf("exit code %d, got %s, want %s\n%s", code, out, tt.want, stderr)
			}
			for _, text := range tt.ignored {
				if !strings.Contains(stderr, "the local region has no YARN") || !strings.Contains(stderr, text) {
					t.Errorf("%q is not reported: %s", text, stderr)
				}
			}
			if len(tt.ignored) == 0 && stderr != "" {
				t.Errorf("reports %s", stderr)
			}
		})
	}
}

func TestClusterDefaultsAreReported(t *testing.T) {
	t.Parallel()
	root := checkout(t)
	if err := os.WriteFile(filepath.Join(root, "spark-defaults"), []byte("spark.master=yarn\nspark.submit.deployMode=cluster\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, program := range []string{"spark-submit", "spark-sql"} {
		_, stderr, _ := run(t, root, []string{"EPHEMR_HOME=" + root}, program, "job.py")
		if want := program + ": the local region ignores the cluster's spark-defaults: spark.master=yarn spark.submit.deployMode=cluster"; !strings.Contains(stderr, want) {
			t.Errorf("no %q in %q", want, stderr)
		}
	}
}

// The formats of tables that a cluster has need jars, and catalogs of Iceberg the region's services.
func TestClusterTables(t *testing.T) {
	t.Parallel()
	root := checkout(t)
	const catalog = "spark.sql.catalog.c"
	if err := os.WriteFile(filepath.Join(root, "spark-tables"), []byte(catalog+"=org.apache.iceberg.spark.SparkCatalog\nspark.sql.extensions=a,b\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	env := []string{"EPHEMR_HOME=" + root, "AWS_ENDPOINT_URL=http://127.0.0.1:1"}
	_, stderr, code := run(t, root, env, "spark-submit", "job.py")
	if code != 1 || !strings.Contains(stderr, "run scripts/setup tables") {
		t.Errorf("without jars: exit code %d, %s", code, stderr)
	}
	if err := os.Mkdir(filepath.Join(root, ".tools", "tables"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, program := range []string{"spark-submit", "spark-sql"} {
		out, stderr, code := run(t, root, env, program, "job.py")
		for _, want := range []string{
			"[--conf][" + catalog + "=org.apache.iceberg.spark.SparkCatalog]", "[--conf][spark.sql.extensions=a,b]",
			"[--conf][" + catalog + ".glue.endpoint=http://127.0.0.1:1]", "[--conf][" + catalog + ".s3.endpoint=http://127.0.0.1:1]",
		} {
			if code != 0 || !strings.Contains(out, want) {
				t.Errorf("%s: exit code %d, no %s in %s%s", program, code, want, out, stderr)
			}
		}
	}
}

func TestExamples(t *testing.T) {
	t.Parallel()
	root := checkout(t)
	out, _, _ := run(t, root, nil, "spark-example", "--master", "yarn", "--verbose", "SparkPi", "10")
	if want := "[" + root + "/scripts/shims/lib/examples/pi.py][10]"; out != want {
		t.Errorf("got %s, want %s", out, want)
	}
	_, stderr, code := run(t, root, nil, "run-example", "JavaKMeans")
	if code != 1 || !strings.Contains(stderr, "the local region has only SparkPi") {
		t.Errorf("exit code %d, %s", code, stderr)
	}
}

// files runs commands on files with the real Python; the acceptance tests run them on S3.
func files(t *testing.T, line string) (stdout, stderr string, code int) {
	t.Helper()
	if _, err := os.Stat("../../../.tools/venv/bin/python"); err != nil {
		if testing.Short() {
			t.Skip("no Python with boto3: run scripts/setup")
		}
		t.Fatal(err)
	}
	words := strings.Fields(line)
	root, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	return run(t, root, nil, words[0], words[1:]...)
}

// Hadoop's CommandFormat compares each argument with the names of the flags, so that
// a job with "rm -rf" fails on EMR. Its mv and moveFromLocal replace and merge nothing.
func TestFileCommandsAreAsStrictAsHadoop(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"a", "b", "d/a", "e/d/c", "g/f"} {
		if err := errors.Join(os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700), os.WriteFile(filepath.Join(dir, name), []byte(name), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	at := "file://" + dir
	const hint = "; Hadoop takes each flag as an argument of its own, as in -r -f\n"
	for _, tt := range []struct {
		line, out, err string
		code           int
	}{
		{line: "-du -sh " + at, err: "-du: Illegal option -sh" + hint, code: 255},
		{line: "-ls -hR " + at, err: "-ls: Illegal option -hR" + hint, code: 255},
		{line: "-put -fp " + dir + "/a " + at + "/new", err: "-put: Illegal option -fp" + hint, code: 255},
		{line: "-put -f -p " + dir + "/b " + at + "/a"},
		{line: "-rm -rf " + at + "/d", err: "-rm: Illegal option -rf" + hint, code: 255},
		{line: "-cp -ptopa " + at + "/a " + at + "/copy"},
		{line: "-mv " + at + "/a " + at + "/d", err: "mv: `" + at + "/d/a': File exists\n", code: 1},
		{line: "-mv " + at + "/d file://other/d", err: "mv: `" + at + "/d': Does not match target filesystem\n", code: 1},
		{line: "-moveFromLocal " + dir + "/d " + at + "/e", err: "moveFromLocal: `" + at + "/e/d': File exists\n", code: 1},
		{line: "-mv " + at + "/a " + at + "/b", err: "mv: `" + at + "/b': File exists\n", code: 1},
		{line: "-moveFromLocal " + dir + "/a " + at + "/b", err: "moveFromLocal: `" + at + "/b': File exists\n", code: 1},
		{line: "-cat " + at + "/a " + at + "/b " + at + "/d/a " + at + "/e/d/c", out: "bbd/ae/d/c"},
		{line: "-moveFromLocal -f " + dir + "/a " + at + "/b"},
		{line: "-mv " + at + "/g " + at + "/d"},
	} {
		out, stderr, code := files(t, "hadoop fs "+tt.line)
		if out != tt.out || stderr != tt.err || code != tt.code {
			t.Errorf("%s: exit code %d, %q, %q; want %d, %q, %q", tt.line, code, out, stderr, tt.code, tt.out, tt.err)
		}
	}
}

func TestFileCommands(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.txt"), []byte("hello\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	at := "file://" + dir
	for _, tt := range []struct {
		line, out, err string
		code           int
	}{
		{line: "hadoop fs -mkdir -p " + at + "/in/deep"},
		{line: "hadoop fs -put " + dir + "/a.txt " + at + "/in/"},
		{line: "hadoop fs -put " + dir + "/a.txt " + at + "/in/", err: "put: `" + at + "/in/a.txt': File exists\n", code: 1},
		{line: "hdfs dfs -cat " + at + "/in/*.txt", out: "hello\n"},
		{line: "hadoop fs -ls -C " + at + "/in", out: at + "/in/a.txt\n" + at + "/in/deep\n"},
		{line: "hadoop fs -count " + at + "/in", out: "           1            1                  6 " + at + "/in\n"},
		{line: "s3-dist-cp --src " + at + "/in --dest=" + at + "/out --srcPattern .*\\.txt --deleteOnSuccess", err: "s3-dist-cp: copied 1 files from " + at + "/in to " + at + "/out on this machine\n"},
		{line: "hadoop fs -test -e " + at + "/in/a.txt", code: 1},
		{line: "hadoop fs -test -s " + at + "/out/a.txt"},
		{line: "hadoop fs -rm " + at + "/out", err: "rm: `" + at + "/out': Is a directory\n", code: 1},
		{line: "hadoop fs -ls " + at + "/none", err: "ls: `" + at + "/none': No such file or directory\n", code: 1},
		{line: "hadoop fs -ls /user", err: "ls: /user: the local region has no HDFS, use an s3:// or file:// path\n", code: 1},
		{line: "hdfs dfsadmin -report", err: "hdfs: the local region has no HDFS: only hdfs dfs works, on s3:// and file:// paths\n", code: 2},
		{line: "s3-dist-cp --src " + at + "/out --dest hdfs:///x", err: "s3-dist-cp: hdfs:///x: the local region has no HDFS, use an s3:// or file:// path\n", code: 1},
		{line: "hive -hiveconf", err: "hive: the local region runs this script with Spark SQL; the dialect of Hive on EMR may differ\nhive: Missing argument for option: -hiveconf\n", code: 2},
		{line: "hadoop job -list", err: "hadoop: the local region supports only hadoop jar, fs, distcp and version, not job\n", code: 2},
	} {
		out, stderr, code := files(t, tt.line)
		if out != tt.out || stderr != tt.err || code != tt.code {
			t.Errorf("%s: exit code %d, %q, %q; want %d, %q, %q", tt.line, code, out, stderr, tt.code, tt.out, tt.err)
		}
	}
}
