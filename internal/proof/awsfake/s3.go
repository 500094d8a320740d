package awsfake

import (
	"bytes"
	"context"
	"crypto/md5" //nolint:gosec // S3's ETag is an MD5
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
)

// S3 is an in-memory S3.
type S3 struct {
	Control

	mu      sync.Mutex
	buckets map[string]map[string]object
	uploads map[string]*multipart // in parts, by id
	begun   int
}

type object struct {
	body        []byte
	contentType *string
	meta        map[string]string
	etag        string
	modified    time.Time
	sha256      string // the checksum that the writer asked for; "" = another
}

// NewS3 returns an S3 with empty buckets.
func NewS3(buckets ...string) *S3 {
	f := &S3{Control: newControl("S3"), buckets: map[string]map[string]object{}, uploads: map[string]*multipart{}}
	for _, b := range buckets {
		f.buckets[b] = map[string]object{}
	}
	return f
}

// Object returns the body of an object, or nil. It is not a call.
func (f *S3) Object(bucket, key string) []byte {
	f.mu.Lock()
	defer f.mu.Unlock()
	return bytes.Clone(f.buckets[bucket][key].body)
}

// Keys returns the keys in a bucket, sorted. It is not a call.
func (f *S3) Keys(bucket string) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Sorted(maps.Keys(f.buckets[bucket]))
}

// bucket returns a bucket; the caller holds the lock.
func (f *S3) bucket(name *string) (map[string]object, error) {
	b, ok := f.buckets[aws.ToString(name)]
	if !ok {
		return nil, &types.NoSuchBucket{Message: new("The specified bucket does not exist")}
	}
	return b, nil
}

// Place stores an object as another program does: what is prepared for calls does not
// apply to it.
func (f *S3) Place(bucket, key string, body []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.buckets[bucket][key] = object{body: body, etag: etagOf(body), modified: time.Now()}
}

// PutObject stores an object. IfNoneMatch knows only "*".
func (f *S3) PutObject(ctx context.Context, in *s3.PutObjectInput, _ ...func(*s3.Options)) (*s3.PutObjectOutput, error) {
	body, unread := payload(in.Body)
	return call(ctx, &f.Control, "PutObject", func() (*s3.PutObjectOutput, error) {
		if unread != nil {
			return nil, unread
		}
		f.mu.Lock()
		defer f.mu.Unlock()
		b, err := f.bucket(in.Bucket)
		if err != nil {
			return nil, err
		}
		key := aws.ToString(in.Key)
		old, exists := b[key]
		if key == "" || len(key) > 1024 {
			return nil, apiError("KeyTooLongError", "Your key is too long")
		}
		if in.IfNoneMatch != nil && exists || in.IfMatch != nil && (!exists || *in.IfMatch != old.etag) {
			return nil, apiError("PreconditionFailed", "At least one of the pre-conditions you specified did not hold")
		}
		if err := verify(in.ChecksumSHA256, body); err != nil {
			return nil, err
		}
		o := object{
			body: body, contentType: in.ContentType, meta: maps.Clone(in.Metadata), etag: etagOf(body), modified: time.Now(),
			sha256: aws.ToString(in.ChecksumSHA256),
		}
		b[key] = o
		return &s3.PutObjectOutput{ETag: new(o.etag)}, nil
	})
}

// payload reads the body of a call once, before its attempts: the SDK rewinds it for each.
func payload(body io.Reader) ([]byte, error) {
	if body == nil {
		return nil, nil
	}
	return io.ReadAll(body)
}

func etagOf(body []byte) string {
	sum := md5.Sum(body) //nolint:gosec // S3's ETag is an MD5
	return `"` + hex.EncodeToString(sum[:]) + `"`
}

// GetObject reads an object, or with Range "bytes=first-last" a part of it; other ranges
// are refused.
func (f *S3) GetObject(ctx context.Context, in *s3.GetObjectInput, _ ...func(*s3.Options)) (*s3.GetObjectOutput, error) {
	return call(ctx, &f.Control, "GetObject", func() (*s3.GetObjectOutput, error) {
		f.mu.Lock()
		defer f.mu.Unlock()
		b, err := f.bucket(in.Bucket)
		if err != nil {
			return nil, err
		}
		o, ok := b[aws.ToString(in.Key)]
		if !ok {
			return nil, &types.NoSuchKey{Message: new("The specified key does not exist.")}
		}
		body := o.body
		if in.Range != nil {
			if body, err = rangeOf(body, *in.Range); err != nil {
				return nil, err
			}
		}
		return &s3.GetObjectOutput{
			Body: io.NopCloser(bytes.NewReader(body)), ContentLength: new(int64(len(body))), ContentType: o.contentType,
			ETag: new(o.etag), LastModified: new(o.modified), Metadata: maps.Clone(o.meta),
		}, nil
	})
}

func rangeOf(body []byte, text string) ([]byte, error) {
	var first, last int
	if _, err := fmt.Sscanf(text, "bytes=%d-%d", &first, &last); err != nil {
		return nil, apiError("NotImplemented", "this fake knows no range "+text)
	}
	if first < 0 || last < first || first >= len(body) {
		return nil, apiError("InvalidRange", "The requested range is not satisfiable")
	}
	return body[first:min(last+1, len(body))], nil
}

// HeadObject describes an object. S3 says NotFound here, not NoSuchKey.
func (f *S3) HeadObject(ctx context.Context, in *s3.HeadObjectInput, _ ...func(*s3.Options)) (*s3.HeadObjectOutput, error) {
	return call(ctx, &f.Control, "HeadObject", func() (*s3.HeadObjectOutput, error) {
		f.mu.Lock()
		defer f.mu.Unlock()
		o, ok := f.buckets[aws.ToString(in.Bucket)][aws.ToString(in.Key)]
		if !ok {
			return nil, &types.NotFound{Message: new("Not Found")}
		}
		out := &s3.HeadObjectOutput{
			ContentLength: new(int64(len(o.body))), ContentType: o.contentType, ETag: new(o.etag), LastModified: new(o.modified), Metadata: maps.Clone(o.meta),
		}
		if in.ChecksumMode == types.ChecksumModeEnabled {
			out.ChecksumSHA256 = o.checksum()
		}
		return out, nil
	})
}

// DeleteObjects deletes up to 1,000 objects.
func (f *S3) DeleteObjects(ctx context.Context, in *s3.DeleteObjectsInput, _ ...func(*s3.Options)) (*s3.DeleteObjectsOutput, error) {
	return call(ctx, &f.Control, "DeleteObjects", func() (*s3.DeleteObjectsOutput, error) {
		f.mu.Lock()
		defer f.mu.Unlock()
		b, err := f.bucket(in.Bucket)
		if err != nil {
			return nil, err
		}
		if n := len(in.Delete.Objects); n == 0 || n > 1000 {
			return nil, &smithy.GenericAPIError{Code: "MalformedXML", Message: "The XML you provided was not well-formed or did not validate against our published schema"}
		}
		for _, o := range in.Delete.Objects {
			delete(b, aws.ToString(o.Key))
		}
		return &s3.DeleteObjectsOutput{}, nil
	})
}

// DeleteObject removes an object, if there is one.
func (f *S3) DeleteObject(ctx context.Context, in *s3.DeleteObjectInput, _ ...func(*s3.Options)) (*s3.DeleteObjectOutput, error) {
	return call(ctx, &f.Control, "DeleteObject", func() (*s3.DeleteObjectOutput, error) {
		f.mu.Lock()
		defer f.mu.Unlock()
		b, err := f.bucket(in.Bucket)
		if err != nil {
			return nil, err
		}
		delete(b, aws.ToString(in.Key))
		return &s3.DeleteObjectOutput{}, nil
	})
}

const maxKeys = 1000

// ListObjectsV2 lists keys in order, with prefixes rolled up at a delimiter.
func (f *S3) ListObjectsV2(ctx context.Context, in *s3.ListObjectsV2Input, _ ...func(*s3.Options)) (*s3.ListObjectsV2Output, error) {
	return call(ctx, &f.Control, "ListObjectsV2", func() (*s3.ListObjectsV2Output, error) {
		f.mu.Lock()
		defer f.mu.Unlock()
		b, err := f.bucket(in.Bucket)
		if err != nil {
			return nil, err
		}
		after := max(aws.ToString(in.StartAfter), aws.ToString(in.ContinuationToken))
		most := maxKeys
		if in.MaxKeys != nil {
			most = min(most, int(*in.MaxKeys))
		}
		out := &s3.ListObjectsV2Output{Name: in.Bucket, Prefix: in.Prefix, Delimiter: in.Delimiter, IsTruncated: new(false)}
		seen := map[string]bool{}
		for _, key := range slices.Sorted(maps.Keys(b)) {
			name := rollUp(key, aws.ToString(in.Prefix), aws.ToString(in.Delimiter))
			if name <= after || seen[name] || !strings.HasPrefix(key, aws.ToString(in.Prefix)) {
				continue
			}
			if len(seen) == most {
				out.IsTruncated = new(true)
				break
			}
			seen[name] = true
			out.NextContinuationToken = new(name)
			if name != key {
				out.CommonPrefixes = append(out.CommonPrefixes, types.CommonPrefix{Prefix: new(name)})
				continue
			}
			out.Contents = append(out.Contents, types.Object{Key: new(key), Size: new(int64(len(b[key].body))), ETag: new(b[key].etag), LastModified: new(b[key].modified)})
		}
		if !*out.IsTruncated {
			out.NextContinuationToken = nil
		}
		out.KeyCount = new(int32(len(seen))) //nolint:gosec // at most 1000
		return out, nil
	})
}

// ListObjectVersions lists keys in order; the fake's buckets keep no versions, so that
// each object has the version "null".
func (f *S3) ListObjectVersions(ctx context.Context, in *s3.ListObjectVersionsInput, _ ...func(*s3.Options)) (*s3.ListObjectVersionsOutput, error) {
	return call(ctx, &f.Control, "ListObjectVersions", func() (*s3.ListObjectVersionsOutput, error) {
		f.mu.Lock()
		defer f.mu.Unlock()
		b, err := f.bucket(in.Bucket)
		if err != nil {
			return nil, err
		}
		out := &s3.ListObjectVersionsOutput{Name: in.Bucket, Prefix: in.Prefix, IsTruncated: new(false)}
		for _, key := range slices.Sorted(maps.Keys(b)) {
			if !strings.HasPrefix(key, aws.ToString(in.Prefix)) || key <= aws.ToString(in.KeyMarker) {
				continue
			}
			if len(out.Versions) == maxKeys {
				out.IsTruncated, out.NextKeyMarker = new(true), out.Versions[maxKeys-1].Key
				break
			}
			out.Versions = append(out.Versions, types.ObjectVersion{
				Key: new(key), Size: new(int64(len(b[key].body))), ETag: new(b[key].etag), LastModified: new(b[key].modified), VersionId: new("null"), IsLatest: new(true),
			})
		}
		return out, nil
	})
}

// rollUp returns key up to the first delimiter behind the prefix.
func rollUp(key, prefix, delimiter string) string {
	if delimiter == "" || !strings.HasPrefix(key, prefix) {
		return key
	}
	if i := strings.Index(key[len(prefix):], delimiter); i >= 0 {
		return key[:len(prefix)+i+len(delimiter)]
	}
	return key
}
