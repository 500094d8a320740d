package cli_test

import (
	"context"
	"errors"

	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"ephemr/internal/awsfake"
	"ephemr/internal/cli/upload"
)

var _ upload.S3API = (*s3)(nil)

// s3 is a fake for packages that fit into one part.
type s3 struct{ *awsfake.S3 }

var errParts = errors.New("not faked: uploads in parts")

func (*s3) CreateMultipartUpload(context.Context, *awss3.CreateMultipartUploadInput, ...func(*awss3.Options)) (*awss3.CreateMultipartUploadOutput, error) {
	return nil, errParts
}

func (*s3) UploadPart(context.Context, *awss3.UploadPartInput, ...func(*awss3.Options)) (*awss3.UploadPartOutput, error) {
	return nil, errParts
}

func (*s3) CompleteMultipartUpload(context.Context, *awss3.CompleteMultipartUploadInput, ...func(*awss3.Options)) (*awss3.CompleteMultipartUploadOutput, error) {
	return nil, errParts
}

func (*s3) AbortMultipartUpload(context.Context, *awss3.AbortMultipartUploadInput, ...func(*awss3.Options)) (*awss3.AbortMultipartUploadOutput, error) {
	return nil, errParts
}
