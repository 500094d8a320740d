package step

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"ephemr/internal/fault"
	"ephemr/internal/job"
	"ephemr/internal/lineage"
	"ephemr/internal/run"
)

// specs writes what the runners of one submission are to do.
type specs struct {
	*Submitter

	rec       *run.Record
	libraries string // prefix of the run's, once it is known
}

// store writes what the runner is to do for the newest attempt of j and returns
// its URI. That contains the attempt's nonce and the digest of what was written, and
// it is all that the step's arguments say: the runner verifies what it reads.
func (s *specs) store(ctx context.Context, j run.Job) (string, error) {
	spec, err := s.spec(ctx, j)
	if err != nil {
		return "", err
	}
	data, err := json.Marshal(spec)
	if err != nil {
		return "", fmt.Errorf("encode job %s: %w", spec.Job, err)
	}
	sum := sha256.Sum256(data)
	key := s.rec.Run.ObjectPrefix(j) + "/" + job.SpecName(hex.EncodeToString(sum[:]))
	if _, err := s.S3.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &s.Settings.LogsBucket, Key: &key, Body: bytes.NewReader(data), ContentType: aws.String("application/json"),
	}); err != nil {
		return "", fmt.Errorf("write s3://%s/%s: %w", s.Settings.LogsBucket, key, err)
	}
	return "s3://" + s.Settings.LogsBucket + "/" + key, nil
}

// spec is what the runner is to do for the newest attempt of j.
func (s *specs) spec(ctx context.Context, j run.Job) (job.Spec, error) {
	rec := s.rec
	out := job.Spec{
		RunID: rec.Run.ID, Job: j.Name, Attempt: j.Attempt, Nonce: j.Nonce, Type: j.Type,
		LogGroup: s.Settings.RunLogGroup, StreamPrefix: rec.Run.LogPrefix(j.Name, j.Attempt),
		Result: "s3://" + s.Settings.LogsBucket + "/" + rec.Run.ObjectPrefix(j) + "/" + job.ResultName,
	}
	out.Hidden = slices.Sorted(maps.Values(rec.Run.Secrets))
	values := rec.Context(s.Settings)
	if j.Type == job.Quality {
		checks, err := rec.Spec.RenderChecks(values)
		out.Checks, out.Began, out.Database = checks, rec.Began(), s.Settings.Database()
		out.Branch = rec.Spec.Branch(rec.Run.ID)
		return out, named(err)
	}
	r, err := rec.Spec.RenderJob(j.Name, values)
	if err != nil {
		return out, named(err)
	}
	if r.Package == nil {
		return out, fault.New(fault.InvalidInput, "job %s has no package; run ephemr apply again", j.Name)
	}
	if out.Venvs, err = s.venvs(ctx); err != nil {
		return out, err
	}
	out.Package, out.PackageSHA256 = "s3://"+s.Settings.ArtifactsBucket+"/"+r.Package.Key, r.Package.SHA256
	out.Entry, out.Class, out.Args, out.Vars, out.Conf, out.Env = r.Entry, r.Class, r.Args, r.Vars, r.Conf, r.Env
	for name, secret := range r.Secrets {
		if out.Secrets == nil {
			out.Secrets = map[string]job.Secret{}
		}
		out.Secrets[name] = job.Secret(secret)
	}
	out.Expect = r.Expect
	out.Background = r.Background
	out.Conf = onBranch(lineage.SparkConf(r.Conf, rec, j, s.Settings), rec, j)
	out.TimeoutSeconds = int(r.Timeout.Std().Seconds())
	return out, nil
}

// onBranch adds to a Spark configuration that the job writes to the run's branch of Iceberg tables, and reads it once it
// is there: https://iceberg.apache.org/docs/latest/branching/. A job cannot choose another branch.
func onBranch(conf map[string]string, rec *run.Record, j run.Job) map[string]string {
	branch := rec.Spec.Branch(rec.Run.ID)
	if branch == "" || j.Type != job.Spark && j.Type != job.DBT {
		return conf
	}
	all := map[string]string{"spark.wap.branch": branch}
	for name, value := range conf {
		if name != "spark.wap.branch" && name != "spark.wap.id" {
			all[name] = value
		}
	}
	return all
}

// venvs is the address of the prefix of the run's Python libraries.
func (s *specs) venvs(ctx context.Context) (_ string, err error) {
	if s.libraries == "" {
		if s.libraries, err = s.Venvs.Prefix(ctx, s.rec.Run); err != nil {
			return "", err
		}
	}
	return "s3://" + s.Settings.ArtifactsBucket + "/" + s.libraries, nil
}

func named(err error) error {
	if err == nil {
		return nil
	}
	return fault.New(fault.InvalidInput, "%w", err)
}
