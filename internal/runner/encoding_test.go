package runner_test

import (
	"os"
	"path/filepath"
	"testing"

	"ephemr/internal/job"
	"ephemr/internal/proof/executable"
)

// Without a locale that has characters, programs use UTF-8: those in Java would
// replace them by question marks.
func TestEncoding(t *testing.T) {
	const show = "#!/bin/bash\necho $LANG,$LC_ALL,$PYTHONUTF8\n"
	bin := t.TempDir()
	if err := executable.Write(filepath.Join(bin, "hadoop"), show); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	tests := map[string]struct {
		kind job.Type
		step []string
		own  map[string]string
		want string // LANG, LC_ALL, PYTHONUTF8
	}{
		"nothing":                    {job.Bash, nil, nil, "C.UTF-8,,1"},
		"empty":                      {job.Jar, []string{"LANG=C.UTF-8"}, map[string]string{"LANG": ""}, "C.UTF-8,,1"},
		"UTF-8":                      {job.Jar, []string{"LANG=C.UTF-8"}, nil, "C.UTF-8,,"},
		"not installed":              {job.Bash, nil, map[string]string{"LANG": "xx_XX.UTF-8"}, "C.UTF-8,,1"},
		"not installed, for all":     {job.Jar, nil, map[string]string{"LC_ALL": "xx_XX.UTF-8"}, "C.UTF-8,C.UTF-8,1"},
		"C of the step":              {job.Bash, []string{"LANG=C.UTF-8", "LC_ALL=C"}, nil, "C.UTF-8,C.UTF-8,1"},
		"C of a Bash job":            {job.Bash, []string{"LANG=C.UTF-8"}, map[string]string{"LC_ALL": "C"}, "C.UTF-8,C,"},
		"C of a Java program":        {job.Jar, []string{"LANG=C.UTF-8"}, map[string]string{"LC_ALL": "POSIX"}, "C.UTF-8,C.UTF-8,1"},
		"Python's mode is the job's": {job.Bash, nil, map[string]string{"PYTHONUTF8": "0"}, "C.UTF-8,,0"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.Environ = append(b.Environ, tt.step...)
			s := b.spec(tt.kind, map[string]string{"run.sh": show})
			s.Env = tt.own
			if code, res := b.run(t.Context(), s); code != 0 || b.stdout.String() != tt.want+"\n" {
				t.Errorf("exit %d, %q, want %q; %+v", code, b.stdout, tt.want, res)
			}
		})
	}
}
