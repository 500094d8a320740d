package awsfake

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

func sha256Of(body []byte) string {
	sum := sha256.Sum256(body)
	return base64.StdEncoding.EncodeToString(sum[:])
}

// verify compares the checksum that a request carries with what arrived.
func verify(given *string, body []byte) error {
	if given != nil && *given != sha256Of(body) {
		return apiError("BadDigest", "The SHA256 you specified did not match the calculated checksum.")
	}
	return nil
}

// checksum is that of a part, which S3 keeps for uploads that were begun with an algorithm.
func (u *multipart) checksum(body []byte) *string {
	if u.algorithm != types.ChecksumAlgorithmSha256 {
		return nil
	}
	return new(sha256Of(body))
}

// composite is the checksum of an object that was uploaded in parts: that of the checksums
// of its parts, and their number.
func (u *multipart) composite(of *types.CompletedMultipartUpload) string {
	if u.algorithm != types.ChecksumAlgorithmSha256 {
		return ""
	}
	all := sha256.New()
	for _, p := range of.Parts {
		sum := sha256.Sum256(u.parts[*p.PartNumber])
		all.Write(sum[:])
	}
	return fmt.Sprintf("%s-%d", base64.StdEncoding.EncodeToString(all.Sum(nil)), len(of.Parts))
}

// checksum is what HeadObject reports to those who ask for it.
func (o object) checksum() *string {
	if o.sha256 == "" {
		return nil
	}
	return new(o.sha256)
}

// ListMultipartUploads lists open uploads by key, those of a key by the time they were begun.
func (f *S3) ListMultipartUploads(ctx context.Context, in *s3.ListMultipartUploadsInput, _ ...func(*s3.Options)) (*s3.ListMultipartUploadsOutput, error) {
	return call(ctx, &f.Control, "ListMultipartUploads", func() (*s3.ListMultipartUploadsOutput, error) {
		f.mu.Lock()
		defer f.mu.Unlock()
		if _, err := f.bucket(in.Bucket); err != nil {
			return nil, err
		}
		ids := slices.SortedFunc(maps.Keys(f.uploads), func(a, b string) int {
			x, y := f.uploads[a], f.uploads[b]
			return cmp.Or(cmp.Compare(x.key, y.key), x.begun.Compare(y.begun), cmp.Compare(a, b))
		})
		out := &s3.ListMultipartUploadsOutput{Bucket: in.Bucket, Prefix: in.Prefix, IsTruncated: new(false)}
		for _, id := range ids {
			u := f.uploads[id]
			if u.bucket != *in.Bucket || !strings.HasPrefix(u.key, aws.ToString(in.Prefix)) || u.key < aws.ToString(in.KeyMarker) {
				continue
			}
			out.Uploads = append(out.Uploads, types.MultipartUpload{Key: new(u.key), UploadId: new(id), Initiated: new(u.begun), ChecksumAlgorithm: u.algorithm})
		}
		return out, nil
	})
}

// ListParts lists the parts of an open upload, at most 1,000 or MaxParts at a time.
func (f *S3) ListParts(ctx context.Context, in *s3.ListPartsInput, _ ...func(*s3.Options)) (*s3.ListPartsOutput, error) {
	return call(ctx, &f.Control, "ListParts", func() (*s3.ListPartsOutput, error) {
		f.mu.Lock()
		defer f.mu.Unlock()
		u, err := f.upload(in.UploadId, in.Bucket, in.Key)
		if err != nil {
			return nil, err
		}
		most := maxKeys
		if in.MaxParts != nil {
			most = min(most, int(*in.MaxParts))
		}
		after, _ := strconv.Atoi(aws.ToString(in.PartNumberMarker)) // "" = 0
		out := &s3.ListPartsOutput{Bucket: in.Bucket, Key: in.Key, UploadId: in.UploadId, IsTruncated: new(false), ChecksumAlgorithm: u.algorithm}
		for _, n := range slices.Sorted(maps.Keys(u.parts)) {
			if int(n) <= after {
				continue
			}
			if len(out.Parts) == most {
				out.IsTruncated = new(true)
				break
			}
			part := u.parts[n]
			out.Parts = append(out.Parts, types.Part{PartNumber: new(n), Size: new(int64(len(part))), ETag: new(etagOf(part)), ChecksumSHA256: u.checksum(part)})
			out.NextPartNumberMarker = new(strconv.Itoa(int(n)))
		}
		return out, nil
	})
}
