package runner_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"ephemr/internal/job"
	"ephemr/internal/proof/executable"
)

// wheel is a Python library with a module, tiny.hello, and a program, tiny-say.
func wheel(t *testing.T, hello string) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	files := map[string]string{
		"tiny.py":                             fmt.Sprintf("hello = %q\ndef say(): print('says ' + hello)\n", hello),
		"tiny-1.0.dist-info/METADATA":         "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n",
		"tiny-1.0.dist-info/WHEEL":            "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
		"tiny-1.0.dist-info/entry_points.txt": "[console_scripts]\ntiny-say = tiny:say\n",
		"tiny-1.0.dist-info/RECORD":           "",
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		w, err := z.Create(name)
		if err == nil {
			_, err = w.Write([]byte(files[name]))
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

const wheelName = "wheels/tiny-1.0-py3-none-any.whl"

// asking is a Bash job that asks for the wheel in its package.
func asking(t *testing.T, hello string) map[string]string {
	t.Helper()
	return map[string]string{
		"run.sh":           "python3 -c 'import tiny; print(tiny.hello)'; tiny-say",
		"requirements.txt": "--no-index\n--find-links wheels\ntiny==1.0\n", wheelName: wheel(t, hello),
	}
}

// pip says why it does not work here.
var pip = sync.OnceValue(func() error {
	return exec.Command("python3", "-c", "import pip").Run()
})

func needsPip(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("pip takes seconds for each installation")
	}
	if err := pip(); err != nil {
		t.Skipf("python3 here has no pip: %v", err)
	}
}

// withoutPip puts a python3 first in PATH that can do everything but pip.
func (b *bench) withoutPip(pip string) {
	b.Helper()
	python, err := exec.LookPath("python3")
	if err != nil {
		b.Fatal(err)
	}
	bin := b.TempDir()
	script := fmt.Sprintf("#!/bin/bash\nif [ \"$2\" = pip ]; then %s; fi\nexec %s \"$@\"\n", pip, python)
	if err := executable.Write(filepath.Join(bin, "python3"), script); err != nil {
		b.Fatal(err)
	}
	b.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	b.Environ = []string{"PATH=" + os.Getenv("PATH")}
}

func (b *bucket) venvs() []string {
	var keys []string
	for key := range b.objects {
		if strings.HasPrefix(key, "venvs/") {
			keys = append(keys, key)
		}
	}
	return keys
}

// again makes room for another attempt in the same bucket.
func (b *bench) again() {
	delete(b.s3.objects, dir+"/started.json")
	delete(b.s3.objects, dir+"/result.json")
	b.stdout.b.Reset()
	b.stderr.b.Reset()
}

// Requirements are installed once, and come from the bucket afterwards; what
// they name of the package counts as their content.
func TestRequirements(t *testing.T) {
	needsPip(t)
	b := newBench(t)
	code, res := b.run(t.Context(), b.spec(job.Bash, asking(t, "hello")))
	if code != 0 || b.stdout.String() != "hello\nsays hello\n" || len(b.s3.venvs()) != 1 {
		t.Fatalf("exit %d, %q, %+v, %s, kept %q", code, b.stdout, res, b.stderr, b.s3.venvs())
	}
	if strings.Contains(strings.Join(res.Tail, "\n"), "nstall") {
		t.Errorf("pip's words are the job's last: %q", res.Tail)
	}
	b.withoutPip("echo pip is gone >&2; exit 9")
	b.again()
	files := asking(t, "hello")
	files["run.sh"] += "; echo changed"
	if code, res := b.run(t.Context(), b.spec(job.Bash, files)); code != 0 || b.stdout.String() != "hello\nsays hello\nchanged\n" {
		t.Errorf("without pip: exit %d, %q, %+v, %s", code, b.stdout, res, b.stderr)
	}
	if !strings.Contains(b.stderr.String(), "libraries of requirements.txt come from s3://b/venvs/") {
		t.Errorf("stderr %q", b.stderr)
	}
	b.again()
	if code, res := b.run(t.Context(), b.spec(job.Bash, asking(t, "changed"))); code != 66 || res.Class != job.ClassJob {
		t.Errorf("another wheel of the same name: exit %d, %+v; it is the old one", code, res)
	}
}

// Two attempts that install the same at once do each other no harm.
func TestRequirementsAtOnce(t *testing.T) {
	needsPip(t)
	t.Parallel()
	one := newBench(t)
	two := newBench(t)
	two.S3 = &sharing{bucket: two.s3, with: one.s3}
	var wait sync.WaitGroup
	for _, b := range []*bench{one, two} {
		s := b.spec(job.Bash, asking(t, "hello"))
		wait.Go(func() {
			if code, res := b.run(t.Context(), s); code != 0 || b.stdout.String() != "hello\nsays hello\n" {
				t.Errorf("exit %d, %+v, %s", code, res, b.stderr)
			}
		})
	}
	wait.Wait()
	if len(one.s3.venvs()) != 1 {
		t.Errorf("kept %q", one.s3.venvs())
	}
}

func TestRequirementsThatFail(t *testing.T) {
	tests := map[string]struct {
		pip    string // what it does; "" = the real one
		change func(b *bench, s *job.Spec, files map[string]string)
		code   int
		class  job.Class
		reason string
	}{
		"no such library": {
			change: func(_ *bench, _ *job.Spec, files map[string]string) { files["requirements.txt"] += "nosuchlib==9\n" },
			code:   66, class: job.ClassJob,
			reason: "pip install -r requirements.txt exited 1: ERROR: Could not find a version that satisfies the requirement nosuchlib==9 (from versions: none); " +
				"ERROR: No matching distribution found for nosuchlib==9; where no index can be reached, bring wheels",
		},
		"pip is not there": {pip: "echo No module named pip >&2; exit 1", code: 66, class: job.ClassJob, reason: "exited 1: No module named pip; "},
		"pip takes too long": {
			pip: "exec sleep 60", change: func(_ *bench, s *job.Spec, _ map[string]string) { s.TimeoutSeconds = 1 },
			code: 124, class: job.ClassTimeout, reason: "pip install -r requirements.txt timed out after 1s",
		},
		"no Python": {
			change: func(_ *bench, s *job.Spec, files map[string]string) {
				s.Type, s.Entry, s.Conf = job.Spark, "main.py", map[string]string{"spark.pyspark.python": "python-of-another-planet"}
				files["main.py"] = ""
			},
			code: 127, class: job.ClassInvalid, reason: "requirements.txt requires libraries, but python-of-another-planet is not installed on this cluster",
		},
		"a Python that is none": {
			change: func(_ *bench, s *job.Spec, files map[string]string) {
				s.Type, s.Entry, s.Conf = job.Spark, "main.py", map[string]string{"spark.pyspark.python": "false"}
				files["main.py"] = ""
			},
			code: 64, class: job.ClassInvalid, reason: "/false is unknown: exit status 1",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			if tt.pip == "" {
				needsPip(t)
			} else {
				b.withoutPip(tt.pip)
			}
			files := asking(t, "hello")
			s := b.spec(job.Bash, files)
			if tt.change != nil {
				tt.change(b, &s, files)
				fresh := b.spec(job.Bash, files)
				s.Package, s.PackageSHA256 = fresh.Package, fresh.PackageSHA256
			}
			code, res := b.run(t.Context(), s)
			if code != tt.code || res.Class != tt.class || !strings.Contains(res.Reason, tt.reason) || b.stdout.String() != "" {
				t.Errorf("exit %d, %+v, stdout %q", code, res, b.stdout)
			}
			if len(b.s3.venvs()) != 0 {
				t.Errorf("kept %q", b.s3.venvs())
			}
		})
	}
}

// What pip printed when it succeeded is neither the cause of a job's failure nor
// among the job's last lines.
func TestPipIsNotTheCause(t *testing.T) {
	for name, tt := range map[string]struct{ script, want string }{
		"the job prints nothing":                {"exit 3", "bash run.sh exited 3"},
		"the job prints an error to its stdout": {"echo ERROR: no such table; exit 3", "bash run.sh exited 3: ERROR: no such table"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.withoutPip(`echo "ERROR: pip's dependency resolver does not take all packages into account" >&2; printf "tiny 1.0 requires other" >&2; exit 0`)
			files := asking(t, "hello")
			files["run.sh"] = tt.script
			code, res := b.run(t.Context(), b.spec(job.Bash, files))
			if code != 3 || res.Reason != tt.want || strings.Contains(strings.Join(res.Tail, "\n"), "tiny") {
				t.Errorf("exit %d, %+v", code, res)
			}
		})
	}
}

// editableBackend builds wheels as setuptools does: an editable one refers to the
// directory of the sources.
const editableBackend = `import os, zipfile

def wheel(directory, files):
    name = "shop-1.0-py3-none-any.whl"
    info = "shop-1.0.dist-info/"
    files[info + "METADATA"] = "Metadata-Version: 2.1\nName: shop\nVersion: 1.0\n"
    files[info + "WHEEL"] = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    files[info + "RECORD"] = "".join(f"{f},,\n" for f in files)
    with zipfile.ZipFile(os.path.join(directory, name), "w") as z:
        for file, text in files.items():
            z.writestr(file, text)
    return name

def build_wheel(directory, config_settings=None, metadata_directory=None):
    return wheel(directory, {"shop.py": open("src/shop.py").read(), "shop-1.0.dist-info/entry_points.txt": "[console_scripts]\nshop = shop:hello\n"})

def build_editable(directory, config_settings=None, metadata_directory=None):
    return wheel(directory, {"__editable__.shop-1.0.pth": os.path.abspath("src") + "\n"})
`

// A project that is installed in editable mode is copied, so that the job, a later
// attempt and executors find it.
func TestEditableRequirements(t *testing.T) {
	needsPip(t)
	t.Parallel()
	files := map[string]string{
		"run.sh":           "python3 -c 'import shop; print(shop.hello)'; find ${PYTHONPATH%%:*} -name '*editable*'; tiny-say",
		"requirements.txt": "--no-index\n-f wheels\n  --edit=\"./my project\"\ntiny==1.0\n", wheelName: wheel(t, "hello"),
		"my project/src/shop.py":    "hello = 'hello'\n",
		"my project/pyproject.toml": "[build-system]\nrequires = []\nbuild-backend = 'backend'\nbackend-path = ['.']\n",
		"my project/backend.py":     editableBackend,
	}
	b := newBench(t)
	for range 2 {
		b.again()
		if code, res := b.run(t.Context(), b.spec(job.Bash, files)); code != 0 || b.stdout.String() != "hello\nsays hello\n" {
			t.Fatalf("exit %d, %q, %+v, %s", code, b.stdout, res, b.stderr)
		}
	}
	if !strings.Contains(b.stderr.String(), "libraries of requirements.txt come from s3://b/venvs/") {
		t.Errorf("installed twice: %s", b.stderr)
	}
}

// An old setuptools leaves a link to the sources, relative to which setup.py is.
func TestEditableRequirementsOfOldProjects(t *testing.T) {
	b := newBench(t)
	b.withoutPip(`t=$(sed 's/.*--target \([^ ]*\).*/\1/' <<<"$*"); case $* in
*--no-deps*) echo "installed from ${*: -1}" >"$t/shop.py" ;;
*) printf '%s/src\n../' "$PWD" >"$t/shop.egg-link"; touch "$t/easy-install.pth" ;;
esac; exit`)
	files := map[string]string{"run.sh": "cd ${PYTHONPATH%%:*}; ls; cat shop.py", "requirements.txt": "-e ."}
	code, res := b.run(t.Context(), b.spec(job.Bash, files))
	if code != 0 || !strings.HasPrefix(b.stdout.String(), "shop.py\ninstalled from "+b.Home) || !strings.HasSuffix(b.stdout.String(), "/package\n") {
		t.Errorf("exit %d, %q, %+v, %s", code, b.stdout, res, b.stderr)
	}
}

// An archive that cannot be read or kept costs time, and nothing else.
func TestRequirementsThatCannotBeKept(t *testing.T) {
	needsPip(t)
	t.Parallel()
	b := newBench(t)
	b.s3.denied = ".tar.gz"
	code, res := b.run(t.Context(), b.spec(job.Bash, asking(t, "hello")))
	if code != 0 || b.stdout.String() != "hello\nsays hello\n" {
		t.Errorf("exit %d, %+v", code, res)
	}
	if !strings.Contains(b.stderr.String(), "AccessDenied: no") || !strings.Contains(b.stderr.String(), "later attempts have to install requirements.txt again") {
		t.Errorf("stderr %q", b.stderr)
	}
	b.s3.denied = ""
	b.again()
	s := b.spec(job.Bash, asking(t, "hello"))
	if code, _ := b.run(t.Context(), s); code != 0 {
		t.Fatal(b.stderr)
	}
	b.s3.objects[b.s3.venvs()[0]] = []byte("no archive")
	b.again()
	if code, _ := b.run(t.Context(), s); code != 0 || !strings.Contains(b.stderr.String(), "not a gzipped tar file") {
		t.Errorf("exit %d, stderr %q", code, b.stderr)
	}
}

// environment is an archive as venv-pack makes it, whose Python says where it is.
func environment(t *testing.T) string {
	t.Helper()
	return environmentIn(t, "./")
}

// environmentIn has the environment in a directory.
func environmentIn(t *testing.T, top string) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	const script = "#!/bin/bash\necho \"environment's python $*\"\n"
	for _, h := range []*tar.Header{
		{Name: top, Typeflag: tar.TypeDir, Mode: 0o755},
		{Name: top + "bin/python3", Typeflag: tar.TypeReg, Mode: 0o755, Size: int64(len(script))},
		{Name: top + "bin/python", Typeflag: tar.TypeSymlink, Linkname: "python3"},
		{Name: top + "bin/system", Typeflag: tar.TypeSymlink, Linkname: "/usr/bin/env"},
		{Name: top + "bin/hard", Typeflag: tar.TypeLink, Linkname: top + "bin/python3"},
	} {
		err := w.WriteHeader(h)
		if err == nil && h.Size > 0 {
			_, err = w.Write([]byte(script))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// A ready environment is used as it is, whatever requirements.txt says.
func TestEnvironment(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	code, res := b.run(t.Context(), b.spec(job.Bash, map[string]string{
		"run.sh": "python x; bin=$(dirname $(command -v python)); test -x $bin/system -a -x $bin/hard", "venv.tar.gz": environment(t), "requirements.txt": "nosuchlib",
	}))
	if code != 0 || b.stdout.String() != "environment's python x\n" {
		t.Errorf("exit %d, %q, %+v", code, b.stdout, res)
	}
	for name, want := range map[string]string{
		"no archive at all":      "venv.tar.gz: unpack package: not a gzipped tar file",
		environmentIn(t, "vv/"):  "venv.tar.gz has no bin/python at its top, but vv/bin/python; make it with venv-pack, conda-pack, or tar -C vv -czf venv.tar.gz .",
		environmentIn(t, "a/b/"): "venv.tar.gz has no bin/python at its top; make it with venv-pack or conda-pack",
	} {
		b := newBench(t)
		code, res := b.run(t.Context(), b.spec(job.Bash, map[string]string{"run.sh": "echo never", "venv.tar.gz": name}))
		if code != 64 || res.Class != job.ClassInvalid || !strings.HasPrefix(res.Reason, want) || b.stdout.String() != "" {
			t.Errorf("%.20q: exit %d, %+v", name, code, res)
		}
	}
}
