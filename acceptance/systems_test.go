package acceptance_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	gocmp "github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"

	"ephemr/internal/local/laptop"
)

// examples allows tests that need systems of scripts/setup, as PostgreSQL.
var examples = flag.Bool("examples", false, "run the examples on real systems; make examples installs them")

// serve starts a script that prints the addresses of its servers, into what, and ends them when its input ends.
func (w *world) serve(t *testing.T, what any, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), filepath.Join(w.region.Root, ".tools/venv/bin/python"), args...) //nolint:gosec // our own
	cmd.Dir, cmd.Env, cmd.Stderr = w.region.Root, laptop.Overlay(os.Environ(), w.region.Environ()), os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(in.Close(), cmd.Wait()); err != nil {
			t.Errorf("%s: %v", args[0], err)
		}
	})
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		t.Fatalf("%s has not started: %v", args[0], err)
	}
	if err := json.Unmarshal(line, what); err != nil {
		t.Fatal(err)
	}
}

// applyExample registers an example with a schedule that does not come, so that only the test starts runs.
func (w *world) applyExample(t *testing.T, name, schedule string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(w.region.Root, "pipelines", name+".yaml")) //nolint:gosec // of this checkout
	if err != nil || !strings.Contains(string(text), schedule) {
		t.Fatalf("%s has no schedule %s: %v", name, schedule, err)
	}
	dir := project(t, map[string]string{"pipeline.yaml": strings.Replace(string(text), schedule, "0 0 29 2 *", 1)})
	w.ephemr(t, "apply", "--project", w.region.Root, filepath.Join(dir, "pipeline.yaml"))
}

// ephemr runs a command that must succeed, in the checkout.
func (w *world) ephemr(t *testing.T, args ...string) string {
	t.Helper()
	out, stderr, code := w.cli(t, w.region.Root, args...)
	if code != 0 {
		t.Fatalf("ephemr %s: exit code %d\n%s%s", strings.Join(args, " "), code, out, stderr)
	}
	return out
}

// passwords are those of the secrets below stores/, which a loader has made.
func (w *world) passwords(t *testing.T, names ...string) map[string]canary {
	t.Helper()
	found := map[string]canary{}
	for _, name := range names {
		out, err := secretsmanager.NewFromConfig(w.region.Config()).GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: aws.String("stores/" + name)})
		if err != nil {
			t.Fatal(err)
		}
		var value struct{ Password string }
		if err := json.Unmarshal([]byte(*out.SecretString), &value); err != nil || len(value.Password) < 20 {
			t.Fatalf("the secret of %s has %d characters: %v", name, len(value.Password), err)
		}
		code := base64.StdEncoding.EncodeToString([]byte(value.Password))
		found[name] = canary{value.Password, []string{value.Password, code[:len(code)-4]}}
	}
	return found
}

// hidden checks that passwords are nowhere in what the region keeps, and the systems in at least so many files.
func (w *world) hidden(t *testing.T, logs string, files int, since time.Time, passwords map[string]canary) {
	t.Helper()
	places := w.everything(t, since)
	places["systems"] = map[string][]byte{}
	err := filepath.WalkDir(logs, func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return nil //nolint:nilerr // removed meanwhile
		}
		if text, err := os.ReadFile(name); err == nil { //nolint:gosec // of the systems
			places["systems"][name] = text
		}
		return nil
	})
	if err != nil || len(places["systems"]) < files {
		t.Fatalf("%d files of the systems: %v", len(places["systems"]), err)
	}
	for place, texts := range places {
		for where, text := range texts {
			for name, c := range passwords {
				if c.in(text) {
					t.Errorf("%s: %s shows the password of %s", place, where, name)
				}
			}
		}
	}
}

func same[T any](t *testing.T, what string, want, got []T) {
	t.Helper()
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("%s: %d rows, want %d: %.2000s", what, len(got), len(want), diff)
	}
}

// expectedOf reads what a loader has written as JSON Lines.
func expectedOf[T any](t *testing.T, file string) (rows []T) {
	t.Helper()
	text, err := os.ReadFile(file) //nolint:gosec // of this test
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(text) {
		var row T
		if err := json.Unmarshal(line, &row); err != nil {
			t.Fatal(err)
		}
		rows = append(rows, row)
	}
	return rows
}

// tableOf reads the Parquet files below a prefix of the curated zone.
func tableOf[T any](t *testing.T, prefix string) (rows []T) {
	t.Helper()
	bucket := w.settings.Lake["curated"]
	for key := range keysOf(t, bucket, prefix) {
		data := objectOf(t, bucket, key)
		if strings.HasPrefix(filepath.Base(key), "_") || len(data) == 0 {
			continue // a marker
		}
		file, err := parquet.Read[T](bytes.NewReader(data), int64(len(data)))
		if err != nil {
			t.Fatalf("%s: %v", key, err)
		}
		rows = append(rows, file...)
	}
	return rows
}

// keysOf lists the objects below a prefix: ETags by key.
func keysOf(t *testing.T, bucket, prefix string) map[string]string {
	t.Helper()
	out, err := w.s3.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: &bucket, Prefix: &prefix})
	if err != nil {
		t.Fatal(err)
	}
	tags := map[string]string{}
	for _, o := range out.Contents {
		tags[*o.Key] = *o.ETag
	}
	return tags
}

func objectOf(t *testing.T, bucket, key string) []byte {
	t.Helper()
	out, err := w.s3.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &bucket, Key: &key})
	if err != nil {
		t.Fatalf("read s3://%s/%s: %v", bucket, key, err)
	}
	defer out.Body.Close() //nolint:errcheck // only read
	data, err := io.ReadAll(out.Body)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
