package localemr

import (
	"errors"
	"net/http"

	"ephemr/internal/local/emrmodel"
)

// supportPage is where a refused call finds what localemr supports.
const supportPage = "docs/local.md"

// checkRequest refuses what EMR's front end refuses, before a cluster is looked at.
func checkRequest(name string, body []byte) error {
	err := emrmodel.Check(name, body)
	if e, ok := errors.AsType[*emrmodel.SerializationError](err); ok {
		return serialization(e.Text)
	}
	if e, ok := errors.AsType[*emrmodel.UnknownMemberError](err); ok {
		return validation("Unsupported parameter: %s is not a parameter of %s. Amazon EMR would ignore it; localemr refuses it.", e.Path, name)
	}
	if err != nil {
		return validation("%s", err)
	}
	return nil
}

func serialization(text string) error {
	return &apiError{status: http.StatusBadRequest, code: "SerializationException", message: text}
}

// unsupported refuses a parameter of EMR that localemr does not implement.
func unsupported(parameter string) error {
	return validation("Unsupported parameter: localemr does not support the parameter %s of Amazon EMR. See %s.", parameter, supportPage)
}

// unknownOperation refuses an operation by its name in the request's target.
func unknownOperation(name string) error {
	text := "localemr does not know " + name + ": Amazon EMR has no such operation."
	switch {
	case name == "":
		text = "localemr needs the header X-Amz-Target: it names the operation of Amazon EMR."
	case emrmodel.Has(name):
		text = "localemr does not support the operation " + name + " of Amazon EMR."
	}
	return &apiError{
		status: http.StatusBadRequest, code: "UnknownOperationException",
		message: text + " The supported operations are listed in " + supportPage + ".",
	}
}
