package laptop

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// Config is the AWS configuration of clients of the region; of EMR's as well,
// with Region.EMR as BaseEndpoint. Nothing of the environment gets into it.
func (r *Region) Config() aws.Config {
	return aws.Config{
		Region:       Name,
		BaseEndpoint: &r.Endpoint,
		Credentials:  credentials.NewStaticCredentialsProvider(Account, "test", ""),
	}
}
