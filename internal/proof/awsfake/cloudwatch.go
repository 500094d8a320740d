package awsfake

import (
	"context"
	"slices"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// CloudWatch is an in-memory CloudWatch that stores metric data.
type CloudWatch struct {
	Control

	mu   sync.Mutex
	data map[string][]types.MetricDatum // by namespace
}

// NewCloudWatch returns a CloudWatch without data.
func NewCloudWatch() *CloudWatch {
	return &CloudWatch{Control: newControl("CloudWatch"), data: map[string][]types.MetricDatum{}}
}

// Data returns the metric data of a namespace.
func (f *CloudWatch) Data(namespace string) []types.MetricDatum {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.data[namespace])
}

// PutMetricData stores up to 1,000 data.
func (f *CloudWatch) PutMetricData(ctx context.Context, in *cloudwatch.PutMetricDataInput, _ ...func(*cloudwatch.Options)) (*cloudwatch.PutMetricDataOutput, error) {
	return call(ctx, &f.Control, "PutMetricData", func() (*cloudwatch.PutMetricDataOutput, error) {
		f.mu.Lock()
		defer f.mu.Unlock()
		if n := len(in.MetricData); aws.ToString(in.Namespace) == "" || n < 1 || n > 1000 {
			return nil, &types.InvalidParameterValueException{Message: aws.String("The parameter MetricData must have 1 to 1000 members.")}
		}
		f.data[*in.Namespace] = append(f.data[*in.Namespace], in.MetricData...)
		return &cloudwatch.PutMetricDataOutput{}, nil
	})
}
