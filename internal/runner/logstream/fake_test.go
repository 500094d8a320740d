package logstream_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/smithy-go"

	"ephemr/internal/runner/logstream"
)

var (
	_ logstream.API = (*service)(nil)
	_ logstream.API = (*cloudwatchlogs.Client)(nil)
)

// service is a CloudWatch Logs that is strict about its documented limits.
type service struct {
	t        *testing.T
	mu       sync.Mutex
	created  int
	calls    int
	messages []string
	stamps   []time.Time     // when each PutLogEvents was accepted
	create   func() error    // nil = fine
	put      func(int) error // by number of the call, from 1; nil = fine
	most     int             // bytes of an event; 0 = 1 MiB
	reject   bool            // events are taken and thrown away
	lost     func(int) error // by number of the call: it is taken, and answered so
	gets     int             // calls of GetLogEvents
	get      error           // how they end, nil = fine
	lag      time.Duration   // after which reads see what was written
	newest   int64           // timestamp of the newest event
	visible  time.Time       // when that can be read
	again    bool            // a batch may come twice
}

func (s *service) CreateLogStream(context.Context, *cloudwatchlogs.CreateLogStreamInput, ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.CreateLogStreamOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.create != nil {
		return nil, s.create()
	}
	if s.created++; s.created > 1 {
		return nil, &types.ResourceAlreadyExistsException{}
	}
	return &cloudwatchlogs.CreateLogStreamOutput{}, nil
}

func (s *service) PutLogEvents(_ context.Context, in *cloudwatchlogs.PutLogEventsInput, _ ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.PutLogEventsOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	if s.created == 0 {
		return nil, &types.ResourceNotFoundException{}
	}
	if s.put != nil {
		if err := s.put(s.calls); err != nil {
			return nil, err
		}
	}
	if slices.ContainsFunc(in.LogEvents, func(e types.InputLogEvent) bool { return s.most > 0 && len(*e.Message)+26 > s.most }) {
		return nil, &types.InvalidParameterException{}
	}
	if err := check(in.LogEvents); err != nil {
		s.t.Error(err)
		return nil, &types.InvalidParameterException{}
	}
	if s.reject {
		return &cloudwatchlogs.PutLogEventsOutput{RejectedLogEventsInfo: &types.RejectedLogEventsInfo{}}, nil
	}
	s.keep(in.LogEvents)
	if s.lost != nil {
		if err := s.lost(s.calls); err != nil {
			return nil, err
		}
	}
	return &cloudwatchlogs.PutLogEventsOutput{}, nil
}

func (s *service) keep(batch []types.InputLogEvent) {
	for _, e := range batch {
		s.messages = append(s.messages, *e.Message)
	}
	if first := *batch[0].Timestamp; first <= s.newest && !s.again {
		s.t.Errorf("a batch begins at %d, and one before it ended at %d", first, s.newest)
	}
	s.newest, s.visible = *batch[len(batch)-1].Timestamp, time.Now().Add(s.lag)
	s.stamps = append(s.stamps, time.Now())
}

// GetLogEvents answers as far as a Stream asks: is there anything since then?
func (s *service) GetLogEvents(_ context.Context, in *cloudwatchlogs.GetLogEventsInput, _ ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.GetLogEventsOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gets++
	out := &cloudwatchlogs.GetLogEventsOutput{}
	if s.newest >= *in.StartTime && !time.Now().Before(s.visible) {
		out.Events = []types.OutputLogEvent{{Timestamp: &s.newest}}
	}
	return out, s.get
}

// check holds a batch against the limits of PutLogEvents.
func check(events []types.InputLogEvent) error {
	if n := len(events); n == 0 || n > 10_000 {
		return fmt.Errorf("%d events in a batch", n)
	}
	size, last := 0, *events[0].Timestamp
	for _, e := range events {
		size += len(*e.Message) + 26
		switch {
		case *e.Message == "":
			return errors.New("empty message")
		case len(*e.Message)+26 > 1<<20:
			return fmt.Errorf("message of %d bytes", len(*e.Message))
		case !utf8.ValidString(*e.Message):
			return fmt.Errorf("message is not UTF-8: %.40q", *e.Message)
		case *e.Timestamp < last:
			return errors.New("events are not in chronological order")
		}
		last = *e.Timestamp
	}
	if size > 1_048_576 {
		return fmt.Errorf("batch of %d bytes", size)
	}
	if span := last - *events[0].Timestamp; span >= (24 * time.Hour).Milliseconds() {
		return fmt.Errorf("batch spans %d ms", span)
	}
	return nil
}

func apiError(code string) error { return &smithy.GenericAPIError{Code: code, Message: "no"} }
