package runner_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ephemr/internal/job"
)

// Spark gets archives and settings for its driver here and executors elsewhere.
func TestPythonOfSpark(t *testing.T) {
	tests := map[string]struct {
		files map[string]string
		conf  map[string]string
		want  string // WORK stands for the work directory
	}{
		"requirements": {
			files: map[string]string{"requirements.txt": "# nothing yet\n"},
			want: "--archives WORK/python.tar.gz#ephemr_python --conf spark.executorEnv.PYTHONPATH=./ephemr_python " +
				"--conf spark.yarn.appMasterEnv.PYTHONPATH=./ephemr_python main.py\nPYTHONPATH=WORK/python\n",
		},
		"requirements beside settings of the job's own": {
			files: map[string]string{"requirements.txt": "# nothing yet\n"},
			conf:  map[string]string{"spark.executorEnv.PYTHONPATH": "mine", "spark.archives": "s3://b/a.zip#a", "spark.yarn.dist.archives": "b.zip"},
			want: "--archives b.zip,s3://b/a.zip#a,WORK/python.tar.gz#ephemr_python --conf spark.executorEnv.PYTHONPATH=./ephemr_python:mine " +
				"--conf spark.yarn.appMasterEnv.PYTHONPATH=./ephemr_python main.py\nPYTHONPATH=WORK/python\n",
		},
		"an environment": {
			files: map[string]string{"environment.tar.gz": "ENVIRONMENT"},
			want: "--archives WORK/package/environment.tar.gz#ephemr_environment --conf spark.pyspark.driver.python=WORK/environment/bin/python " +
				"--conf spark.pyspark.python=./ephemr_environment/bin/python main.py\nPYTHONPATH=\n",
		},
		"an environment in cluster mode": {
			files: map[string]string{"venv.tar.gz": "ENVIRONMENT"}, conf: map[string]string{"spark.submit.deployMode": "cluster"},
			want: "--archives WORK/package/venv.tar.gz#ephemr_environment " +
				"--conf spark.pyspark.python=./ephemr_environment/bin/python --conf spark.submit.deployMode=cluster main.py\nPYTHONPATH=\n",
		},
		"modules below the entry": {
			files: map[string]string{"lib/common.py": "", "lib/deep/er.py": "", ".hidden/x.py": "", "conf/a.yaml": "", "util.py": ""},
			want:  "--py-files util.py,WORK/modules.zip main.py\nPYTHONPATH=\n",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.withoutPip("exit 0") // nothing to install
			b.sparkTool()
			files := map[string]string{"main.py": ""}
			for name, text := range tt.files {
				if text == "ENVIRONMENT" {
					text = environment(t)
				}
				files[name] = text
			}
			s := b.spec(job.Spark, files)
			s.Entry, s.Conf = "main.py", tt.conf
			code, res := b.run(t.Context(), s)
			got := b.stdout.String()
			if i := strings.Index(got, b.Home+"/work/attempt-"); i >= 0 {
				work := got[i : i+strings.IndexByte(got[i+len(b.Home)+6:], '/')+len(b.Home)+6]
				got = strings.ReplaceAll(got, work, "WORK")
			}
			if code != 0 || got != tt.want {
				t.Errorf("exit %d, %+v\ngot  %s\nwant %s", code, res, got, tt.want)
			}
		})
	}
}

// sparkTool puts a spark-submit first in PATH that says how it was called.
func (b *bench) sparkTool() {
	b.Helper()
	bin := b.TempDir()
	const script = "#!/bin/bash\necho \"$@\"\necho PYTHONPATH=$PYTHONPATH\n"
	if err := os.WriteFile(filepath.Join(bin, "spark-submit"), []byte(script), 0o700); err != nil { //nolint:gosec // it is to be run
		b.Fatal(err)
	}
	b.Setenv("PATH", bin+":"+os.Getenv("PATH"))
}

// Modules below the entry can be imported from the zip, packages without an
// __init__.py too.
func TestModules(t *testing.T) {
	b := newBench(t)
	bin := b.TempDir()
	const script = `#!/bin/bash
[ "$1" = --py-files ] && cd / && PYTHONPATH=$2 python3 -c 'import lib.common, lib.deep.er; print(lib.common.x + lib.deep.er.x)'`
	if err := os.WriteFile(filepath.Join(bin, "spark-submit"), []byte(script), 0o700); err != nil { //nolint:gosec // it is to be run
		t.Fatal(err)
	}
	b.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	s := b.spec(job.Spark, map[string]string{"src/main.py": "", "src/lib/common.py": "x = 1", "src/lib/deep/er.py": "x = 2"})
	s.Entry = "src/main.py"
	if code, res := b.run(t.Context(), s); code != 0 || b.stdout.String() != "3\n" {
		t.Errorf("exit %d, %q, %+v, %s", code, b.stdout, res, b.stderr)
	}
}
