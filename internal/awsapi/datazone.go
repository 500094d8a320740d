package awsapi

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/datazone"
)

// DataZone takes lineage events.
type DataZone struct {
	post Operation[datazone.PostLineageEventInput, datazone.PostLineageEventOutput, datazone.Options]
}

// NewDataZone returns a client of cfg.
func NewDataZone(cfg aws.Config) *DataZone {
	return &DataZone{post: datazone.NewFromConfig(cfg).PostLineageEvent}
}

// PostLineageEvent adds an event to a domain.
func (d *DataZone) PostLineageEvent(ctx context.Context, in *datazone.PostLineageEventInput, o ...func(*datazone.Options)) (*datazone.PostLineageEventOutput, error) {
	return d.post(ctx, in, o...)
}
