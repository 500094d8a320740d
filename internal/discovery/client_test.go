package discovery_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sd "github.com/aws/aws-sdk-go-v2/service/servicediscovery"

	"ephemr/internal/discovery"
)

type transport func(*http.Request) (*http.Response, error)

func (t transport) Do(r *http.Request) (*http.Response, error) { return t(r) }

// A configured endpoint has no subdomain "data-"; AWS's has.
func TestHostOfDiscoverInstances(t *testing.T) {
	t.Parallel()
	for endpoint, want := range map[string]string{
		"http://127.0.0.1:4566": "127.0.0.1:4566",
		"":                      "data-servicediscovery.eu-west-1.amazonaws.com",
	} {
		var host string
		cfg := aws.Config{
			Region: "eu-west-1", Credentials: credentials.NewStaticCredentialsProvider("a", "b", ""),
			Retryer: func() aws.Retryer { return aws.NopRetryer{} },
			HTTPClient: transport(func(r *http.Request) (*http.Response, error) {
				host = r.URL.Host
				return nil, errors.New("far enough")
			}),
		}
		if endpoint != "" {
			cfg.BaseEndpoint = &endpoint
		}
		_, err := discovery.NewClient(cfg).DiscoverInstances(t.Context(), &sd.DiscoverInstancesInput{NamespaceName: new("n"), ServiceName: new("s")})
		if host != want || err == nil || !strings.Contains(err.Error(), "far enough") {
			t.Errorf("endpoint %q: asked %s, want %s; %v", endpoint, host, want, err)
		}
	}
}
