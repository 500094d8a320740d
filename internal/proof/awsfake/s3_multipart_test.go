package awsfake_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/google/go-cmp/cmp"

	"ephemr/internal/proof/awsfake"
)

func TestS3Parts(t *testing.T) {
	t.Parallel()
	f := awsfake.NewS3("lake")
	bucket, key := new("lake"), new("big")
	begun, err := f.CreateMultipartUpload(t.Context(), &s3.CreateMultipartUploadInput{Bucket: bucket, Key: key})
	if err != nil {
		t.Fatal(err)
	}
	part := func(n int32, body []byte) types.CompletedPart {
		out, err := f.UploadPart(t.Context(), &s3.UploadPartInput{Bucket: bucket, Key: key, UploadId: begun.UploadId, PartNumber: &n, Body: bytes.NewReader(body)})
		if err != nil {
			t.Fatal(err)
		}
		return types.CompletedPart{PartNumber: &n, ETag: out.ETag}
	}
	complete := func(parts ...types.CompletedPart) error {
		_, err := f.CompleteMultipartUpload(t.Context(), &s3.CompleteMultipartUploadInput{
			Bucket: bucket, Key: key, UploadId: begun.UploadId, MultipartUpload: &types.CompletedMultipartUpload{Parts: parts},
		})
		return err
	}
	big, small := bytes.Repeat([]byte("x"), 5<<20), []byte("end")
	one, two, three := part(1, big), part(2, small), part(3, small)
	got := []string{code(complete()), code(complete(two, one)), code(complete(one, two, three)), code(complete(types.CompletedPart{PartNumber: aws.Int32(9), ETag: one.ETag}))}
	if d := cmp.Diff([]string{"MalformedXML", "InvalidPartOrder", "EntityTooSmall", "InvalidPart"}, got); d != "" {
		t.Error(d)
	}
	if f.Object("lake", "big") != nil || f.Uploads() != 1 {
		t.Error("there is an object before the upload is complete")
	}
	if err := complete(one, three); err != nil || len(f.Object("lake", "big")) != 5<<20+3 || f.Uploads() != 0 {
		t.Errorf("%v, %d bytes, %d uploads open", err, len(f.Object("lake", "big")), f.Uploads())
	}
	if _, err := f.AbortMultipartUpload(t.Context(), &s3.AbortMultipartUploadInput{Bucket: bucket, Key: key, UploadId: begun.UploadId}); code(err) != "NoSuchUpload" {
		t.Errorf("got %v", err)
	}
}

// The SDK rewinds a body before each attempt.
func TestS3BodiesOfRepeatedCalls(t *testing.T) {
	t.Parallel()
	f := awsfake.NewS3("lake")
	bucket, key := new("lake"), new("a")
	f.RepeatNext("PutObject", 1)
	if _, err := f.PutObject(t.Context(), &s3.PutObjectInput{Bucket: bucket, Key: key, Body: strings.NewReader("whole")}); err != nil {
		t.Fatal(err)
	}
	if got := string(f.Object("lake", "a")); got != "whole" {
		t.Errorf("PutObject, made twice, has stored %q", got)
	}
	begun, err := f.CreateMultipartUpload(t.Context(), &s3.CreateMultipartUploadInput{Bucket: bucket, Key: key})
	if err != nil {
		t.Fatal(err)
	}
	part := func() string {
		out, err := f.UploadPart(t.Context(), &s3.UploadPartInput{
			Bucket: bucket, Key: key, UploadId: begun.UploadId, PartNumber: aws.Int32(1), Body: strings.NewReader("part"),
		})
		if err != nil {
			t.Fatal(err)
		}
		return *out.ETag
	}
	want := part()
	f.RepeatNext("UploadPart", 1)
	if got := part(); got != want {
		t.Errorf("UploadPart, made twice, has stored %s, want %s", got, want)
	}
}
