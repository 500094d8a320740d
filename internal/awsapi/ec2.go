package awsapi

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
)

// EC2 reads prices.
type EC2 struct {
	describeSpotPriceHistory Operation[ec2.DescribeSpotPriceHistoryInput, ec2.DescribeSpotPriceHistoryOutput, ec2.Options]
}

// NewEC2 returns a client of cfg.
func NewEC2(cfg aws.Config) *EC2 {
	c := ec2.NewFromConfig(cfg)
	return &EC2{
		describeSpotPriceHistory: c.DescribeSpotPriceHistory,
	}
}

// DescribeSpotPriceHistory reads the prices of Spot instances.
func (e *EC2) DescribeSpotPriceHistory(
	ctx context.Context, in *ec2.DescribeSpotPriceHistoryInput, o ...func(*ec2.Options),
) (*ec2.DescribeSpotPriceHistoryOutput, error) {
	return e.describeSpotPriceHistory(ctx, in, o...)
}
