package stage_test

import (
	"strings"
	"testing"

	"ephemr/internal/stage"
)

// Addresses of lineage are complete, encrypted and without secrets.
func TestLineage(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		lineage stage.Lineage
		want    string // "" = valid
	}{
		"none":      {},
		"server":    {lineage: stage.Lineage{SparkURL: "https://marquez.example.com:5000/api"}},
		"domain":    {lineage: stage.Lineage{SparkDomain: "dzd_4x6fhkz9example"}},
		"both":      {lineage: stage.Lineage{SparkURL: "https://x", SparkDomain: "dzd_1"}, want: "not both"},
		"http":      {lineage: stage.Lineage{HTTP: stage.LineageHTTP{URL: "https://m.example.com/api/v1/lineage", Secret: "ephemr/marquez"}, SparkURL: "https://x"}},
		"no key":    {lineage: stage.Lineage{HTTP: stage.LineageHTTP{URL: "https://m.example.com/api/v1/lineage"}}},
		"http url":  {lineage: stage.Lineage{HTTP: stage.LineageHTTP{URL: "http://m.example.com"}}, want: "lineage.http.url"},
		"no url":    {lineage: stage.Lineage{HTTP: stage.LineageHTTP{Secret: "a"}}, want: "lineage.http.url"},
		"a query":   {lineage: stage.Lineage{HTTP: stage.LineageHTTP{URL: "https://x?api_key=1"}}, want: "lineage.http.url"},
		"a secret":  {lineage: stage.Lineage{HTTP: stage.LineageHTTP{URL: "https://x", Secret: "a key"}}, want: "lineage.http.secret"},
		"plain":     {lineage: stage.Lineage{SparkURL: "http://x"}, want: "lineage.sparkUrl"},
		"user":      {lineage: stage.Lineage{SparkURL: "https://a@x"}, want: "without user"},
		"key":       {lineage: stage.Lineage{SparkURL: "https://x?key=1"}, want: "without user"},
		"no host":   {lineage: stage.Lineage{SparkURL: "https://"}, want: "lineage.sparkUrl"},
		"no id":     {lineage: stage.Lineage{Domain: "my domain"}, want: "lineage.domain"},
		"two":       {lineage: stage.Lineage{Domain: "dzd_4x6fhkz9example", HTTP: stage.LineageHTTP{URL: "https://m.example.com"}}, want: "use http or domain"},
		"no domain": {lineage: stage.Lineage{SparkDomain: "my domain"}, want: "lineage.sparkDomain"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := tt.lineage.Validate()
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v", err)
			}
		})
	}
}
