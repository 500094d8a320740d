package logstream

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

// long reports whether an event is larger than the former limit of CloudWatch.
func long(batch []types.InputLogEvent) bool {
	for _, e := range batch {
		if len(*e.Message) > oldMaxMessage {
			return true
		}
	}
	return false
}

// deliverSmall sends a batch whose long events are cut, in as many batches as
// that makes.
func (s *Stream) deliverSmall(ctx context.Context, batch []types.InputLogEvent, created *bool) error {
	var part []types.InputLogEvent
	size := 0
	for _, e := range cut(batch) {
		n := len(*e.Message) + eventOverhead
		if size+n > maxBatchBytes || len(part) == maxBatchEvents {
			if err := s.deliver(ctx, part, created); err != nil {
				return err
			}
			part, size = nil, 0
		}
		part, size = append(part, e), size+n
	}
	return s.deliver(ctx, part, created)
}

// cut makes several events of each that is too long.
func cut(batch []types.InputLogEvent) (all []types.InputLogEvent) {
	for _, e := range batch {
		text := *e.Message
		for len(text) > oldMaxMessage {
			n := boundary([]byte(text[:oldMaxMessage]))
			piece := text[:n]
			all, text = append(all, types.InputLogEvent{Message: &piece, Timestamp: e.Timestamp}), text[n:]
		}
		all = append(all, types.InputLogEvent{Message: &text, Timestamp: e.Timestamp})
	}
	return all
}
