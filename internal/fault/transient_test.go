package fault_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"

	"github.com/aws/smithy-go"

	"ephemr/internal/fault"
)

func TestTransient(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err  error
		want bool
	}{
		{&smithy.GenericAPIError{Code: "TooManyRequestsException"}, true},
		{&smithy.GenericAPIError{Code: "InternalServerException"}, true},
		{&smithy.GenericAPIError{Code: "AccessDeniedException"}, false},
		{fmt.Errorf("look: %w", &net.OpError{Op: "dial", Err: errors.New("refused")}), true},
		{&net.DNSError{IsNotFound: true}, false},
		{io.ErrUnexpectedEOF, true},
		{context.Canceled, false},
		{errors.New("boom"), false},
	} {
		if got := fault.Transient(c.err); got != c.want {
			t.Errorf("%v: %t", c.err, got)
		}
	}
}
