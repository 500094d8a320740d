package runner_test

import (
	"os"
	"path/filepath"
	"testing"

	"ephemr/internal/job"
)

// tool puts a program of that name first in PATH that prints its arguments.
func (b *bench) tool(name string) {
	b.Helper()
	bin := b.TempDir()
	script := "#!/bin/bash\necho " + name + " \"$@\"\n"
	if err := os.WriteFile(filepath.Join(bin, name), []byte(script), 0o700); err != nil { //nolint:gosec // it is to be run
		b.Fatal(err)
	}
	b.Setenv("PATH", bin+":"+os.Getenv("PATH"))
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
			want:  "spark-submit --py-files lib.py,deps.zip,old.egg --jars s3://b/x.jar,libs/a.jar,libs/b.jar --conf b=2 main.py --date d\n",
		},
		"spark in a folder": {
			tool:  "spark-submit",
			spec:  job.Spec{Type: job.Spark, Entry: "src/main.py"},
			files: []string{"src/main.py", "src/lib.py", "setup.py"},
			want:  "spark-submit --py-files src/lib.py src/main.py\n",
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
				files[f] = "x"
			}
			s := b.spec(tt.spec.Type, files)
			s.Entry, s.Class, s.Args, s.Conf, s.Vars = tt.spec.Entry, tt.spec.Class, tt.spec.Args, tt.spec.Conf, tt.spec.Vars
			if code, res := b.run(t.Context(), s); code != 0 || b.stdout.String() != tt.want {
				t.Errorf("exit %d, %q, want %q; %+v", code, b.stdout.String(), tt.want, res)
			}
		})
	}
}
