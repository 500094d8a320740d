// Package steplog reads what EMR archives of a step's logs in S3.
//
// EMR writes <LogUri>/<cluster>/steps/<step>/{controller,syslog,stdout,stderr}.gz
// every five minutes and at the step's end. A log that was rotated has further
// objects, whose names go on after that of the log and sort before it.
// Source: Amazon EMR Management Guide, "View log files archived to Amazon S3".
package steplog

import (
	"context"
	"fmt"
	"path"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// Prefix is where the clusters of a stage archive their logs in the logs bucket.
const Prefix = "emr/"

// The logs of a step. The runner writes the program's output to the first two,
// EMR itself to the others.
const (
	Stdout     = "stdout"
	Stderr     = "stderr"
	Controller = "controller" // how EMR ran the step
	Syslog     = "syslog"     // of the step's Java process, if it has one
)

// API is what reading needs of S3.
type API interface {
	ListObjectsV2(context.Context, *s3.ListObjectsV2Input, ...func(*s3.Options)) (*s3.ListObjectsV2Output, error)
	GetObject(context.Context, *s3.GetObjectInput, ...func(*s3.Options)) (*s3.GetObjectOutput, error)
}

// Archive is the logs bucket of a stage.
type Archive struct {
	S3     API
	Bucket string
}

// Log is one log of a step, in as many objects as EMR has made of it.
type Log struct {
	Keys []string // in the order of what was written
	Size int64    // bytes, compressed
}

// Find returns the logs that EMR has archived of a step, by name; none is no
// error.
func (a *Archive) Find(ctx context.Context, cluster, step string) (map[string]Log, error) {
	found := map[string]Log{}
	prefix := Prefix + cluster + "/steps/" + step + "/"
	pages := s3.NewListObjectsV2Paginator(a.S3, &s3.ListObjectsV2Input{Bucket: &a.Bucket, Prefix: &prefix})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("look for archived logs in s3://%s/%s: %w", a.Bucket, prefix, err)
		}
		for _, o := range page.Contents { // S3 lists in the order of keys
			name := logName(path.Base(aws.ToString(o.Key)))
			if name == "" {
				continue
			}
			l := found[name]
			l.Keys, l.Size = append(l.Keys, *o.Key), l.Size+aws.ToInt64(o.Size)
			found[name] = l
		}
	}
	return found, nil
}

// logName is which log an object belongs to: stdout.gz, and stdout-….gz or
// stdout.….gz if it was rotated.
func logName(base string) string {
	rest, gz := strings.CutSuffix(base, ".gz")
	for _, name := range []string{Stdout, Stderr, Controller, Syslog} {
		if more, ok := strings.CutPrefix(rest, name); gz && ok && (more == "" || more[0] == '.' || more[0] == '-') {
			return name
		}
	}
	return ""
}
