package expectation

import (
	"reflect"
	"regexp"
	"strings"

	"ephemr/internal/job"
)

var wholeNumber = regexp.MustCompile(`^\d{1,9}$`)

// query finds the mistakes of a check that a query decides, which is the only expectation
// of its check.
func (f *finder) query() {
	c := f.check
	if c.Dataset != "" {
		f.address(c.Dataset, "dataset")
	} else if c.Partition != "" {
		f.add(at("partition"), "the partition is of a dataset; add the dataset that the query is about, or remove it")
	}
	f.oneOf("severity", c.Severity, []string{job.SeverityFail, job.SeverityWarn})
	f.try(at("partition"), c.Partition, validPartition)
	if c.AtMost != "" && !wholeNumber.MatchString(c.AtMost) {
		f.add(at("atMost"), "invalid number of rows %q: the rows of a query are not a share of others; use a whole number (example: 10)", c.AtMost)
	}
	c.SQL, c.Name, c.Dataset, c.Partition, c.AtMost, c.Severity = "", "", "", "", "", ""
	v := reflect.ValueOf(c)
	for i := range v.NumField() {
		if name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ","); !v.Field(i).IsZero() {
			f.add(at(name), "sql decides alone; move %s to another check", name)
		}
	}
}
