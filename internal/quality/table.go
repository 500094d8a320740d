package quality

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"ephemr/internal/dataset"
)

// refuseTable refuses a dataset that is a table whose files are listed in a log: files
// that were removed from it are still there, and would be counted.
func (c *Checker) refuseTable(ctx context.Context, at dataset.Address) error {
	root := tableRoot(at.Prefix)
	for _, table := range []struct{ kind, folder, suffix string }{
		{"Delta", "_delta_log/", ".json"}, {"Iceberg", "metadata/", ".metadata.json"}, {"Hudi", ".hoodie/", ""},
	} {
		found, err := c.has(ctx, at.Bucket, root+table.folder, table.suffix)
		if err != nil {
			return err
		}
		if found {
			return invalid("s3://%s/%s is a %s table: its current files are in its log, which checks do not read; "+
				"check it with SQL, or a copy that is written as Parquet files", at.Bucket, root, table.kind)
		}
	}
	return nil
}

// tableRoot is the folder that has partitions or the folder data of a table below it.
func tableRoot(prefix string) string {
	var root []string
	for _, folder := range strings.Split(strings.Trim(prefix, "/"), "/") {
		if strings.Contains(folder, "=") {
			break
		}
		root = append(root, folder)
	}
	if n := len(root); n > 1 && root[n-1] == "data" {
		root = root[:n-1]
	}
	if len(root) == 0 || root[0] == "" {
		return ""
	}
	return strings.Join(root, "/") + "/"
}

func (c *Checker) has(ctx context.Context, bucket, prefix, suffix string) (bool, error) {
	out, err := c.S3.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &bucket, Prefix: &prefix, MaxKeys: aws.Int32(100)})
	if err != nil {
		return false, fmt.Errorf("list: %w", err)
	}
	for _, o := range out.Contents {
		if key := aws.ToString(o.Key); strings.HasPrefix(key, prefix) && strings.HasSuffix(key, suffix) {
			return true, nil
		}
	}
	return false, nil
}
