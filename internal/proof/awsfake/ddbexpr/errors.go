package ddbexpr

import (
	"fmt"

	"github.com/aws/smithy-go"
)

// Invalid returns the ValidationException that DynamoDB answers to a request
// that can never succeed; its message is AWS's.
func Invalid(format string, args ...any) error {
	return &smithy.GenericAPIError{
		Code:    "ValidationException",
		Message: fmt.Sprintf(format, args...),
	}
}
