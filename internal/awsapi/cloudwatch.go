package awsapi

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
)

// CloudWatch records metrics.
type CloudWatch struct {
	putMetricData Operation[cloudwatch.PutMetricDataInput, cloudwatch.PutMetricDataOutput, cloudwatch.Options]
}

// NewCloudWatch returns a client of cfg.
func NewCloudWatch(cfg aws.Config) *CloudWatch {
	c := cloudwatch.NewFromConfig(cfg)
	return &CloudWatch{
		putMetricData: c.PutMetricData,
	}
}

// PutMetricData records metrics.
func (c *CloudWatch) PutMetricData(ctx context.Context, in *cloudwatch.PutMetricDataInput, o ...func(*cloudwatch.Options)) (*cloudwatch.PutMetricDataOutput, error) {
	return c.putMetricData(ctx, in, o...)
}
