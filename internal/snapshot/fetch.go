package snapshot

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"ephemr/internal/dataset"
)

// list calls use for each object of a folder of the table whose key is after a name, until it returns false.
func (r reader) list(ctx context.Context, folder, after string, use func(dataset.Object) bool) error {
	in := &s3.ListObjectsV2Input{Bucket: &r.at.Bucket, Prefix: aws.String(r.root + folder)}
	if after != "" {
		in.StartAfter = aws.String(r.root + folder + after)
	}
	pages := s3.NewListObjectsV2Paginator(r.api, in)
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("list: %w", err)
		}
		for _, o := range page.Contents {
			key := aws.ToString(o.Key)
			if strings.Contains(strings.TrimPrefix(key, r.root+folder), "/") {
				continue
			}
			if !use(dataset.Object{API: r.api, Bucket: r.at.Bucket, Key: key, ETag: o.ETag, Size: aws.ToInt64(o.Size), Modified: aws.ToTime(o.LastModified)}) {
				return nil
			}
		}
	}
	return nil
}

// get reads a whole file of a log.
func (r reader) get(ctx context.Context, bucket, key string) ([]byte, error) {
	address := "s3://" + bucket + "/" + key
	out, err := r.api.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key})
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", address, err)
	}
	defer func() { _ = out.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(out.Body, mostBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", address, err)
	}
	if len(body) > mostBytes {
		return nil, fmt.Errorf("%s has more than %d bytes, which is not read", address, mostBytes)
	}
	return body, nil
}

// locate is the bucket and the key of a file that a log names.
func locate(address string) (bucket, key string, err error) {
	scheme, rest, _ := strings.Cut(address, "://")
	bucket, key, _ = strings.Cut(rest, "/")
	if scheme != "s3" && scheme != "s3a" && scheme != "s3n" || bucket == "" || key == "" {
		return "", "", fmt.Errorf("file %q is not in S3", address)
	}
	return bucket, key, nil
}
