package awsproof

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"ephemr/internal/local/flights"
	"ephemr/internal/local/laptop/demo"
	"ephemr/internal/run"
)

// doctor asks ephemr for what it finds wrong with a stage on which runs work.
func doctor(ctx context.Context, w *world) (Facts, error) {
	out, err := w.exec(ctx, w.work, "ephemr", "doctor")
	f := Facts{"findings": out, "passed": yes(err == nil)}
	if out == "" {
		return f, err
	}
	if err != nil {
		w.log("doctor found what may make probes fail:\n%s", out)
	}
	return f, nil
}

func query(ctx context.Context, w *world) (Facts, error) {
	begun := time.Now()
	out, err := w.exec(ctx, w.work, "ephemr", "query", "SELECT 6 * 7 AS answer")
	f := Facts{"answered": yes(strings.Contains(out, "42")), "seconds": seconds(time.Since(begun))}
	if err != nil {
		f["error"] = err.Error()
	}
	return f, nil
}

// demoMonth is the month of 2013 whose flights the demo uploads.
const demoMonth = 3

// flightsDemo uploads a month of flights and compares what the pipeline publishes with what Go computes.
func flightsDemo(ctx context.Context, w *world) (Facts, error) {
	data, err := flights.Month(filepath.Join(w.root, flights.Archive), demoMonth)
	if err != nil {
		return nil, err
	}
	if _, err := w.exec(ctx, w.root, "ephemr", "apply", "pipelines/flights-daily.yaml"); err != nil {
		return nil, err
	}
	begun := time.Now().Truncate(time.Second)
	bucket, key := w.settings.Lake["raw"], flights.Key(demoMonth)
	if _, err := w.s3.PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: bytes.NewReader(data)}); err != nil {
		return nil, fmt.Errorf("upload s3://%s/%s: %w", bucket, key, err)
	}
	var found run.Run
	err = w.until(ctx, "a run for the upload", func() (bool, error) {
		runs, err := w.runs.List(ctx, run.Query{Pipeline: "flights-daily", Limit: 20})
		i := slices.IndexFunc(runs, func(r run.Run) bool { return r.Trigger.Key == key && !r.RequestedAt.Before(begun) })
		if i >= 0 {
			found = runs[i]
		}
		return i >= 0, err
	})
	if err != nil {
		return nil, err
	}
	rec, err := w.end(ctx, found.ID)
	if err != nil {
		return nil, err
	}
	f := facts(rec)
	f["seconds_from_upload_to_run"] = seconds(found.RequestedAt.Sub(begun))
	for _, j := range rec.Jobs {
		f["job_"+j.Name] = strings.TrimSpace(string(j.State) + " " + j.Reason)
	}
	if rec.Run.State != run.Succeeded {
		return f, nil
	}
	if rec.Run.Publication == nil {
		return f, fmt.Errorf("run %s has published nothing", rec.Run.ID)
	}
	return f, w.compare(ctx, f, rec.Run.Publication.Location, data)
}

func (w *world) compare(ctx context.Context, f Facts, location string, data []byte) error {
	published, err := flights.Published(ctx, w.s3, location)
	if err != nil {
		return err
	}
	month := fmt.Sprintf("2013-%02d", demoMonth)
	published = slices.DeleteFunc(published, func(row flights.Delay) bool { return row.Month != month })
	expected, _, err := flights.Delays(bytes.NewReader(data))
	if err != nil {
		return err
	}
	f["result"] = "as Go computes it"
	if diff := demo.Compare(published, expected); diff != "" {
		f["result"] = "differs: " + diff
	}
	return nil
}

// rollbackTemplate has a bucket that is kept unless its creation is rolled back, and a parameter that cannot be created.
const rollbackTemplate = `{"Resources": {
  "Kept": {"Type": "AWS::S3::Bucket", "DeletionPolicy": "RetainExceptOnCreate", "Properties": {"BucketName": "%[1]s"}},
  "Broken": {"Type": "AWS::SSM::Parameter", "DependsOn": "Kept", "Properties": {"Name": "/aws/%[1]s", "Type": "String", "Value": "x"}}
}}`

// rollback creates a stack that fails and looks for its bucket.
func rollback(ctx context.Context, w *world) (f Facts, err error) {
	name := "awsproof-" + w.nonce + "-" + w.account
	file := filepath.Join(w.work, "rollback.json")
	if err := os.WriteFile(file, fmt.Appendf(nil, rollbackTemplate, name), 0o600); err != nil {
		return nil, fmt.Errorf("write template: %w", err)
	}
	if _, err := w.exec(ctx, w.work, "aws", "cloudformation", "create-stack", "--stack-name", name, "--template-body", "file://"+file,
		"--tags", "Key="+tagProof+",Value="+w.nonce); err != nil {
		return nil, err
	}
	defer func() {
		_, deleted := w.exec(context.WithoutCancel(ctx), w.work, "aws", "cloudformation", "delete-stack", "--stack-name", name)
		err = errors.Join(err, deleted)
	}()
	f = Facts{"stack": name}
	err = w.until(ctx, "the rollback of stack "+name, func() (bool, error) {
		out, err := w.exec(ctx, w.work, "aws", "cloudformation", "describe-stacks", "--stack-name", name, "--query", "Stacks[0].StackStatus", "--output", "text")
		f["status"] = strings.TrimSpace(out)
		return err == nil && !strings.HasSuffix(f["status"], "_IN_PROGRESS"), err
	})
	if err != nil {
		return f, err
	}
	_, err = w.s3.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &name})
	f["bucket_kept"] = yes(err == nil)
	if err == nil {
		if _, err := w.s3.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: &name}); err != nil {
			return f, fmt.Errorf("delete bucket %s: %w", name, err)
		}
	}
	return f, nil
}
