package runner_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"ephemr/internal/job"
)

// private is the folder of a bound attempt.
const private = dir + "/NONCE"

// bind stores s as the control plane does and returns its key.
func (b *bench) bind(s job.Spec) string {
	b.Helper()
	s.Nonce, s.Result = "NONCE", "s3://b/"+private+"/result.json"
	body, err := json.Marshal(s)
	if err != nil {
		b.Fatal(err)
	}
	sum := sha256.Sum256(body)
	key := private + "/" + job.SpecName(hex.EncodeToString(sum[:]))
	b.s3.objects[key] = body
	return key
}

// bound executes the Spec with a key and returns the Result beside it.
func (b *bench) bound(key string) (int, job.Result) {
	b.Helper()
	code := b.Runner.Run(b.Context(), "s3://b/"+key)
	var res job.Result
	if err := json.Unmarshal(b.s3.objects[private+"/result.json"], &res); err != nil {
		b.Fatal(err)
	}
	return code, res
}

// rewrite changes the Spec with a key.
func (b *bench) rewrite(key string, change func(*job.Spec)) {
	b.Helper()
	var s job.Spec
	if err := json.Unmarshal(b.s3.objects[key], &s); err != nil {
		b.Fatal(err)
	}
	change(&s)
	body, err := json.Marshal(s)
	if err != nil {
		b.Fatal(err)
	}
	b.s3.objects[key] = body
}

// What lies where an attempt's objects can be guessed to be is not looked at.
func TestPlantedObjects(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	planted := map[string]string{"started.json": `{"runner":"x","host":"evil"}`, "result.json": `{"runId":"r-1"}`, "job.json": `{"runId":"r-1"}`}
	for name, text := range planted {
		b.s3.objects[dir+"/"+name] = []byte(text)
	}
	code, res := b.bound(b.bind(b.bash("echo own")))
	if code != 0 || !res.Succeeded() || b.stdout.String() != "own\n" || res.Nonce != "NONCE" || res.RunID != "r-1" || res.Attempt != 1 {
		t.Errorf("exit %d, %+v, stdout %q, %s", code, res, b.stdout, b.stderr)
	}
	for name, text := range planted {
		if string(b.s3.objects[dir+"/"+name]) != text {
			t.Errorf("%s was written", name)
		}
	}
	if b.s3.objects[private+"/started.json"] == nil {
		t.Error("the attempt was not claimed")
	}
}

// A spec that was changed after its step had been submitted is not executed, not
// even in part.
func TestChangedSpec(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*job.Spec){
		"another program":       func(s *job.Spec) { s.Env = map[string]string{"BASH_ENV": "x"} },
		"another result":        func(s *job.Spec) { s.Result = "s3://b/elsewhere/result.json" },
		"another run's":         func(s *job.Spec) { s.RunID = "r-2" },
		"another type":          func(s *job.Spec) { s.Type = "cobol" },
		"other log streams":     func(s *job.Spec) { s.StreamPrefix = "runs/r-2/clean/1" },
		"libraries from others": func(s *job.Spec) { s.Venvs = "s3://b/venvs/other" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			key := b.bind(b.bash("echo ran"))
			b.rewrite(key, change)
			code, res := b.bound(key)
			if code != 64 || res.Class != job.ClassInvalid || !strings.Contains(res.Reason, "was changed after the step had been submitted") || b.stdout.String() != "" {
				t.Errorf("exit %d, %+v, stdout %q", code, res, b.stdout)
			}
			if of := fmt.Sprint(res.RunID, res.Job, res.Attempt, res.Nonce); of != fmt.Sprint("r-1", "clean", 1, "NONCE") {
				t.Errorf("the result is of %s", of)
			}
			if len(b.logs.streams) != 0 || b.s3.objects["elsewhere/result.json"] != nil {
				t.Errorf("the changed spec was obeyed: streams %v", b.logs.streams)
			}
		})
	}
}

// An archive that a job of another pipeline has stored is not used, although it is for
// the same file, and logs, which other jobs can read, do not show where archives are.
func TestPlantedLibraries(t *testing.T) {
	needsPip(t)
	b := newBench(t)
	s := b.spec(job.Bash, asking(t, "hello"))
	s.Venvs = "s3://b/venvs/ofanother"
	if code, _ := b.run(t.Context(), s); code != 0 || len(b.s3.venvs()) != 1 || !strings.HasPrefix(b.s3.venvs()[0], "venvs/ofanother/") {
		t.Fatalf("exit %d, kept %q, %s", code, b.s3.venvs(), b.stderr)
	}
	b.again()
	if code, _ := b.run(t.Context(), s); code != 0 || !strings.Contains(b.stderr.String(), "come from s3://b/venvs/…/") {
		t.Errorf("exit %d, %s", code, b.stderr)
	}
	b.withoutPip("echo pip is gone >&2; exit 9")
	b.again()
	s.Venvs = "s3://b/venvs/own"
	if code, _ := b.run(t.Context(), s); code == 0 || !strings.Contains(b.stderr.String(), "pip is gone") {
		t.Errorf("exit %d, %s", code, b.stderr)
	}
	for name, lines := range b.logs.streams {
		if text := strings.Join(lines, "\n"); strings.Contains(text, "ofanother") || strings.Contains(text, "/own") {
			t.Errorf("%s shows where libraries are stored: %s", name, text)
		}
	}
}
