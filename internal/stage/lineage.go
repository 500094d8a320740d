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
// contain it, without an address it is not used, and where ephemr sends its own, beside S3.
type Lineage struct {
	HTTP   LineageHTTP `json:"http,omitzero" yaml:"http"`
	Domain string      `json:"domain,omitempty" yaml:"domain"` // of Amazon DataZone or SageMaker Catalog

	SparkURL    string `json:"sparkUrl,omitempty" yaml:"sparkUrl"`       // of a server such as Marquez
	SparkDomain string `json:"sparkDomain,omitempty" yaml:"sparkDomain"` // of Amazon DataZone or SageMaker Catalog
}

// LineageHTTP is a server that takes OpenLineage events, one with each POST.
type LineageHTTP struct {
	URL    string `json:"url,omitempty" yaml:"url"`       // complete; "" = events are in S3 only
	Secret string `json:"secret,omitempty" yaml:"secret"` // name of the secret in Secrets Manager with the key that is sent as bearer token; "" = none
}

// OpenLineage is the destination of lineage events in the outbox.
const OpenLineage = "openlineage"

var secretName = regexp.MustCompile(`^[A-Za-z0-9/_+=.@-]{1,512}$`)

func (h LineageHTTP) validate() error {
	var errs []error
	if (h != LineageHTTP{}) && !plain(h.URL) {
		errs = append(errs, fmt.Errorf("lineage.http.url %q must be an address like https://marquez.example.com/api/v1/lineage, without user, password and query", h.URL))
	}
	if h.Secret != "" && !secretName.MatchString(h.Secret) {
		errs = append(errs, fmt.Errorf("lineage.http.secret %q must be the name of a secret in Secrets Manager, like ephemr/marquez", h.Secret))
	}
	return errors.Join(errs...)
}

var domainID = regexp.MustCompile(`^dzd[-_][A-Za-z0-9_-]{1,36}$`)

// Validate checks the addresses. An address must not have a user or a password: it is in the
// arguments of spark-submit.
func (l Lineage) Validate() error {
	var errs []error
	if l.SparkURL != "" && !plain(l.SparkURL) {
		errs = append(errs, fmt.Errorf("lineage.sparkUrl %q must be an address like https://marquez.example.com, without user, password and query", l.SparkURL))
	}
	if l.SparkDomain != "" && !domainID.MatchString(l.SparkDomain) {
		errs = append(errs, fmt.Errorf("lineage.sparkDomain %q must be the id of a domain, like dzd_4x6fhkz9example", l.SparkDomain))
	}
	if l.Domain != "" && !domainID.MatchString(l.Domain) {
		errs = append(errs, fmt.Errorf("lineage.domain %q must be the id of a domain, like dzd_4x6fhkz9example", l.Domain))
	}
	if l.Domain != "" && (l.HTTP != LineageHTTP{}) {
		errs = append(errs, errors.New("lineage: use http or domain, not both"))
	}
	if l.SparkURL != "" && l.SparkDomain != "" {
		errs = append(errs, errors.New("lineage: use sparkUrl or sparkDomain, not both"))
	}
	return errors.Join(append(errs, l.HTTP.validate())...)
}

// Sends reports whether events are sent to a catalog.
func (l Lineage) Sends() bool { return l.HTTP.URL != "" || l.Domain != "" }

// plain reports whether text is an address without anything that may be secret.
func plain(text string) bool {
	u, err := url.Parse(text)
	return err == nil && u.Scheme == "https" && u.Host != "" && u.User == nil && u.RawQuery == "" && u.Fragment == ""
}
