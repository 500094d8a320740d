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
		"plain":     {lineage: stage.Lineage{SparkURL: "http://x"}, want: "lineage.sparkUrl"},
		"password":  {lineage: stage.Lineage{SparkURL: "https://a:b@x"}, want: "without user"},
		"key":       {lineage: stage.Lineage{SparkURL: "https://x?key=1"}, want: "without user"},
		"no host":   {lineage: stage.Lineage{SparkURL: "https://"}, want: "lineage.sparkUrl"},
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
