package quality_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
	"github.com/parquet-go/parquet-go"

	"ephemr/internal/job"
	"ephemr/internal/quality"
)

var (
	_ quality.S3API = (*lake)(nil)
	_ quality.S3API = (*s3.Client)(nil)
)

// lake is an S3 that lists two keys a page and counts what is read.
type lake struct {
	mu       sync.Mutex
	objects  map[string][]byte
	modified time.Time
	times    map[string]time.Time // of some keys; others have modified
	gets     int
	read     int // bytes
	get      func(key string) error
}

func (l *lake) ListObjectsV2(_ context.Context, in *s3.ListObjectsV2Input, _ ...func(*s3.Options)) (*s3.ListObjectsV2Output, error) {
	var keys []string
	for key := range l.objects {
		if strings.HasPrefix(key, aws.ToString(in.Prefix)) && key > aws.ToString(in.ContinuationToken) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	out := &s3.ListObjectsV2Output{}
	for i, key := range keys {
		if i == 2 {
			out.IsTruncated, out.NextContinuationToken = aws.Bool(true), &keys[1]
			break
		}
		modified := l.modified
		if at, ok := l.times[key]; ok {
			modified = at
		}
		out.Contents = append(out.Contents, types.Object{
			Key: &key, Size: aws.Int64(int64(len(l.objects[key]))), LastModified: &modified, ETag: aws.String("tag " + key),
		})
	}
	return out, nil
}

func (l *lake) GetObject(ctx context.Context, in *s3.GetObjectInput, _ ...func(*s3.Options)) (*s3.GetObjectOutput, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if l.get != nil {
		if err := l.get(*in.Key); err != nil {
			return nil, err
		}
	}
	if _, ok := l.objects[*in.Key]; !ok {
		return nil, &types.NoSuchKey{}
	}
	if in.IfMatch != nil && *in.IfMatch != "tag "+*in.Key {
		return nil, &smithy.GenericAPIError{Code: "PreconditionFailed"}
	}
	first, last, err := rangeOf(l.objects[*in.Key], in.Range)
	if err != nil {
		return nil, err
	}
	l.gets++
	l.read += last + 1 - first
	return &s3.GetObjectOutput{Body: io.NopCloser(bytes.NewReader(l.objects[*in.Key][first : last+1]))}, nil
}

// rangeOf is the first and the last byte of a range; nil = of all.
func rangeOf(body []byte, text *string) (first, last int, _ error) {
	if text == nil {
		return 0, len(body) - 1, nil
	}
	if _, err := fmt.Sscanf(*text, "bytes=%d-%d", &first, &last); err != nil || first < 0 || last >= len(body) || first > last {
		return 0, 0, &smithy.GenericAPIError{Code: "InvalidRange", Message: *text}
	}
	return first, last, nil
}

// flight is a row with every type that has a name.
type flight struct {
	ID      int64             `parquet:"id"`
	Carrier *string           `parquet:"carrier,optional"`
	Number  int32             `parquet:"number"`
	Delay   *float64          `parquet:"delay,optional"`
	Air     float32           `parquet:"air"`
	Late    bool              `parquet:"late"`
	Day     int32             `parquet:"day,date"`
	At      time.Time         `parquet:"at,timestamp(millisecond)"`
	Fare    int64             `parquet:"fare,decimal(2:9)"`
	Raw     []byte            `parquet:"raw"`
	Key     [16]byte          `parquet:"key,uuid"`
	Stops   []string          `parquet:"stops,list"`
	More    map[string]string `parquet:"more"`
	Plane   struct {
		Model *string `parquet:"model,optional"`
	} `parquet:"plane"`
}

func flights(first, n int, change func(i int, f *flight)) []flight {
	rows := make([]flight, n)
	for i := range rows {
		carrier, delay := "TP", float64(i)
		rows[i] = flight{ID: int64(first + i), Carrier: &carrier, Delay: &delay}
		if change != nil {
			change(i, &rows[i])
		}
	}
	return rows
}

func file[T any](t testing.TB, rows []T, options ...parquet.WriterOption) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := parquet.Write(&b, rows, options...); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

var now = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func run(t *testing.T, l *lake, checks ...job.Check) (quality.Report, error) {
	t.Helper()
	c := quality.Checker{S3: l, Now: func() time.Time { return now }, MaxUnique: 10_000}
	return c.Run(t.Context(), checks)
}
