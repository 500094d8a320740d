package awsapi_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"ephemr/internal/awsapi"
)

// noNetwork fails every request that goes out.
type noNetwork struct{}

var errSent = errors.New("the request was sent")

func (noNetwork) Do(*http.Request) (*http.Response, error) { return nil, errSent }

// A name that AWS refuses does not reach an emulator that accepts it.
func TestExecutionNamesAreChecked(t *testing.T) {
	t.Parallel()
	c := awsapi.NewSFN(aws.Config{Region: "us-east-1", HTTPClient: noNetwork{}, RetryMaxAttempts: 1})
	for name, refused := range map[string]bool{
		"a-1.2": false, strings.Repeat("n", 80): false,
		"": true, strings.Repeat("n", 81): true, "a b": true, "a#b": true, "a:b": true, "a\tb": true, "a\x7f": true, "\xff": true,
	} {
		_, err := c.StartExecution(t.Context(), &sfn.StartExecutionInput{StateMachineArn: aws.String("arn"), Name: &name})
		if _, invalid := errors.AsType[*types.InvalidName](err); invalid != refused {
			t.Errorf("name %q: %v, want refused: %t", name, err, refused)
		}
	}
}
