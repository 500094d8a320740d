package awsapi

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// S3 reads and writes objects. Its client is the exception to the rule: it keeps
// itself in an interface to get credentials of S3 Express, so that functions that
// use both it and text/template have all of its operations.
type S3 struct {
	getObject     Operation[s3.GetObjectInput, s3.GetObjectOutput, s3.Options]
	putObject     Operation[s3.PutObjectInput, s3.PutObjectOutput, s3.Options]
	listObjectsV2 Operation[s3.ListObjectsV2Input, s3.ListObjectsV2Output, s3.Options]
}

// NewS3 returns a client of cfg. Where an endpoint is configured, it addresses
// buckets by path: there is no host name per bucket.
func NewS3(cfg aws.Config) *S3 {
	c := s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = o.BaseEndpoint != nil })
	return &S3{
		getObject:     c.GetObject,
		putObject:     c.PutObject,
		listObjectsV2: c.ListObjectsV2,
	}
}

// GetObject reads an object.
func (s *S3) GetObject(ctx context.Context, in *s3.GetObjectInput, o ...func(*s3.Options)) (*s3.GetObjectOutput, error) {
	return s.getObject(ctx, in, o...)
}

// ListObjectsV2 lists objects.
func (s *S3) ListObjectsV2(ctx context.Context, in *s3.ListObjectsV2Input, o ...func(*s3.Options)) (*s3.ListObjectsV2Output, error) {
	return s.listObjectsV2(ctx, in, o...)
}

// PutObject writes an object.
func (s *S3) PutObject(ctx context.Context, in *s3.PutObjectInput, o ...func(*s3.Options)) (*s3.PutObjectOutput, error) {
	return s.putObject(ctx, in, o...)
}
