package bench

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"ephemr/internal/local/laptop"
	"ephemr/internal/proof/bench/binary"
	"ephemr/internal/proof/bench/trace"
)

// floor is the duration of an invocation of a warm function that does nothing:
// the emulator's share of every invocation.
func (r *region) floor(ctx context.Context) (Seconds, error) {
	code, err := binary.Zip(ctx, r.Root, filepath.Join(r.dir, "hello"), binary.Hello)
	if err != nil {
		return 0, err
	}
	client := lambda.NewFromConfig(r.Config())
	if _, err := client.CreateFunction(ctx, &lambda.CreateFunctionInput{
		FunctionName: new("ephemr-bench-hello"), Runtime: types.RuntimeProvidedal2023, Handler: new("bootstrap"),
		Role: new("arn:aws:iam::" + laptop.Account + ":role/ephemr-bench"), Code: &types.FunctionCode{ZipFile: code},
	}); err != nil {
		return 0, fmt.Errorf("create function: %w", err)
	}
	var took trace.Sample
	for i := range 21 {
		begun := time.Now()
		out, err := client.Invoke(ctx, &lambda.InvokeInput{FunctionName: new("ephemr-bench-hello")})
		if err != nil {
			return 0, fmt.Errorf("invoke function: %w", err)
		}
		if out.FunctionError != nil {
			return 0, fmt.Errorf("invoke function: %s: %s", *out.FunctionError, out.Payload)
		}
		if i > 0 { // the first one is not warm
			took = append(took, time.Since(begun))
		}
	}
	return Seconds(took.Median()), nil
}
