package awsfake

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// The limits of uploads in parts.
const (
	minPart  = 5 << 20 // bytes, but of the last
	maxParts = 10_000
)

// multipart is an open upload in parts.
type multipart struct {
	bucket, key string
	contentType *string
	meta        map[string]string
	algorithm   types.ChecksumAlgorithm // "" = none was asked for
	begun       time.Time
	parts       map[int32][]byte
}

// Uploads returns how many uploads in parts are open. It is not a call.
func (f *S3) Uploads() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.uploads)
}

// CreateMultipartUpload begins an upload in parts.
func (f *S3) CreateMultipartUpload(ctx context.Context, in *s3.CreateMultipartUploadInput, _ ...func(*s3.Options)) (*s3.CreateMultipartUploadOutput, error) {
	return call(ctx, &f.Control, "CreateMultipartUpload", func() (*s3.CreateMultipartUploadOutput, error) {
		f.mu.Lock()
		defer f.mu.Unlock()
		if _, err := f.bucket(in.Bucket); err != nil {
			return nil, err
		}
		f.begun++
		id := fmt.Sprintf("upload-%d", f.begun)
		f.uploads[id] = &multipart{
			bucket: *in.Bucket, key: aws.ToString(in.Key), contentType: in.ContentType, meta: maps.Clone(in.Metadata), algorithm: in.ChecksumAlgorithm,
			begun: time.Now(), parts: map[int32][]byte{},
		}
		return &s3.CreateMultipartUploadOutput{Bucket: in.Bucket, Key: in.Key, UploadId: &id}, nil
	})
}

// upload returns an open upload; the caller holds the lock.
func (f *S3) upload(id, bucket, key *string) (*multipart, error) {
	u := f.uploads[aws.ToString(id)]
	if u == nil || u.bucket != aws.ToString(bucket) || u.key != aws.ToString(key) {
		return nil, &types.NoSuchUpload{Message: new("The specified upload does not exist.")}
	}
	return u, nil
}

// UploadPart stores a part; one that is there is replaced.
func (f *S3) UploadPart(ctx context.Context, in *s3.UploadPartInput, _ ...func(*s3.Options)) (*s3.UploadPartOutput, error) {
	body, unread := payload(in.Body)
	return call(ctx, &f.Control, "UploadPart", func() (*s3.UploadPartOutput, error) {
		if unread != nil {
			return nil, unread
		}
		f.mu.Lock()
		defer f.mu.Unlock()
		u, err := f.upload(in.UploadId, in.Bucket, in.Key)
		if err != nil {
			return nil, err
		}
		n := aws.ToInt32(in.PartNumber)
		if n < 1 || n > maxParts {
			return nil, apiError("InvalidArgument", "Part number must be an integer between 1 and 10000, inclusive")
		}
		if err := verify(in.ChecksumSHA256, body); err != nil {
			return nil, err
		}
		u.parts[n] = body
		return &s3.UploadPartOutput{ETag: new(etagOf(body)), ChecksumSHA256: u.checksum(body)}, nil
	})
}

// CompleteMultipartUpload makes an object of the parts that it names.
func (f *S3) CompleteMultipartUpload(ctx context.Context, in *s3.CompleteMultipartUploadInput, _ ...func(*s3.Options)) (*s3.CompleteMultipartUploadOutput, error) {
	return call(ctx, &f.Control, "CompleteMultipartUpload", func() (*s3.CompleteMultipartUploadOutput, error) {
		f.mu.Lock()
		defer f.mu.Unlock()
		u, err := f.upload(in.UploadId, in.Bucket, in.Key)
		if err != nil {
			return nil, err
		}
		body, err := u.assemble(in.MultipartUpload)
		if err != nil {
			return nil, err
		}
		if _, exists := f.buckets[u.bucket][u.key]; exists && in.IfNoneMatch != nil {
			return nil, apiError("PreconditionFailed", "At least one of the pre-conditions you specified did not hold")
		}
		o := object{body: body, contentType: u.contentType, meta: u.meta, etag: etagOf(body), modified: time.Now(), sha256: u.composite(in.MultipartUpload)}
		f.buckets[u.bucket][u.key] = o
		delete(f.uploads, *in.UploadId)
		return &s3.CompleteMultipartUploadOutput{Bucket: in.Bucket, Key: in.Key, ETag: new(o.etag), ChecksumSHA256: o.checksum()}, nil
	})
}

func (u *multipart) assemble(want *types.CompletedMultipartUpload) ([]byte, error) {
	if want == nil || len(want.Parts) == 0 {
		return nil, apiError("MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema")
	}
	if !slices.IsSortedFunc(want.Parts, func(a, b types.CompletedPart) int { return cmp.Compare(*a.PartNumber, *b.PartNumber) }) {
		return nil, apiError("InvalidPartOrder", "The list of parts was not in ascending order. Parts must be ordered by part number.")
	}
	var body bytes.Buffer
	for i, p := range want.Parts {
		part, ok := u.parts[*p.PartNumber]
		switch {
		case !ok || aws.ToString(p.ETag) != etagOf(part):
			return nil, apiError("InvalidPart", "One or more of the specified parts could not be found.")
		case u.algorithm == types.ChecksumAlgorithmSha256 && aws.ToString(p.ChecksumSHA256) != sha256Of(part):
			return nil, apiError("InvalidRequest", "The upload was created using a sha256 checksum. The complete request must include the checksum for each part.")
		case len(part) < minPart && i < len(want.Parts)-1:
			return nil, apiError("EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size")
		}
		body.Write(part)
	}
	return body.Bytes(), nil
}

// AbortMultipartUpload drops an upload and its parts.
func (f *S3) AbortMultipartUpload(ctx context.Context, in *s3.AbortMultipartUploadInput, _ ...func(*s3.Options)) (*s3.AbortMultipartUploadOutput, error) {
	return call(ctx, &f.Control, "AbortMultipartUpload", func() (*s3.AbortMultipartUploadOutput, error) {
		f.mu.Lock()
		defer f.mu.Unlock()
		if _, err := f.upload(in.UploadId, in.Bucket, in.Key); err != nil {
			return nil, err
		}
		delete(f.uploads, *in.UploadId)
		return &s3.AbortMultipartUploadOutput{}, nil
	})
}
