package data

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// folder is a directory as a bucket.
type folder string

// ListObjectsV2 lists all files below a prefix.
func (f folder) ListObjectsV2(_ context.Context, in *s3.ListObjectsV2Input, _ ...func(*s3.Options)) (*s3.ListObjectsV2Output, error) {
	out := &s3.ListObjectsV2Output{}
	err := filepath.WalkDir(string(f), func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		key := filepath.ToSlash(strings.TrimPrefix(name, string(f)+string(filepath.Separator)))
		info, err := d.Info()
		if err != nil || !strings.HasPrefix(key, aws.ToString(in.Prefix)) {
			return err
		}
		out.Contents = append(out.Contents, types.Object{Key: &key, Size: aws.Int64(info.Size()), LastModified: aws.Time(info.ModTime())})
		return nil
	})
	return out, err
}

// GetObject reads a range of a file.
func (f folder) GetObject(_ context.Context, in *s3.GetObjectInput, _ ...func(*s3.Options)) (*s3.GetObjectOutput, error) {
	var first, last int64
	if _, err := fmt.Sscanf(aws.ToString(in.Range), "bytes=%d-%d", &first, &last); err != nil {
		return nil, fmt.Errorf("range %s: %w", aws.ToString(in.Range), err)
	}
	file, err := os.Open(filepath.Join(string(f), filepath.FromSlash(*in.Key)))
	if err != nil {
		return nil, err
	}
	return &s3.GetObjectOutput{Body: part{io.NewSectionReader(file, first, last+1-first), file}}, nil
}

type part struct {
	io.Reader
	io.Closer
}
