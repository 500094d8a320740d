package fault

import (
	"errors"
	"net/http"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// code is what an error code of AWS proves. For codes that a service's model does
// not list, the SDK does not say whose fault the error is.
type code struct {
	name     Name // "" = Internal
	rejected bool // the call had no effect
	passing  bool // a retry may succeed
}

var (
	throttled = code{name: Throttled, rejected: true, passing: true}
	denied    = code{name: Permission, rejected: true}
	invalid   = code{name: InvalidInput, rejected: true}
	limited   = code{name: Limit, rejected: true}
	refused   = code{rejected: true}
	expired   = code{rejected: true, passing: true}
	failed    = code{passing: true}
)

// codes are the error codes that many services have in common, and those of
// services that ephemr calls.
// Source: "Common Error Types" of each service's API reference; Amazon S3 and
// Amazon EC2 API references, "Error codes".
var codes = map[string]code{
	"ThrottlingException":                    throttled,
	"Throttling":                             throttled,
	"ThrottledException":                     throttled,
	"TooManyRequestsException":               throttled,
	"RequestLimitExceeded":                   throttled,
	"RequestThrottled":                       throttled,
	"RequestThrottledException":              throttled,
	"ProvisionedThroughputExceededException": throttled,
	"SlowDown":                               throttled,
	"ConditionalRequestConflict":             throttled, // S3: another conditional write of the object is under way

	"AccessDenied":                        denied,
	"AccessDeniedException":               denied,
	"AuthFailure":                         denied,
	"AuthorizationError":                  denied,
	"Forbidden":                           denied, // S3 HeadObject, which has no body
	"IncompleteSignature":                 denied,
	"IncompleteSignatureException":        denied,
	"InvalidAccessKeyId":                  denied,
	"InvalidClientTokenId":                denied,
	"InvalidSignatureException":           denied,
	"KMSAccessDenied":                     denied,
	"KMSAccessDeniedException":            denied,
	"KmsAccessDenied":                     denied,
	"MissingAuthenticationToken":          denied,
	"MissingAuthenticationTokenException": denied,
	"NotAuthorized":                       denied,
	"OptInRequired":                       denied,
	"SignatureDoesNotMatch":               denied,
	"UnauthorizedException":               denied,
	"UnauthorizedOperation":               denied,
	"UnrecognizedClientException":         denied,

	"InvalidRequestException": invalid,
	"ValidationException":     invalid,

	// AWS Glue, Data Catalog
	"AlreadyExistsException":               refused,
	"ConcurrentModificationException":      throttled,
	"EntityNotFoundException":              invalid,
	"GlueEncryptionException":              denied,
	"InvalidInputException":                invalid,
	"OperationTimeoutException":            failed,
	"ResourceNumberLimitExceededException": limited,

	"InvalidAction":               refused,
	"InvalidParameterValue":       refused,
	"MissingAction":               refused,
	"MissingParameter":            refused,
	"SerializationException":      refused,
	"UnknownOperationException":   refused,
	"ValidationError":             refused,
	"ExpiredToken":                expired,
	"ExpiredTokenException":       expired,
	"RequestExpired":              expired,
	"RequestTimeTooSkewed":        expired,
	"InternalError":               failed,
	"InternalFailure":             failed,
	"InternalServerError":         failed,
	"InternalServerException":     failed,
	"InternalServiceError":        failed,
	"InternalServiceException":    failed,
	"RequestTimeout":              failed,
	"RequestTimeoutException":     failed,
	"ServiceException":            failed,
	"ServiceUnavailable":          failed,
	"ServiceUnavailableException": failed,
}

func (c code) nameOr(other Name) Name {
	if c.name == "" {
		return other
	}
	return c.name
}

// IsRejected reports whether err proves that a call had no effect: AWS or our call
// budget rejected it. After any other error, such as a network error, a timeout or
// a fault of the service, the call may have succeeded.
func IsRejected(err error) bool {
	if NameOf(err) == Throttled {
		return true
	}
	api, ok := errors.AsType[smithy.APIError](err)
	if !ok {
		return false
	}
	known, ok := codes[api.ErrorCode()]
	if ok && (known.rejected || known.passing) {
		return known.rejected
	}
	return api.ErrorFault() == smithy.FaultClient || isClientStatus(err)
}

// isClientStatus reports whether the HTTP status of an answer says that the request
// was at fault.
func isClientStatus(err error) bool {
	r, ok := errors.AsType[*smithyhttp.ResponseError](err)
	if !ok || r.Response == nil {
		return false
	}
	status := r.HTTPStatusCode()
	return status >= http.StatusBadRequest && status < http.StatusInternalServerError && status != http.StatusRequestTimeout
}

// isServerStatus reports whether the HTTP status of an answer says that the service
// was at fault.
func isServerStatus(err error) bool {
	r, ok := errors.AsType[*smithyhttp.ResponseError](err)
	return ok && r.Response != nil && r.HTTPStatusCode() >= http.StatusInternalServerError
}
