package statemachines_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"ephemr/internal/job"
	"ephemr/internal/proof/simulation"
	"ephemr/internal/run"
)

// specOf is what the runner of a step is to do, and the address that the step names.
func specOf(t *testing.T, w *simulation.World, args []string) (key string, spec job.Spec) {
	t.Helper()
	key, ok := strings.CutPrefix(args[len(args)-1], "s3://"+w.Settings.LogsBucket+"/")
	if !ok {
		t.Fatalf("the step has the arguments %q", args)
	}
	out, err := w.S3.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &w.Settings.LogsBucket, Key: &key})
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(out.Body)
	if err != nil {
		t.Fatal(err)
	}
	if sum := sha256.Sum256(data); job.DigestOf(key) != hex.EncodeToString(sum[:]) {
		t.Errorf("%s does not name the digest of its content", key)
	}
	if err := json.Unmarshal(data, &spec); err != nil {
		t.Fatal(err)
	}
	return key, spec
}

// Every attempt has a nonce of its own, in the record, the step and the spec, and a
// pipeline has a place of its own for Python libraries.
func TestAttemptsAreBound(t *testing.T) {
	t.Parallel()
	inWorld(t, simulation.Config{Steps: steps(map[string]simulation.Step{"a#1": {ExitCode: 3}})}, func(t *testing.T, w *simulation.World) {
		for _, p := range []string{again, chain} {
			w.Apply(p)
		}
		w.Upload("in/a.csv")
		time.Sleep(time.Minute)
		nonces, venvs := map[string]bool{}, map[string]bool{}
		for _, id := range w.RunIDs() {
			rec := w.Wait(id)
			own := map[string]bool{}
			for _, spec := range bound(t, w, rec) {
				nonces[spec.Nonce], venvs[spec.Venvs], own[spec.Venvs] = true, true, true
			}
			if len(own) != 1 {
				t.Errorf("%s has its libraries in %v", id, own)
			}
		}
		if len(nonces) != 3 || len(venvs) != 2 {
			t.Errorf("%d nonces, libraries in %v", len(nonces), venvs)
		}
	})
}

// bound returns what the runners of a run's steps are to do, and holds that the record,
// the steps and the specs name the same nonces.
func bound(t *testing.T, w *simulation.World, rec *run.Record) (specs []job.Spec) {
	t.Helper()
	for _, c := range w.EMR.Clusters() {
		if run.OfCluster(*c.Name) != rec.Run.ID {
			continue
		}
		for _, s := range w.EMR.Steps(*c.Id) {
			key, spec := specOf(t, w, s.Config.Args)
			if folder := "/" + spec.Nonce + "/"; len(spec.Nonce) < 26 || !strings.Contains(key, folder) || !strings.Contains(spec.Result, folder) {
				t.Errorf("%s has the nonce %q and the result %s", key, spec.Nonce, spec.Result)
			}
			if j := rec.Job(spec.Job); j.Attempt == spec.Attempt && j.Nonce != spec.Nonce {
				t.Errorf("the record of %s has the nonce %q", key, j.Nonce)
			}
			specs = append(specs, spec)
		}
	}
	return specs
}

// Whatever lies in the place of a result, only the attempt's own counts: planted ones
// neither make a job succeed nor make one that succeeds fail.
func TestForeignResults(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		step  simulation.Step
		state run.State
		class job.Class
	}{
		"the runner leaves its own": {simulation.Step{Outputs: map[string]string{"rows": "1"}}, run.Succeeded, ""},
		"the runner leaves none":    {simulation.Step{Silent: true}, run.Failed, job.ClassLost},
		"the runner was killed":     {simulation.Step{Silent: true, ExitCode: 137}, run.Failed, job.ClassLost},
		"the program failed":        {simulation.Step{ExitCode: 3}, run.Failed, job.ClassJob},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for seed := range uint64(8) { // each plants another one
				config := simulation.Config{
					Seed: seed, Steps: steps(map[string]simulation.Step{"a#1": tt.step}), Plants: func(simulation.Attempt) bool { return true },
				}
				inWorld(t, config, func(t *testing.T, w *simulation.World) {
					got, id := uploaded(t, w, one, nil)
					if got.State != tt.state || got.Class != tt.class || len(w.Record(id).Job("a").Outputs) != len(tt.step.Outputs) {
						t.Errorf("%s %s, outputs %v", got.State, got.Class, w.Record(id).Job("a").Outputs)
					}
				})
			}
		})
	}
}

// Attempts that a version without nonces has submitted are followed to their end.
func TestAttemptsWithoutANonce(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		exit    int
		earlier int // attempts: the next one has a nonce
	}{
		"succeeds": {0, 0},
		"fails":    {3, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := simulation.Config{Steps: steps(map[string]simulation.Step{"a#1": {Takes: time.Hour, ExitCode: tt.exit}})}
			inWorld(t, config, func(t *testing.T, w *simulation.World) {
				got, id := uploaded(t, w, again, func(w *simulation.World, id string) {
					time.Sleep(30 * time.Minute)
					w.ForgetNonce(id, "a")
				})
				j := w.Record(id).Job("a")
				if got.State != run.Succeeded || len(j.Earlier) != tt.earlier || (j.Nonce != "") != (tt.earlier > 0) {
					t.Errorf("%s, %+v", got.State, j)
				}
				for _, e := range j.Earlier {
					if e.ExitCode == nil || *e.ExitCode != tt.exit {
						t.Errorf("the first attempt ended as %+v", e)
					}
				}
			})
		})
	}
}
