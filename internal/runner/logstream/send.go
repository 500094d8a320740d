package logstream

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// run sends batches until the stream is closed and empty.
func (s *Stream) run() {
	defer close(s.done)
	ctx := s.send
	created := false
	tick := time.NewTicker(flushEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-s.kick:
		}
		s.show()
		batch, last := s.take()
		if len(batch) > 0 {
			if why := s.deliver(ctx, batch, &created); why != nil {
				s.giveUp(why.Error(), len(batch))
				return
			}
		}
		if last {
			return
		}
	}
}

// deliver sends one batch, with retries.
func (s *Stream) deliver(ctx context.Context, batch []types.InputLogEvent, created *bool) error {
	if s.smallOnly && long(batch) {
		return s.deliverSmall(ctx, batch, created)
	}
	s.postdate(batch)
	var t tries
	for {
		err := s.try(ctx, batch, created)
		switch {
		case err == nil:
			s.back()
			return nil
		case errCode(err) == "InvalidParameterException" && long(batch):
			s.smallOnly = true
			return s.deliverSmall(ctx, batch, created)
		case ctx.Err() != nil:
			return fmt.Errorf("time is up: %w", context.Cause(ctx))
		}
		if t.count(err, s.isClosed()); t.over(err) {
			return fmt.Errorf("gave up after %d tries: %w", t.all, err)
		}
		if t.all >= patience(err) {
			s.leave(err)
		}
		if errCode(err) == "ResourceNotFoundException" {
			*created = false // the stream was deleted
		}
		pause(ctx, backoff(t.all))
	}
}

// tries counts those of a batch that have failed.
type tries struct{ all, refused, closed int }

func (t *tries) count(err error, closed bool) {
	t.all++
	if refusal(err) {
		t.refused++
	}
	if closed {
		t.closed++
	}
}

// over reports whether to give up: when the service refuses the batch, or does not
// respond although nothing else is to be done.
func (t *tries) over(err error) bool {
	return t.refused >= refusedTries || t.closed >= transientTries && t.all >= patience(err)
}

// postdate dates a batch after the one before it, by a millisecond where both
// are of the same: what a stream has of that time on is then of this batch.
func (s *Stream) postdate(batch []types.InputLogEvent) {
	for i, e := range batch {
		if stamp := s.sent + 1; *e.Timestamp < stamp {
			batch[i].Timestamp = &stamp
		}
	}
}

// uncertain reports whether a batch may have been stored although the call
// failed: the request may have been sent, and the response was lost.
func uncertain(err error) bool {
	// The SDK gives calls without an answer a response as well, with status 0, and
	// an answer that breaks off after "200 OK" is an error, too.
	if answer, ok := errors.AsType[*smithyhttp.ResponseError](err); ok && answer.HTTPStatusCode() != 0 {
		return answer.HTTPStatusCode()/100 != http.StatusBadRequest/100
	}
	if _, ok := errors.AsType[smithy.APIError](err); ok {
		return false
	}
	call, ok := errors.AsType[*net.OpError](err)
	return !ok || call.Op != "dial"
}

// there reports whether a batch has been stored, which is all or nothing. If that
// is unknown it is sent again: a duplicate line is better than a missing one.
func (s *Stream) there(ctx context.Context, batch []types.InputLogEvent) bool {
	for range looks {
		pause(ctx, lookWait)
		if s.look(ctx, *batch[0].Timestamp) {
			return true
		}
	}
	return false
}

// look reports whether the stream has an event of that time or later.
func (s *Stream) look(ctx context.Context, since int64) bool {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	one := int32(1)
	out, err := s.api.GetLogEvents(ctx, &cloudwatchlogs.GetLogEventsInput{
		LogGroupName: &s.group, LogStreamName: &s.name, StartTime: &since, Limit: &one,
	})
	return err == nil && len(out.Events) > 0
}

func pause(ctx context.Context, d time.Duration) {
	wait := time.NewTimer(d)
	defer wait.Stop()
	select {
	case <-wait.C:
	case <-ctx.Done():
	}
}

// try sends one batch once.
func (s *Stream) try(ctx context.Context, batch []types.InputLogEvent, created *bool) error {
	err := s.call(ctx, batch, created)
	if err != nil && *created && uncertain(err) && s.there(ctx, batch) {
		err = nil
	}
	if err == nil {
		s.sent = *batch[len(batch)-1].Timestamp
	}
	return err
}

func (s *Stream) call(ctx context.Context, batch []types.InputLogEvent, created *bool) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	if !*created {
		_, err := s.api.CreateLogStream(ctx, &cloudwatchlogs.CreateLogStreamInput{LogGroupName: &s.group, LogStreamName: &s.name})
		if err != nil && errCode(err) != "ResourceAlreadyExistsException" {
			return err
		}
		*created = true
	}
	out, err := s.api.PutLogEvents(ctx, &cloudwatchlogs.PutLogEventsInput{LogGroupName: &s.group, LogStreamName: &s.name, LogEvents: batch})
	if err == nil && out.RejectedLogEventsInfo != nil {
		if !s.rejected {
			_, _ = fmt.Fprintf(s.notices, "ephemr: log stream %s of %s rejects events of this date; check the clock\n", s.name, s.group)
		}
		s.rejected = true
	}
	return err
}

// patience is how often a call that failed with err is repeated before the program
// is not held up any longer.
func patience(err error) int {
	switch errCode(err) {
	case "ThrottlingException", "Throttling", "TooManyRequestsException", "RequestLimitExceeded":
		return throttledTries
	}
	return transientTries
}

// refusal reports whether a retry rarely helps.
func refusal(err error) bool {
	if err == nil || patience(err) == throttledTries {
		return false
	}
	if api, ok := errors.AsType[smithy.APIError](err); ok && api.ErrorFault() == smithy.FaultClient {
		return true
	}
	switch errCode(err) {
	case "AccessDeniedException", "UnrecognizedClientException", "InvalidParameterException", "ResourceNotFoundException":
		return true
	}
	return false
}

// backoff is full jitter: anything between nothing and a doubling ceiling.
func backoff(try int) time.Duration {
	ceiling := min(firstWait<<min(try-1, 10), longestWait)
	return rand.N(ceiling + 1) //nolint:gosec // jitter is no secret
}

func errCode(err error) string {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return api.ErrorCode()
	}
	return ""
}
