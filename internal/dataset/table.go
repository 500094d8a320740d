package dataset

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// Table is a table in a format that lists the current files in a log. Files that were removed
// from it are still there, so that a listing has too many.
type Table struct {
	Format string // Delta, Iceberg or Hudi; "" = there is no table
	Root   Address
}

// marks are what only a table of a format has below its root.
var marks = []struct{ format, folder, suffix string }{
	{"Delta", "_delta_log/", ".json"},
	{"Iceberg", "metadata/", ".metadata.json"},
	{"Hudi", ".hoodie/", ""},
}

// FindTable finds the table that a dataset is, or that it is a part of.
func FindTable(ctx context.Context, api S3API, at Address) (Table, error) {
	for _, root := range roots(at.Prefix) {
		for _, m := range marks {
			found, err := has(ctx, api, at.Bucket, root+m.folder, m.suffix)
			if err != nil {
				return Table{}, err
			}
			if found {
				return Table{m.format, Address{at.Bucket, root}}, nil
			}
		}
	}
	return Table{}, nil
}

// roots are the folders that may be the root of the table: the one above partitions, and
// the one above a folder data, in which Iceberg has its files.
func roots(prefix string) []string {
	folders := strings.Split(strings.Trim(prefix, "/"), "/")
	if i := slices.IndexFunc(folders, func(f string) bool { return strings.Contains(f, "=") }); i >= 0 {
		folders = folders[:i]
	}
	all := []string{folder(folders)}
	if n := len(folders); n > 1 && folders[n-1] == "data" {
		all = append(all, folder(folders[:n-1]))
	}
	return all
}

func folder(names []string) string {
	if len(names) == 0 || names[0] == "" {
		return ""
	}
	return strings.Join(names, "/") + "/"
}

// has reports whether there is an object with a prefix and a suffix. Tables may have thousands
// of other files beside their metadata.
func has(ctx context.Context, api S3API, bucket, prefix, suffix string) (bool, error) {
	for pages := s3.NewListObjectsV2Paginator(api, &s3.ListObjectsV2Input{Bucket: &bucket, Prefix: &prefix}); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return false, fmt.Errorf("list s3://%s/%s: %w", bucket, prefix, err)
		}
		for _, o := range page.Contents {
			if strings.HasSuffix(aws.ToString(o.Key), suffix) {
				return true, nil
			}
		}
	}
	return false, nil
}
