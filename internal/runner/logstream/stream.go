package logstream

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

// Stream is an io.Writer to one log stream. Write and Close may be called from
// different goroutines.
type Stream struct {
	api         API
	group, name string
	notices     io.Writer

	send    context.Context // of the sender, which outlives every call
	abandon context.CancelCauseFunc
	done    chan struct{} // closed when the sender has returned
	kick    chan struct{} // a batch is full, or there is no more to come

	smallOnly bool  // known to the sender: long events are refused
	rejected  bool  // events were accepted and discarded
	sent      int64 // timestamp of the last event that was delivered

	writing sync.Mutex // one Write at a time
	lines   splitter

	mu      sync.Mutex
	room    *sync.Cond
	pending []types.InputLogEvent
	bytes   int
	latest  int64 // timestamp of the last event
	closed  bool
	gaveUp  bool // further writes are discarded
	away    bool // CloudWatch does not respond: Write does not wait for it
	dropped int  // lines, since the last one that was queued
	cut     bool // lines were dropped
}

// Open starts a Stream to name in group; the first batch creates both.
// Failures are reported to notices, in one line.
func Open(api API, group, name string, notices io.Writer) *Stream {
	s := &Stream{
		api: api, group: group, name: name, notices: notices,
		done: make(chan struct{}), kick: make(chan struct{}, 1),
	}
	s.room = sync.NewCond(&s.mu)
	s.send, s.abandon = context.WithCancelCause(context.Background())
	go s.run()
	return s
}

// Write accepts all of p and never fails. It blocks while a full batch is pending.
func (s *Stream) Write(p []byte) (int, error) {
	s.writing.Lock()
	defer s.writing.Unlock()
	s.lines.split(p, s.add)
	return len(p), nil
}

// show queues the state of a line that does not end, unless a Write is under way.
func (s *Stream) show() {
	if s.writing.TryLock() {
		defer s.writing.Unlock()
		s.lines.state(time.Now(), func(text string) {
			s.mu.Lock()
			full := len(s.pending) > 0 && s.full(len(text))
			s.mu.Unlock()
			if !full { // add would wait for the sender, which is the caller
				s.add(text)
			}
		})
	}
}

// Close sends what is left, for as long as ctx allows, and ends the stream.
func (s *Stream) Close(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() { s.abandon(context.Cause(ctx)) })
	defer stop()
	s.writing.Lock()
	s.lines.finish(s.add)
	s.writing.Unlock()

	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.wake()
	<-s.done
	switch {
	case s.gaveUp:
		return fmt.Errorf("send logs to %s/%s: streaming stopped after repeated failures", s.group, s.name)
	case s.cut:
		return fmt.Errorf("send logs to %s/%s: lines were dropped while the service was not available", s.group, s.name)
	case s.rejected:
		return fmt.Errorf("send logs to %s/%s: some events were rejected", s.group, s.name)
	}
	return nil
}

// add queues one line, when there is room for it.
func (s *Stream) add(message string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for !s.gaveUp && !s.away && len(s.pending) > 0 && s.full(len(message)) {
		s.wake()
		s.room.Wait()
	}
	switch {
	case s.gaveUp || s.closed:
	case len(s.pending) > 0 && s.full(len(message)):
		s.dropped++
		s.cut = true
	default:
		s.queue(message)
	}
}

// queue adds an event. s.mu must be held.
func (s *Stream) queue(message string) {
	s.latest = max(s.latest, time.Now().UnixMilli()) // a clock set back must not break the order
	stamp := s.latest
	s.pending = append(s.pending, types.InputLogEvent{Message: &message, Timestamp: &stamp})
	s.bytes += len(message) + eventOverhead
}

// full reports whether one more message would not fit into the pending batch, or
// would follow lines that were dropped.
func (s *Stream) full(message int) bool {
	return s.dropped > 0 || len(s.pending) >= maxBatchEvents ||
		s.bytes+message+eventOverhead > maxBatchBytes ||
		time.UnixMilli(*s.pending[0].Timestamp).Before(time.Now().Add(-maxBatchSpan+time.Minute))
}

// take empties the queue, except for a line about those that were dropped. Last is
// true when nothing will follow.
func (s *Stream) take() (batch []types.InputLogEvent, last bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	batch, s.pending, s.bytes = s.pending, nil, 0
	s.gap()
	if len(s.pending) > 0 {
		s.wake()
	}
	s.room.Broadcast()
	return batch, s.closed && len(s.pending) == 0
}

// giveUp makes the stream discard further writes, and reports that.
func (s *Stream) giveUp(why string, lost int) {
	s.mu.Lock()
	s.gaveUp = true
	lost += len(s.pending)
	s.pending, s.bytes = nil, 0
	s.room.Broadcast()
	s.mu.Unlock()
	_, _ = fmt.Fprintf(s.notices, "ephemr: stop streaming to log stream %s of %s, %d lines or more are missing there: %s\n", s.name, s.group, lost, why)
}

func (s *Stream) wake() {
	select {
	case s.kick <- struct{}{}:
	default:
	}
}
