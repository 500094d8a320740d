package test

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/feature/s3/transfermanager"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"ephemr/internal/dataset"
	"ephemr/internal/rows"
)

// putInput uploads the files of the test to their places.
func (t *trial) putInput(ctx context.Context) error {
	for _, target := range keys(t.test.Input) {
		source := filepath.Join(t.test.Dir, filepath.FromSlash(t.test.Input[target]))
		err := filepath.WalkDir(source, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			to := target
			if rel, err := filepath.Rel(source, path); err == nil && rel != "." {
				to += filepath.ToSlash(rel)
			} else if strings.HasSuffix(to, "/") {
				to += filepath.Base(path)
			}
			return t.put(ctx, path, to)
		})
		if err != nil {
			return fmt.Errorf("upload input %s: %w", target, err)
		}
	}
	return nil
}

func (t *trial) put(ctx context.Context, path, target string) error {
	f, err := os.Open(path) //nolint:gosec // a file of the test
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	bucket, key := t.place(target)
	_, err = transfermanager.New(t.S3).UploadObject(ctx, &transfermanager.UploadObjectInput{Bucket: &bucket, Key: &key, Body: f})
	return err
}

// readDataset reads the rows of a dataset that the run has written.
func (t *trial) readDataset(ctx context.Context, address string) (*rows.Table, error) {
	bucket, key := t.place(address)
	at := dataset.Address{Bucket: bucket, Prefix: key}
	other, err := dataset.FindTable(ctx, t.S3, at)
	if err != nil {
		return nil, err
	}
	if other.Format != "" {
		return nil, fmt.Errorf("is a table of %s, which ephemr test does not read; let a job write the rows to compare as Parquet", other.Format)
	}
	files, err := dataset.List(ctx, t.S3, at)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(files, func(a, b dataset.Object) int { return strings.Compare(a.Key, b.Key) })
	table := &rows.Table{}
	for _, f := range files {
		if f.Size > rows.MaxBytes {
			return nil, fmt.Errorf("%s has more than %d bytes; use a smaller input", f.Key, rows.MaxBytes)
		}
		data, err := t.get(ctx, f.Bucket, f.Key)
		if err != nil {
			return nil, err
		}
		name := strings.TrimPrefix(strings.TrimPrefix(f.Key, strings.TrimSuffix(key, "/")), "/")
		if err := table.Add(name, data, dataset.Partition(name)); err != nil {
			return nil, err
		}
	}
	return table, nil
}

func (t *trial) get(ctx context.Context, bucket, key string) ([]byte, error) {
	out, err := t.S3.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key})
	if err != nil {
		return nil, fmt.Errorf("read s3://%s/%s: %w", bucket, key, err)
	}
	defer func() { _ = out.Body.Close() }()
	data, err := io.ReadAll(out.Body)
	if err != nil {
		return nil, fmt.Errorf("read s3://%s/%s: %w", bucket, key, err)
	}
	return data, nil
}
