package simulation

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"ephemr/internal/control"
	"ephemr/internal/job"
)

// storage is S3 as functions see it: the specs that they write for runners are remembered, for
// the runners read it from the addresses in their steps.
type storage struct {
	control.S3API

	w *World
}

// storage is S3 as functions see it.
func (w *World) storage() control.S3API {
	var api control.S3API = storage{w.S3, w}
	if w.config.S3 != nil {
		api = w.config.S3(api)
	}
	return api
}

func (s storage) PutObject(ctx context.Context, in *s3.PutObjectInput, o ...func(*s3.Options)) (*s3.PutObjectOutput, error) {
	if job.DigestOf(*in.Key) != "" {
		data, err := io.ReadAll(in.Body)
		if err != nil {
			panic(fmt.Sprintf("read a spec: %v", err))
		}
		var spec job.Spec
		if err := json.Unmarshal(data, &spec); err != nil {
			panic(fmt.Sprintf("decode a spec: %v", err))
		}
		in.Body = bytes.NewReader(data)
		s.w.mu.Lock()
		s.w.told[job.Dir(spec.RunID, spec.Job, spec.Attempt)] = spec
		s.w.mu.Unlock()
	}
	return s.S3API.PutObject(ctx, in, o...)
}

// spec is what the runner of an attempt was given. Those of attempts that an older
// version submitted know no nonce.
func (w *World) spec(a Attempt) job.Spec {
	w.mu.Lock()
	defer w.mu.Unlock()
	if spec, ok := w.told[a.dir()]; ok {
		return spec
	}
	return job.Spec{
		RunID: a.RunID, Job: a.Job, Attempt: a.Number,
		Result: "s3://" + w.Settings.LogsBucket + "/" + a.dir() + "/" + job.ResultName,
	}
}

func (w *World) put(address string, r job.Result) {
	data, err := json.Marshal(r)
	if err != nil {
		panic(fmt.Sprintf("encode result: %v", err))
	}
	key := strings.TrimPrefix(address, "s3://"+w.Settings.LogsBucket+"/")
	if _, err := w.S3.PutObject(w.life, &s3.PutObjectInput{Bucket: &w.Settings.LogsBucket, Key: &key, Body: bytes.NewReader(data)}); err != nil {
		panic(fmt.Sprintf("leave result: %v", err))
	}
}

// Put creates an object in the zone raw, of which no event is sent.
func (w *World) Put(key string) { w.S3.Place(w.Settings.Lake["raw"], key, nil) }

// AssumeObjects takes every object that a run waits for as given.
func AssumeObjects(c *Config) {
	c.S3 = func(api control.S3API) control.S3API { return assuming{api} }
}

type assuming struct{ control.S3API }

func (assuming) ListObjectsV2(_ context.Context, in *s3.ListObjectsV2Input, _ ...func(*s3.Options)) (*s3.ListObjectsV2Output, error) {
	return &s3.ListObjectsV2Output{Contents: []types.Object{{Key: in.Prefix}}}, nil
}

// planted is the output that only results have which are not an attempt's own.
const planted = "planted"

// plant leaves results for an attempt that are not its own: where one can be guessed
// to belong, and, of another run or attempt, where it does belong.
func (w *World) plant(a Attempt) {
	own := w.spec(a)
	forged := job.Result{
		RunID: a.RunID, Job: a.Job, Attempt: a.Number, StartedAt: time.Now().UTC(), EndedAt: time.Now().UTC(),
		Outputs: map[string]string{planted: "yes"},
	}
	if own.Nonce != "" {
		w.put("s3://"+w.Settings.LogsBucket+"/"+a.dir()+"/"+job.ResultName, forged)
	}
	forged.Nonce = own.Nonce
	switch d := roll(w.config.Seed, "foreign", a.RunID, a.Job, a.Number); d.below(4) {
	case 0:
		forged.RunID = "other"
	case 1:
		forged.Job = "other"
	case 2:
		forged.Attempt++
	case 3:
		forged.Nonce = "other"
	}
	w.put(own.Result, forged)
}

// BelieveAnyResult takes whatever lies where a result belongs for the attempt's own.
func BelieveAnyResult(c *Config) {
	c.S3 = func(api control.S3API) control.S3API { return credulous{api} }
}

type credulous struct{ control.S3API }

func (c credulous) GetObject(ctx context.Context, in *s3.GetObjectInput, o ...func(*s3.Options)) (*s3.GetObjectOutput, error) {
	out, err := c.S3API.GetObject(ctx, in, o...)
	if err != nil || !strings.HasSuffix(*in.Key, "/"+job.ResultName) {
		return out, err
	}
	var r job.Result
	if err := json.NewDecoder(out.Body).Decode(&r); err != nil {
		return nil, err
	}
	of := job.OfKey(*in.Key)
	r.RunID, r.Job, r.Attempt, r.Nonce = of.RunID, of.Job, of.Attempt, of.Nonce
	data, err := json.Marshal(r)
	out.Body = io.NopCloser(bytes.NewReader(data))
	return out, err
}

// ForgetNonce makes the newest attempt of a job one that a version without nonces has
// submitted.
func (w *World) ForgetNonce(runID, jobName string) {
	j := w.Record(runID).Job(jobName)
	w.mu.Lock()
	delete(w.told, job.Dir(runID, jobName, j.Attempt))
	w.mu.Unlock()
	from, attempt := j.State, j.Attempt
	j.Nonce = ""
	if ok, err := w.Runs.ReplaceJob(w.life, runID, *j, from, attempt); !ok || err != nil {
		panic(fmt.Sprintf("forget the nonce of %s: %t, %v", jobName, ok, err))
	}
}
