package session

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"ephemr/internal/iceberg"
	"ephemr/internal/snapshot"
)

// S3 is access to S3 with the user's own credentials. Without a stage there is no
// lake: buckets have their own names then.
type S3 struct {
	*s3.Client
	Bucket  func(name string) string // resolves zones of the stage's lake
	Catalog snapshot.Catalog         // the stage's, of Iceberg tables
}

// S3 connects to S3, and to the stage if one is selected.
func (a *App) S3(ctx context.Context) (*S3, error) {
	if a.StageName() != "" {
		s, err := a.Session(ctx)
		if err != nil {
			return nil, err
		}
		catalog := iceberg.Catalog{Glue: glue.NewFromConfig(s.Config), Database: s.Settings.Database()}
		return &S3{Client: s.S3(), Bucket: s.Settings.BucketOf, Catalog: catalog}, nil
	}
	cfg, err := Config(ctx)
	if err != nil {
		return nil, err
	}
	return &S3{Client: client(cfg), Bucket: func(name string) string { return name }}, nil
}

// client addresses buckets by path when an endpoint is configured: emulators have
// no host name per bucket.
func client(cfg aws.Config) *s3.Client {
	return s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = o.BaseEndpoint != nil })
}
