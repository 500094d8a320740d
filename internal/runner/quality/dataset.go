package quality

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/parquet-go/parquet-go"
	"golang.org/x/sync/errgroup"
)

const parallelFooters = 8

// address is the location of a dataset: one object, or all under a prefix.
type address struct{ bucket, prefix string }

func parseAddress(s string) (address, error) {
	rest, ok := strings.CutPrefix(s, "s3://")
	bucket, prefix, _ := strings.Cut(rest, "/")
	if !ok || bucket == "" {
		return address{}, fmt.Errorf("dataset %q: want s3://bucket/prefix/", s)
	}
	return address{bucket, prefix}, nil
}

// holds reports whether key is data of the dataset. Names that begin with _ or .
// are hidden, as for Spark and Hive, unless they are partitions.
func (a address) holds(key string) bool {
	folder := strings.TrimSuffix(a.prefix, "/")
	if key == folder {
		return !strings.HasSuffix(a.prefix, "/")
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

// dataset is a set of opened Parquet files.
type dataset struct {
	files  []*file
	broken string // why a file is not Parquet
}

// file is one Parquet file with the partition that its path names.
type file struct {
	object
	partition map[string]string
	parquet   *parquet.File
}

func (c *Checker) open(ctx context.Context, name string) (*dataset, error) {
	d, err := c.list(ctx, name)
	if err != nil {
		return nil, err
	}
	return d, d.readFooters(ctx)
}

// list finds the files of a dataset and does not open them.
func (c *Checker) list(ctx context.Context, name string) (*dataset, error) {
	at, err := parseAddress(name)
	if err != nil {
		return nil, &InvalidError{err}
	}
	d := &dataset{}
	pages := s3.NewListObjectsV2Paginator(c.S3, &s3.ListObjectsV2Input{Bucket: &at.bucket, Prefix: aws.String(strings.TrimSuffix(at.prefix, "/"))})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list: %w", err)
		}
		for _, o := range page.Contents {
			if key := aws.ToString(o.Key); at.holds(key) {
				d.files = append(d.files, &file{
					object:    object{api: c.S3, bucket: at.bucket, key: key, etag: o.ETag, size: aws.ToInt64(o.Size), modified: aws.ToTime(o.LastModified)},
					partition: partition(key),
				})
			}
		}
	}
	return d, nil
}

func (d *dataset) readFooters(ctx context.Context) error {
	broken := make([]string, len(d.files))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(parallelFooters)
	for i, f := range d.files {
		g.Go(func() (err error) {
			broken[i], err = f.open(ctx)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	for _, why := range broken {
		d.broken = cmp.Or(d.broken, why)
	}
	return nil
}

// partition reads the name=value folders of a key. Values may be escaped as
// in Hive, which makes no difference here.
func partition(key string) map[string]string {
	folders := strings.Split(key, "/")
	values := map[string]string{}
	for _, folder := range folders[:len(folders)-1] {
		if name, value, ok := strings.Cut(folder, "="); ok && name != "" {
			values[name] = value
		}
	}
	return values
}

func (d *dataset) rows() (n int64) {
	for _, f := range d.files {
		n += f.parquet.NumRows()
	}
	return n
}

func (d *dataset) bytes() (n int64) {
	for _, f := range d.files {
		n += f.size
	}
	return n
}

func (d *dataset) fresh(now time.Time, age time.Duration) verdict {
	newest := slices.MaxFunc(d.files, func(a, b *file) int { return a.modified.Compare(b.modified) })
	old := now.Sub(newest.modified).Round(time.Second)
	return verdict{fmt.Sprintf("newest file is %s old", old), old <= age}
}
