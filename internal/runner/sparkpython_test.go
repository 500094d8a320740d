package runner_test

import (
	"os"
	"path/filepath"
	"testing"

	"ephemr/internal/job"
	"ephemr/internal/proof/executable"
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
			want: "--archives s3://b/a.zip#a,b.zip,WORK/python.tar.gz#ephemr_python --conf spark.executorEnv.PYTHONPATH=./ephemr_python:mine " +
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
			want:  "--archives WORK/modules.zip#ephemr_modules MODULES main.py\nPYTHONPATH=\n",
		},
		"modules and requirements": {
			files: map[string]string{"util.py": "", "requirements.txt": "# nothing yet\n"},
			want: "--archives WORK/python.tar.gz#ephemr_python,WORK/modules.zip#ephemr_modules " +
				"--conf spark.executorEnv.PYTHONPATH=./ephemr_modules:./ephemr_python " +
				"--conf spark.yarn.appMasterEnv.PYTHONPATH=./ephemr_modules:./ephemr_python main.py\nPYTHONPATH=WORK/python\n",
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
			got := b.printed()
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
	if err := executable.Write(filepath.Join(bin, "spark-submit"), script); err != nil {
		b.Fatal(err)
	}
	b.Setenv("PATH", bin+":"+os.Getenv("PATH"))
}

// Executors get the modules beside and below the entry, and the data of packages,
// as files. A directory without modules is no package.
func TestModules(t *testing.T) {
	b := newBench(t)
	bin := b.TempDir()
	const script = `#!/bin/bash
[ "$1" = --archives ] && python3 -m zipfile -l "${2%#*}" | awk 'NR > 1 {print $1}'`
	if err := executable.Write(filepath.Join(bin, "spark-submit"), script); err != nil {
		t.Fatal(err)
	}
	b.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	s := b.spec(job.Spark, map[string]string{
		"src/main.py": "", "src/util.py": "", "src/util.json": "", "src/deps.tgz": "", "src/.env": "", "src/venv.whl": "", "setup.py": "",
		"src/shop/__init__.py": "", "src/shop/prices.json": "", "src/shop/data/deep/a.csv.gz": "", "src/shop/__pycache__/a.pyc": "",
		"src/space/deep/er.py": "", "src/data/a.csv": "", "src/.git/x.py": "",
	})
	s.Entry = "src/main.py"
	const want = "main.py\nshop/__init__.py\nshop/data/deep/a.csv.gz\nshop/prices.json\nspace/deep/er.py\nutil.json\nutil.py\n"
	if code, res := b.run(t.Context(), s); code != 0 || b.stdout.String() != want {
		t.Errorf("exit %d, %q, %+v, %s", code, b.stdout, res, b.stderr)
	}
}
