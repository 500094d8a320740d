package fault

import (
	"errors"
	"io"
	"net"

	"github.com/aws/smithy-go"
)

// Transient reports whether a retry may succeed: err is throttling, a fault of an
// AWS service or a network error.
func Transient(err error) bool {
	if NameOf(err) == Throttled {
		return true
	}
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return codes[api.ErrorCode()].passing || api.ErrorFault() == smithy.FaultServer || isServerStatus(err)
	}
	if n, ok := errors.AsType[net.Error](err); ok {
		return n.Timeout() || !unknownHost(n)
	}
	return errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF)
}

func unknownHost(err error) bool {
	d, ok := errors.AsType[*net.DNSError](err)
	return ok && d.IsNotFound
}
