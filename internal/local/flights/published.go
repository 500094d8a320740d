package flights

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/parquet-go/parquet-go"
)

// ObjectAPI is what reading the statistics asks of S3.
type ObjectAPI interface {
	ListObjectsV2(ctx context.Context, in *s3.ListObjectsV2Input, opts ...func(*s3.Options)) (*s3.ListObjectsV2Output, error)
	GetObject(ctx context.Context, in *s3.GetObjectInput, opts ...func(*s3.Options)) (*s3.GetObjectOutput, error)
}

// Published reads the statistics at a location, s3://bucket/prefix/, sorted.
func Published(ctx context.Context, api ObjectAPI, location string) ([]Delay, error) {
	var all []Delay
	bucket, prefix, _ := strings.Cut(strings.TrimPrefix(location, "s3://"), "/")
	pages := s3.NewListObjectsV2Paginator(api, &s3.ListObjectsV2Input{Bucket: &bucket, Prefix: &prefix})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list %s: %w", location, err)
		}
		for _, o := range page.Contents {
			if strings.HasPrefix(path.Base(*o.Key), "_") || *o.Size == 0 {
				continue // a marker
			}
			rows, err := read(ctx, api, bucket, *o.Key)
			if err != nil {
				return nil, err
			}
			all = append(all, rows...)
		}
	}
	Sort(all)
	return all, nil
}

func read(ctx context.Context, api ObjectAPI, bucket, key string) ([]Delay, error) {
	out, err := api.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key})
	if err != nil {
		return nil, fmt.Errorf("read s3://%s/%s: %w", bucket, key, err)
	}
	data, err := io.ReadAll(out.Body)
	if err = errors.Join(err, out.Body.Close()); err != nil {
		return nil, fmt.Errorf("read s3://%s/%s: %w", bucket, key, err)
	}
	rows, err := parquet.Read[Delay](bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, fmt.Errorf("read s3://%s/%s: %w", bucket, key, err)
	}
	return rows, nil
}
