package stage

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
)

// LineagePrefix is that of lineage events in LogsBucket.
const LineagePrefix = "lineage/"

// Lineage is where OpenLineage's listener for Spark sends its events on releases of EMR that
// contain it; without an address it is not used.
type Lineage struct {
	SparkURL    string `json:"sparkUrl,omitempty" yaml:"sparkUrl"`       // of a server such as Marquez
	SparkDomain string `json:"sparkDomain,omitempty" yaml:"sparkDomain"` // of Amazon DataZone or SageMaker Catalog
}

var domainID = regexp.MustCompile(`^dzd[-_][A-Za-z0-9_-]{1,36}$`)

// Validate checks the addresses. An address must not have a user or a password: it is in the
// arguments of spark-submit.
func (l Lineage) Validate() error {
	var errs []error
	if l.SparkURL != "" {
		u, err := url.Parse(l.SparkURL)
		if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
			errs = append(errs, fmt.Errorf("lineage.sparkUrl %q must be an address like https://marquez.example.com, without user, password and query", l.SparkURL))
		}
	}
	if l.SparkDomain != "" && !domainID.MatchString(l.SparkDomain) {
		errs = append(errs, fmt.Errorf("lineage.sparkDomain %q must be the id of a domain, like dzd_4x6fhkz9example", l.SparkDomain))
	}
	if l.SparkURL != "" && l.SparkDomain != "" {
		errs = append(errs, errors.New("lineage: use sparkUrl or sparkDomain, not both"))
	}
	return errors.Join(errs...)
}
