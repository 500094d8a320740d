package awsfake

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/datazone"
	"github.com/aws/aws-sdk-go-v2/service/datazone/types"
)

// DataZone has domains that take lineage events.
type DataZone struct {
	Control

	mu     sync.Mutex
	events map[string][]string // by domain, in order
	tokens map[string]string   // domain and token -> event
}

// NewDataZone returns one with these domains.
func NewDataZone(domains ...string) *DataZone {
	f := &DataZone{Control: newControl("DataZone"), events: map[string][]string{}, tokens: map[string]string{}}
	for _, d := range domains {
		f.events[d] = nil
	}
	return f
}

// Events returns the events of a domain, in order.
func (f *DataZone) Events(domain string) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.events[domain])
}

// maxLineageEvent is the length of an event that DataZone takes.
const maxLineageEvent = 300_000

// PostLineageEvent adds an event; one with the same token is the same.
func (f *DataZone) PostLineageEvent(ctx context.Context, in *datazone.PostLineageEventInput, _ ...func(*datazone.Options)) (*datazone.PostLineageEventOutput, error) {
	return call(ctx, &f.Control, "PostLineageEvent", func() (*datazone.PostLineageEventOutput, error) {
		f.mu.Lock()
		defer f.mu.Unlock()
		domain, token := aws.ToString(in.DomainIdentifier), aws.ToString(in.ClientToken)
		_, known := f.events[domain]
		switch {
		case !known:
			return nil, &types.ResourceNotFoundException{Message: new("Domain " + domain + " not found")}
		case len(token) < 1 || len(token) > 128:
			return nil, &types.ValidationException{Message: new("clientToken must have 1 to 128 characters")}
		case len(in.Event) > maxLineageEvent || !json.Valid(in.Event):
			return nil, &types.ValidationException{Message: new(fmt.Sprintf("event of %d bytes is not valid", len(in.Event)))}
		}
		key := domain + " " + token
		before, again := f.tokens[key]
		switch {
		case again && before != string(in.Event):
			return nil, &types.ConflictException{Message: new("clientToken was used for another event")}
		case !again:
			f.tokens[key], f.events[domain] = string(in.Event), append(f.events[domain], string(in.Event))
		}
		return &datazone.PostLineageEventOutput{DomainId: &domain, Id: new("event")}, nil
	})
}
