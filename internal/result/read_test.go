package result_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"ephemr/internal/job"
	"ephemr/internal/proof/awsfake"
	"ephemr/internal/result"
	"ephemr/internal/run"
)

// Only the result of the very attempt counts, wherever another one lies.
func TestRead(t *testing.T) {
	t.Parallel()
	const guessed, private = "runs/r-1/a/2/result.json", "runs/r-1/a/2/NONCE/result.json"
	own := job.Result{RunID: "r-1", Job: "a", Attempt: 2, Nonce: "NONCE"}
	changed := func(change func(*job.Result)) job.Result { r := own; change(&r); return r }
	for name, tt := range map[string]struct {
		nonce, key string
		left       job.Result
		want       bool
	}{
		"own":                         {"NONCE", private, own, true},
		"own, below a user":           {"NONCE", "users/etl/" + private, own, false},
		"planted where it is guessed": {"NONCE", guessed, own, false},
		"of another run":              {"NONCE", private, changed(func(r *job.Result) { r.RunID = "r-2" }), false},
		"of another job":              {"NONCE", private, changed(func(r *job.Result) { r.Job = "b" }), false},
		"of an earlier attempt":       {"NONCE", private, changed(func(r *job.Result) { r.Attempt = 1 }), false},
		"with another nonce":          {"NONCE", private, changed(func(r *job.Result) { r.Nonce = "OTHER" }), false},
		"own, of an older runner":     {"NONCE", private, changed(func(r *job.Result) { r.Nonce = "" }), true},
		"guessed, without a nonce":    {"NONCE", guessed, changed(func(r *job.Result) { r.Nonce = "" }), false},
		"of an older version":         {"", guessed, changed(func(r *job.Result) { r.Nonce = "" }), true},
		"older, with a nonce":         {"", guessed, own, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := awsfake.NewS3("logs")
			data, err := json.Marshal(tt.left)
			if err != nil {
				t.Fatal(err)
			}
			bucket := "logs"
			if _, err := store.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: &tt.key, Body: bytes.NewReader(data)}); err != nil {
				t.Fatal(err)
			}
			r := &result.Reader{S3: store, LogsBucket: bucket}
			got, err := r.Read(t.Context(), run.Run{ID: "r-1"}, run.Job{Name: "a", Attempt: 2, Nonce: tt.nonce})
			if err != nil || (got != nil) != tt.want {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
}
