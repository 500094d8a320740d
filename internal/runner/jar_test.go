package runner_test

import (
	"archive/zip"
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ephemr/internal/job"
	"ephemr/internal/proof/executable"
)

// jar is a jar with a manifest, and with other files if they are named.
func jar(t *testing.T, manifest string, more ...string) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, name := range append([]string{"META-INF/", "META-INF/MANIFEST.MF", "etl/Load.class"}, more...) {
		w, err := z.Create(name)
		if err == nil && name == "META-INF/MANIFEST.MF" {
			_, err = w.Write([]byte(manifest))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// The class of a job wins over the main class of the jar's manifest, which hadoop
// prefers.
func TestMainClass(t *testing.T) {
	long := "com.example." + strings.Repeat("deep.", 20) + "Main"
	folded := "Manifest-Version: 1.0\r\nMain-Class: " + long[:60] + "\r\n " + long[60:] + "\r\nX: y\r\n\r\nName: etl/Load.class\r\nMain-Class: no.Class\r\n"
	tests := map[string]struct {
		jar   string
		class string
		want  string // what hadoop is called with, and the manifest of its jar
		fault string
	}{
		"no manifest class":      {jar: jar(t, "Manifest-Version: 1.0\n"), class: "etl.Load", want: "jar app.jar etl.Load x\nManifest-Version: 1.0\n"},
		"no class":               {jar: jar(t, "Main-Class: etl.Help\n"), want: "jar app.jar x\nMain-Class: etl.Help\n"},
		"the same class":         {jar: jar(t, "Main-Class: etl.Load\n"), class: "etl.Load", want: "jar app.jar x\nMain-Class: etl.Load\n"},
		"the same, with slashes": {jar: jar(t, "main-class: etl/Load \n"), class: "etl.Load", want: "jar app.jar x\nmain-class: etl/Load \n"},
		"another class": {
			jar: jar(t, "Manifest-Version: 1.0\r\nMain-Class: etl.Help\r\nX: "+strings.Repeat("y", 100)+"\r\n\r\nName: a\r\n"), class: "etl.Load",
			want: "jar WORK/app.jar etl.Load x\nManifest-Version: 1.0\nX: " + strings.Repeat("y", 69) + "\n " + strings.Repeat("y", 31) + "\n\nName: a\n",
		},
		"the same class, in two lines": {jar: jar(t, folded), class: long, want: "jar app.jar x\n" + strings.ReplaceAll(folded, "\r", "")},
		"another class, in two lines":  {jar: jar(t, folded), class: "etl.Load", want: "jar WORK/app.jar etl.Load x\nManifest-Version: 1.0\nX: y\n\nName: etl/Load.class\nMain-Class: no.Class\n"},
		"a class of another section":   {jar: jar(t, "X: y\n\nName: a\nMain-Class: etl.Help\n"), class: "etl.Load", want: "jar app.jar etl.Load x\nX: y\n\nName: a\nMain-Class: etl.Help\n"},
		"a signed jar":                 {jar: jar(t, "Main-Class: etl.Help\n", "META-INF/ME.SF"), class: "etl.Load", fault: "names the main class etl.Help, which hadoop prefers to class etl.Load"},
		"not a jar":                    {jar: "x", class: "etl.Load", fault: "app.jar is not a jar"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			bin := b.TempDir()
			const script = `#!/bin/bash
echo "$@"
exec python3 -c 'import sys, zipfile
z = zipfile.ZipFile(sys.argv[1])
z.getinfo("etl/Load.class")
sys.stdout.write(z.read("META-INF/MANIFEST.MF").decode().replace("\r", ""))' "$2"`
			if err := executable.Write(filepath.Join(bin, "hadoop"), script); err != nil {
				t.Fatal(err)
			}
			b.Setenv("PATH", bin+":"+os.Getenv("PATH"))
			s := b.spec(job.Jar, map[string]string{"app.jar": tt.jar})
			s.Entry, s.Class, s.Args = "app.jar", tt.class, []string{"x"}
			code, res := b.run(t.Context(), s)
			if tt.fault != "" && (code != 64 || res.Class != job.ClassInvalid || !strings.Contains(res.Reason, tt.fault)) {
				t.Errorf("exit %d, %+v, want %q", code, res, tt.fault)
			}
			if tt.fault == "" && (code != 0 || b.printed() != tt.want) {
				t.Errorf("exit %d, got %q, want %q; %+v", code, b.printed(), tt.want, res)
			}
		})
	}
}
