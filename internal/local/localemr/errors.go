package localemr

import (
	"errors"
	"fmt"
	"net/http"

	"ephemr/internal/local/emrmodel"
)

// apiError is an error of EMR's wire protocol.
type apiError struct {
	status  int
	code    string // the __type of the answer
	detail  string // ErrorCode, of InvalidRequestException only
	message string
}

func (e *apiError) Error() string { return e.code + ": " + e.message }

// validation is the error of the older operations, which have JobFlowIds.
func validation(format string, args ...any) error {
	return &apiError{status: http.StatusBadRequest, code: "ValidationException", message: fmt.Sprintf(format, args...)}
}

// invalid is the error of the newer operations, which have ClusterId.
func invalid(detail, format string, args ...any) error {
	return &apiError{
		status: http.StatusBadRequest, code: "InvalidRequestException",
		detail: detail, message: fmt.Sprintf(format, args...),
	}
}

// invalidated converts err to the error of the newer operations.
func invalidated(err error) error {
	if e, ok := errors.AsType[*apiError](err); ok {
		return invalid("", "%s", e.message)
	}
	return err
}

func throttled() error {
	return &apiError{status: http.StatusBadRequest, code: "ThrottlingException", message: "Rate exceeded"}
}

// internalFailure is a fault of EMR itself; the older operations have another code
// for it.
func internalFailure(operation string) error {
	return &apiError{
		status: http.StatusInternalServerError, code: emrmodel.Fault(operation),
		message: "An internal error occurred. Please retry your request.",
	}
}

// body is the JSON of the error; modelled errors and those of the serializer
// spell their members in their own way.
func (e *apiError) body() map[string]string {
	switch e.code {
	case "InvalidRequestException":
		return map[string]string{"__type": e.code, "ErrorCode": e.detail, "Message": e.message}
	case "SerializationException", "InternalServerException", "InternalServerError":
		return map[string]string{"__type": e.code, "Message": e.message}
	default:
		return map[string]string{"__type": e.code, "message": e.message}
	}
}

const (
	textUnknownJobFlow = "Specified job flow ID does not exist."
	textNotModifiable  = "A job flow that is shutting down, terminated, or finished may not be modified."
	textProtected      = "Could not shut down one or more job flows since they are termination protected."
	textTooManySteps   = "Maximum number of active steps(State = 'Running', 'Pending' or 'Cancel_Pending') for cluster exceeded."
)
