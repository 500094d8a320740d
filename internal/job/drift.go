package job

import "reflect"

// Drift compares the statistics of a dataset with those after earlier runs of the pipeline.
type Drift struct {
	Rows    string `json:"rows,omitempty"`                                      // how far the rows may be from the median, e.g. 30%
	Nulls   string `json:"nulls,omitempty"`                                     // how far the share of nulls of each column may be from the median, e.g. 5pp
	Against int    `json:"against,omitempty" jsonschema:"minimum=3,maximum=60"` // the median is of so many runs; default 8
}

// DefaultAgainst is Drift.Against where a check has none.
const DefaultAgainst = 8

// OnlyDrift reports whether drift is all that c expects: nothing is left to read for the
// runner.
func (c Check) OnlyDrift() bool {
	if c.Drift == nil {
		return false
	}
	c.Dataset, c.Partition, c.Severity, c.Drift = "", "", "", nil
	return reflect.ValueOf(c).IsZero()
}
