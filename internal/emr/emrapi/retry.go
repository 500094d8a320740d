package emrapi

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/emr"

	"ephemr/internal/fault"
)

// thrifty makes the SDK pay for its own retries and leave those of throttled
// calls to the state machine, which waits outside of the Lambda.
func thrifty(pay func(context.Context) error) func(*emr.Options) {
	return func(o *emr.Options) {
		if r, ok := o.Retryer.(aws.RetryerV2); ok {
			o.Retryer = retryer{RetryerV2: r, pay: pay}
		}
	}
}

type retryer struct {
	aws.RetryerV2

	pay func(context.Context) error
}

func (r retryer) IsErrorRetryable(err error) bool {
	return fault.NameOf(err) != fault.Throttled && r.RetryerV2.IsErrorRetryable(err)
}

func (r retryer) GetRetryToken(ctx context.Context, err error) (release func(error) error, _ error) {
	if err := r.pay(ctx); err != nil {
		return nil, err
	}
	return r.RetryerV2.GetRetryToken(ctx, err)
}
