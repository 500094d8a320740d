// Package dataset finds the files of datasets in S3 and reads them by ranges.
package dataset

import (
	"context"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// S3API is what reading a dataset needs of S3.
type S3API interface {
	ListObjectsV2(context.Context, *s3.ListObjectsV2Input, ...func(*s3.Options)) (*s3.ListObjectsV2Output, error)
	GetObject(context.Context, *s3.GetObjectInput, ...func(*s3.Options)) (*s3.GetObjectOutput, error)
}

// Address is the location of a dataset: one object, or all under a prefix.
type Address struct{ Bucket, Prefix string }

// Parse reads s3://bucket/prefix/ or s3://bucket/key.
func Parse(s string) (Address, error) {
	rest, ok := strings.CutPrefix(s, "s3://")
	bucket, prefix, _ := strings.Cut(rest, "/")
	if !ok || bucket == "" {
		return Address{}, fmt.Errorf("dataset %q: want s3://bucket/prefix/", s)
	}
	return Address{bucket, prefix}, nil
}

// holds reports whether key is data of the dataset. Names that begin with _ or .
// are hidden, as for Spark and Hive, unless they are partitions.
func (a Address) holds(key string) bool {
	folder := strings.TrimSuffix(a.Prefix, "/")
	if key == folder {
		return !strings.HasSuffix(a.Prefix, "/")
	}
	rel, ok := strings.CutPrefix(key, folder)
	if folder != "" {
		rel, ok = strings.CutPrefix(rel, "/")
	}
	if !ok || rel == "" || strings.HasSuffix(rel, "/") || strings.HasSuffix(rel, "_$folder$") {
		return false
	}
	for name := range strings.SplitSeq(rel, "/") {
		if strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") && !strings.Contains(name, "=") {
			return false
		}
	}
	return true
}

// List lists the files of a dataset.
func List(ctx context.Context, api S3API, at Address) ([]Object, error) {
	all, _, err := ListSome(ctx, api, at, math.MaxInt)
	return all, err
}

// ListSome lists at most so many files of a dataset; more reports whether there are others.
func ListSome(ctx context.Context, api S3API, at Address, most int) (all []Object, more bool, err error) {
	err = visit(ctx, api, at, func(o Object) bool {
		if more = len(all) == most; !more {
			all = append(all, o)
		}
		return !more
	})
	return all, more, err
}

// HasData reports whether a dataset has a file that is not empty.
func HasData(ctx context.Context, api S3API, at Address) (found bool, err error) {
	err = visit(ctx, api, at, func(o Object) bool {
		found = o.Size > 0
		return !found
	})
	return found, err
}

// visit lists the files of a dataset until next returns false.
func visit(ctx context.Context, api S3API, at Address, next func(Object) bool) error {
	pages := s3.NewListObjectsV2Paginator(api, &s3.ListObjectsV2Input{Bucket: &at.Bucket, Prefix: aws.String(strings.TrimSuffix(at.Prefix, "/"))})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("list: %w", err)
		}
		for _, o := range page.Contents {
			key := aws.ToString(o.Key)
			if at.holds(key) && !next(Object{API: api, Bucket: at.Bucket, Key: key, ETag: o.ETag, Size: aws.ToInt64(o.Size), Modified: aws.ToTime(o.LastModified)}) {
				return nil
			}
		}
	}
	return nil
}

// escaped is a character in the name of a folder, as Hive and Spark write it.
var escaped = regexp.MustCompile(`%[0-9A-Fa-f]{2}`)

func unescape(s string) string {
	return escaped.ReplaceAllStringFunc(s, func(code string) string {
		n, _ := strconv.ParseUint(code[1:], 16, 8) // matches
		return string([]byte{byte(n)})
	})
}

// Partition reads the name=value folders of a key, without the escapes that Hive writes for
// characters such as : and /.
func Partition(key string) map[string]string {
	folders := strings.Split(key, "/")
	values := map[string]string{}
	for _, folder := range folders[:len(folders)-1] {
		if name, value, ok := strings.Cut(folder, "="); ok && name != "" {
			values[unescape(name)] = unescape(value)
		}
	}
	return values
}
