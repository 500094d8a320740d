// Package emrmodel knows the operations and requests of Amazon EMR's API, and
// refuses what EMR's front end refuses before it looks at an account: wrong types,
// missing parameters, values outside an enum, lengths.
//
// The model is made from botocore's (scripts/emrmodel/model.py), the texts are those of
// AWS's services with this protocol.
package emrmodel

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sync"
)

//go:generate go test -run TestModelIsCurrent . -update

//go:embed zz_generated.model.json
var source []byte

type model struct {
	Operations map[string]operation
	Shapes     map[string]shape
}

type operation struct {
	Input string // name of the shape
	Fault string // error code of EMR's own faults
}

// shape is a structure, list, map or scalar of a request.
type shape struct {
	Type     string
	Members  map[string]string // of a structure: names of shapes
	Required []string
	Member   string // of a list
	Value    string // of a map
	Enum     []string
	Min, Max *float64 // of a number, or of the length of a string
	Pattern  string   // that of XML's characters, or none
}

var load = sync.OnceValue(func() model {
	var m model
	if err := json.Unmarshal(source, &m); err != nil {
		panic(fmt.Sprintf("read the model of EMR: %v", err)) // committed beside this file
	}
	return m
})

// Operations returns the names of all operations of EMR, sorted.
func Operations() []string { return slices.Sorted(maps.Keys(load().Operations)) }

// Has says whether EMR has an operation.
func Has(name string) bool { return load().Operations[name].Input != "" }

// Fault returns the error code of an operation that fails by EMR's own fault.
func Fault(name string) string { return load().Operations[name].Fault }

// Enum returns the values of an enum, by the name of its shape.
func Enum(name string) []string { return load().Shapes[name].Enum }
