package discovery

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	sd "github.com/aws/aws-sdk-go-v2/service/servicediscovery"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// NewClient returns a client of Cloud Map. The SDK prefixes the host of
// DiscoverInstances with "data-"; a configured endpoint has no such host.
func NewClient(cfg aws.Config) *sd.Client {
	return sd.NewFromConfig(cfg, func(o *sd.Options) {
		if o.BaseEndpoint != nil {
			o.APIOptions = append(o.APIOptions, plainHost)
		}
	})
}

func plainHost(stack *middleware.Stack) error {
	return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("PlainHost", func(
		ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler,
	) (middleware.InitializeOutput, middleware.Metadata, error) {
		return next.HandleInitialize(smithyhttp.DisableEndpointHostPrefix(ctx, true), in)
	}), middleware.Before)
}
