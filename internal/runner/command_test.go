package runner_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"ephemr/internal/job"
	"ephemr/internal/proof/executable"
)

// tool puts a program of that name first in PATH that prints its arguments.
func (b *bench) tool(name string) {
	b.Helper()
	bin := b.TempDir()
	script := "#!/bin/bash\necho " + name + " \"$@\"\n"
	if err := executable.Write(filepath.Join(bin, name), script); err != nil {
		b.Fatal(err)
	}
	b.Setenv("PATH", bin+":"+os.Getenv("PATH"))
}

// printed is what a tool was called with. The settings that every Spark job gets
// are left out, and those of modules are MODULES.
func (b *bench) printed() string {
	text := b.stdout.String()
	for _, prefix := range []string{"spark.executorEnv.", "spark.yarn.appMasterEnv."} {
		text = strings.NewReplacer("--conf "+prefix+"LANG=C.UTF-8 ", "", "--conf "+prefix+"PYTHONUTF8=1 ", "").Replace(text)
	}
	text = strings.ReplaceAll(text, "--conf spark.executorEnv.PYTHONPATH=./ephemr_modules --conf spark.yarn.appMasterEnv.PYTHONPATH=./ephemr_modules", "MODULES")
	text = regexp.MustCompile(regexp.QuoteMeta(b.Home)+`/work/attempt-\d+`).ReplaceAllString(text, "WORK")
	return regexp.MustCompile(`link-(\d+)/link-\d+`).ReplaceAllString(text, "LINK")
}

func TestCommands(t *testing.T) {
	tests := map[string]struct {
		tool  string
		spec  job.Spec
		files []string
		want  string
	}{
		"spark": {
			tool:  "spark-submit",
			spec:  job.Spec{Type: job.Spark, Entry: "main.py", Args: []string{"--date", "d"}, Conf: map[string]string{"spark.jars": "s3://b/x.jar", "b": "2"}},
			files: []string{"main.py", "lib.py", "deps.zip", "old.egg", "libs/a.jar", "libs/b.jar", "note.txt"},
			want: "spark-submit --py-files deps.zip,old.egg --jars s3://b/x.jar,libs/a.jar,libs/b.jar --archives WORK/modules.zip#ephemr_modules " +
				"--conf b=2 MODULES main.py --date d\n",
		},
		"spark in a folder": {
			tool:  "spark-submit",
			spec:  job.Spec{Type: job.Spark, Entry: "src/main.py"},
			files: []string{"src/main.py", "src/lib.py", "setup.py"},
			want:  "spark-submit --archives WORK/modules.zip#ephemr_modules MODULES src/main.py\n",
		},
		"spark without modules": {
			tool:  "spark-submit",
			spec:  job.Spec{Type: job.Spark, Entry: "main.py"},
			files: []string{"main.py", "conf.json", "data/a.csv"},
			want:  "spark-submit main.py\n",
		},
		"spark with files that both name": {
			tool: "spark-submit",
			spec: job.Spec{Type: job.Spark, Entry: "main.py", Conf: map[string]string{
				"spark.submit.pyFiles": "helper.py,./deps.zip, old/more.zip", "spark.jars": "libs/a.jar,libs/a.jar",
			}},
			files: []string{"main.py", "helper.py", "deps.zip", "more.zip", "libs/a.jar"},
			want: "spark-submit --py-files helper.py,./deps.zip,old/more.zip,WORK/LINK.zip --jars libs/a.jar --archives WORK/modules.zip#ephemr_modules " +
				"MODULES main.py\n",
		},
		"spark beside odd names": {
			tool:  "spark-submit",
			spec:  job.Spec{Type: job.Spark, Entry: "main.py"},
			files: []string{"main.py", "a,b.zip", "a#b.egg", "libs/[x].jar", "libs/a:b.jar", "libs/c d.jar", "libs/-e.jar"},
			want:  "spark-submit --py-files WORK/LINK.zip,WORK/LINK.egg --jars libs/-e.jar,WORK/LINK.jar,WORK/LINK.jar,WORK/LINK.jar main.py\n",
		},
		"spark with an odd entry": {
			tool:  "spark-submit",
			spec:  job.Spec{Type: job.Spark, Entry: "a,b/x#1.py"},
			files: []string{"a,b/x#1.py"},
			want:  "spark-submit WORK/entry/ephemr_entry.py\n",
		},
		"spark without a suffix": {
			tool:  "spark-submit",
			spec:  job.Spec{Type: job.Spark, Entry: "nightly"},
			files: []string{"nightly"},
			want:  "spark-submit WORK/entry/ephemr_entry.py\n",
		},
		"spark jar without a suffix": {
			tool:  "spark-submit",
			spec:  job.Spec{Type: job.Spark, Entry: "nightly", Class: "com.Main"},
			files: []string{"nightly=PK\x03\x04"},
			want:  "spark-submit --class com.Main WORK/entry/ephemr_entry.jar\n",
		},
		"spark jar": {
			tool:  "spark-submit",
			spec:  job.Spec{Type: job.Spark, Entry: "app.jar", Class: "com.Main"},
			files: []string{"app.jar", "gen.py"},
			want:  "spark-submit --class com.Main app.jar\n",
		},
		"hive": {
			tool:  "hive",
			spec:  job.Spec{Type: job.Hive, Entry: "main.sql", Vars: map[string]string{"DAY": "d"}},
			files: []string{"main.sql"},
			want:  "hive --hivevar DAY=d -f main.sql\n",
		},
		"hive with an odd entry": {
			tool:  "hive",
			spec:  job.Spec{Type: job.Hive, Entry: "-a:b.q"},
			files: []string{"-a:b.q"},
			want:  "hive -f WORK/entry/ephemr_entry.q\n",
		},
		"jar": {
			tool:  "hadoop",
			spec:  job.Spec{Type: job.Jar, Entry: "app.jar", Class: "com.Main", Args: []string{"x"}},
			files: []string{"app.jar"},
			want:  "hadoop jar app.jar com.Main x\n",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.tool(tt.tool)
			files := map[string]string{}
			for _, f := range tt.files {
				name, text, ok := strings.Cut(f, "=")
				if files[name] = "x"; ok {
					files[name] = text
				}
			}
			if tt.spec.Type == job.Jar {
				files["app.jar"] = jar(t, "")
			}
			s := b.spec(tt.spec.Type, files)
			s.Entry, s.Class, s.Args, s.Conf, s.Vars = tt.spec.Entry, tt.spec.Class, tt.spec.Args, tt.spec.Conf, tt.spec.Vars
			if code, res := b.run(t.Context(), s); code != 0 || b.printed() != tt.want {
				t.Errorf("exit %d, %q, want %q; %+v", code, b.printed(), tt.want, res)
			}
		})
	}
}
