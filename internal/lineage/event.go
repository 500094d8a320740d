package lineage

import (
	"bytes"
	"encoding/json"
	"time"
)

// Event is an OpenLineage RunEvent.
type Event struct {
	EventTime time.Time `json:"eventTime"`
	EventType Type      `json:"eventType"`
	Run       Run       `json:"run"`
	Job       Job       `json:"job"`
	Inputs    []Input   `json:"inputs"`
	Outputs   []Output  `json:"outputs"`
	Producer  string    `json:"producer"`
	SchemaURL string    `json:"schemaURL"`
}

// Type is a transition of a run in OpenLineage.
type Type string

// The types of events that are written: each run has a START and one of the others.
const (
	Start    Type = "START"
	Complete Type = "COMPLETE"
	Fail     Type = "FAIL"
	Abort    Type = "ABORT"
)

// Run is a run in OpenLineage: an execution of a pipeline, or an attempt of a job.
type Run struct {
	RunID  string `json:"runId"`
	Facets facets `json:"facets"`
}

// Job is a job in OpenLineage: a pipeline, or a job of it.
type Job struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	Facets    facets `json:"facets"`
}

// Input is a dataset that was read.
type Input struct {
	Name

	Facets      facets `json:"facets,omitempty"`
	InputFacets facets `json:"inputFacets,omitempty"`
}

// Output is a dataset that was written.
type Output struct {
	Name

	Facets       facets `json:"facets,omitempty"`
	OutputFacets facets `json:"outputFacets,omitempty"`
}

// facets are by their names in OpenLineage. encoding/json sorts them, so that the same record
// gives the same bytes.
type facets map[string]facet

type facet map[string]any

const (
	producer = "urn:ephemr:lineage"
	spec     = "https://openlineage.io/spec/"
	core     = spec + "2-0-2/OpenLineage.json#/$defs/"
)

// schemas are the versions of the facets, each with the schema's name in its file.
var schemas = map[string]string{
	"parent":                "facets/1-2-0/ParentRunFacet.json#/$defs/ParentRunFacet",
	"nominalTime":           "facets/1-0-1/NominalTimeRunFacet.json#/$defs/NominalTimeRunFacet",
	"errorMessage":          "facets/1-0-1/ErrorMessageRunFacet.json#/$defs/ErrorMessageRunFacet",
	"processing_engine":     "facets/1-1-1/ProcessingEngineRunFacet.json#/$defs/ProcessingEngineRunFacet",
	"ephemr":                "2-0-2/OpenLineage.json#/$defs/RunFacet", // of our own, without a schema
	"jobType":               "facets/2-0-4/JobTypeJobFacet.json#/$defs/JobTypeJobFacet",
	"ownership":             "facets/1-0-1/OwnershipJobFacet.json#/$defs/OwnershipJobFacet",
	"documentation":         "facets/1-1-0/DocumentationJobFacet.json#/$defs/DocumentationJobFacet",
	"sourceCodeLocation":    "facets/1-1-0/SourceCodeLocationJobFacet.json#/$defs/SourceCodeLocationJobFacet",
	"schema":                "facets/1-2-0/SchemaDatasetFacet.json#/$defs/SchemaDatasetFacet",
	"subset":                "facets/1-0-0/BaseSubsetDatasetFacet.json#/$defs/InputSubsetInputDatasetFacet",
	"inputStatistics":       "facets/1-0-0/InputStatisticsInputDatasetFacet.json#/$defs/InputStatisticsInputDatasetFacet",
	"dataQualityAssertions": "facets/1-1-0/DataQualityAssertionsDatasetFacet.json#/$defs/DataQualityAssertionsDatasetFacet",
	"outputStatistics":      "facets/1-0-2/OutputStatisticsOutputDatasetFacet.json#/$defs/OutputStatisticsOutputDatasetFacet",
}

// set adds a facet.
func (f facets) set(name string, fields facet) {
	fields["_producer"], fields["_schemaURL"] = producer, spec+schemas[name]
	f[name] = fields
}

// JSON encodes e in one line.
func (e Event) JSON() ([]byte, error) {
	var body bytes.Buffer
	enc := json.NewEncoder(&body)
	enc.SetEscapeHTML(false)
	err := enc.Encode(e)
	return body.Bytes(), err
}

// stamp is a time as events have it: in UTC, to the millisecond.
func stamp(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }
