package transfer

import (
	"context"
	"errors"
	"sync/atomic"

	"ephemr/internal/fault"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// sendParts uploads the parts that no interrupted upload of the object has sent, and completes
// it. It returns the bytes that it has sent.
func (o *object) sendParts(ctx context.Context) (int64, error) {
	id, there := o.interrupted(ctx)
	sent, err := o.sendTo(ctx, id, there)
	if code := fault.Code(err); id != "" && (code == "NoSuchUpload" || code == "InvalidPart") {
		// Another process has completed, aborted or overwritten what this one continued.
		return o.sendTo(ctx, "", nil)
	}
	return sent, err
}

// sendTo sends parts to an upload, or to a new one if id is "", and completes it.
func (o *object) sendTo(ctx context.Context, id string, there map[int32]types.CompletedPart) (int64, error) {
	if id == "" {
		out, err := o.S3.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{
			Bucket: &o.Bucket, Key: &o.Key, ChecksumAlgorithm: types.ChecksumAlgorithmSha256, ChecksumType: types.ChecksumTypeComposite,
		}, patient)
		if err != nil {
			return 0, err //nolint:wrapcheck // by the caller
		}
		id = aws.ToString(out.UploadId)
	}
	complete := make([]types.CompletedPart, len(o.parts))
	var missing []part
	for i, p := range o.parts {
		c, ok := there[p.number]
		if !ok {
			missing = append(missing, p)
			continue
		}
		complete[i] = c
		o.progress(p.size)
	}
	var sent atomic.Int64
	err := o.each(ctx, missing, func(ctx context.Context, p part) error {
		c, err := o.sendPart(ctx, id, p)
		if err != nil {
			return err
		}
		complete[p.number-1] = c
		sent.Add(p.size)
		o.progress(p.size)
		return nil
	})
	if err == nil {
		err = o.complete(ctx, id, complete)
	}
	if err != nil {
		o.progress(-o.counted(there, sent.Load()))
	}
	return sent.Load(), err
}

// counted is how many bytes of the object progress has been told of.
func (o *object) counted(there map[int32]types.CompletedPart, sent int64) int64 {
	for _, p := range o.parts {
		if _, ok := there[p.number]; ok {
			sent += p.size
		}
	}
	return sent
}

func (o *object) sendPart(ctx context.Context, id string, p part) (types.CompletedPart, error) {
	sum := o.sums[p.number-1].String()
	out, err := o.S3.UploadPart(ctx, &s3.UploadPartInput{
		Bucket: &o.Bucket, Key: &o.Key, UploadId: &id, PartNumber: &p.number, Body: p.body(o.file), ContentLength: &p.size,
		ChecksumAlgorithm: types.ChecksumAlgorithmSha256, ChecksumSHA256: &sum,
	}, patient)
	if err != nil {
		return types.CompletedPart{}, o.explain(err)
	}
	return types.CompletedPart{PartNumber: &p.number, ETag: out.ETag, ChecksumSHA256: &sum}, nil
}

// errContent is the error of an object that is not what was sent.
var errContent = errors.New("S3 reports another checksum than that of the file; run the command again")

// complete makes an object of the parts. Its answer may be lost: then the object is looked at.
func (o *object) complete(ctx context.Context, id string, parts []types.CompletedPart) error {
	if err := o.unchanged(); err != nil {
		return err
	}
	out, err := o.S3.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{
		Bucket: &o.Bucket, Key: &o.Key, UploadId: &id, MultipartUpload: &types.CompletedMultipartUpload{Parts: parts},
	}, patient)
	switch {
	case err != nil && o.exists(ctx):
		return nil
	case err != nil:
		return err //nolint:wrapcheck // by the caller
	case out.ChecksumSHA256 != nil && *out.ChecksumSHA256 != o.checksum():
		return errContent
	}
	return nil
}

// interrupted finds the newest upload of the object that was begun and neither completed nor
// aborted, and the parts in it that are equal to those of the file. Without the rights to list
// uploads and parts, there is none.
func (o *object) interrupted(ctx context.Context) (id string, there map[int32]types.CompletedPart) {
	newest, err := o.newest(ctx)
	if err != nil || newest == nil {
		return "", nil
	}
	there, err = o.equal(ctx, newest.UploadId)
	if err != nil || len(there) == 0 {
		return "", nil
	}
	return aws.ToString(newest.UploadId), there
}

// newest is the open upload of the object that was begun last; nil = there is none.
func (o *object) newest(ctx context.Context) (newest *types.MultipartUpload, err error) {
	uploads := s3.NewListMultipartUploadsPaginator(o.S3, &s3.ListMultipartUploadsInput{Bucket: &o.Bucket, Prefix: &o.Key})
	for uploads.HasMorePages() {
		page, err := uploads.NextPage(ctx)
		if err != nil {
			return nil, err //nolint:wrapcheck // not reported
		}
		for _, u := range page.Uploads {
			ours := u.ChecksumAlgorithm == types.ChecksumAlgorithmSha256 || u.ChecksumAlgorithm == "" // of the local region
			if ours && aws.ToString(u.Key) == o.Key && (newest == nil || !aws.ToTime(u.Initiated).Before(aws.ToTime(newest.Initiated))) {
				newest = &u
			}
		}
	}
	return newest, nil
}

// equal lists the parts of an upload that are equal to those of the file.
func (o *object) equal(ctx context.Context, id *string) (map[int32]types.CompletedPart, error) {
	there := map[int32]types.CompletedPart{}
	parts := s3.NewListPartsPaginator(o.S3, &s3.ListPartsInput{Bucket: &o.Bucket, Key: &o.Key, UploadId: id})
	for parts.HasMorePages() {
		page, err := parts.NextPage(ctx)
		if err != nil {
			return nil, err //nolint:wrapcheck // not reported
		}
		for _, p := range page.Parts {
			if n := aws.ToInt32(p.PartNumber); o.same(n, p) {
				there[n] = types.CompletedPart{PartNumber: p.PartNumber, ETag: p.ETag, ChecksumSHA256: p.ChecksumSHA256}
			}
		}
	}
	return there, nil
}

// same reports whether a part of an upload has the content of part n of the file.
func (o *object) same(n int32, p types.Part) bool {
	return n >= 1 && int(n) <= len(o.parts) && aws.ToInt64(p.Size) == o.parts[n-1].size && aws.ToString(p.ChecksumSHA256) == o.sums[n-1].String()
}
