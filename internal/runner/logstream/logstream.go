// Package logstream copies the output of a program to a CloudWatch Logs
// stream while the program runs.
//
// A Stream takes bytes, cuts them into lines and sends those in batches, in
// order, at least twice a second. Of a line that does not end it sends the state. Memory is bounded: when CloudWatch is slower
// than the program, Write blocks and so, through its pipe, the program does.
// When CloudWatch keeps failing, Write stops to block. The Stream keeps up to two
// batches, drops what follows, and continues with a line about the gap when the
// service is back. When it is refused, it stops, reports that once, and discards
// the rest: a job never fails or hangs because of its logs.
//
// Nothing is lost while the service responds, and duplicates are avoided as far
// as possible: PutLogEvents has no idempotency token, so if a response is lost, the
// Stream reads whether the batch has arrived before it retries.
package logstream

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
)

// API is what a Stream needs of CloudWatch Logs. Use a client that does not
// retry: the Stream does.
type API interface {
	CreateLogStream(context.Context, *cloudwatchlogs.CreateLogStreamInput, ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.CreateLogStreamOutput, error)
	PutLogEvents(context.Context, *cloudwatchlogs.PutLogEventsInput, ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.PutLogEventsOutput, error)
	GetLogEvents(context.Context, *cloudwatchlogs.GetLogEventsInput, ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.GetLogEventsOutput, error)
}

// The limits of PutLogEvents. The limit of an event used to be 256 KiB; where it
// still is, larger events are rejected and then split.
// Source: Amazon CloudWatch Logs API Reference, "PutLogEvents".
const (
	maxBatchBytes  = 1_048_576
	maxBatchEvents = 10_000
	eventOverhead  = 26 // bytes that each event counts besides its message
	maxMessage     = 1<<20 - eventOverhead
	oldMaxMessage  = 256<<10 - eventOverhead
	maxBatchSpan   = 24 * time.Hour
)

const (
	flushEvery  = 500 * time.Millisecond
	showAfter   = 2 * time.Second // a line that has not ended is shown then, and again after changes
	callTimeout = 10 * time.Second
	firstWait   = 200 * time.Millisecond // doubled on each failure, with full jitter
	longestWait = 5 * time.Second

	// How often, and after what delay, a batch is searched for if the response was
	// lost: reads lag behind writes, usually by less than a second.
	looks    = 3
	lookWait = time.Second

	refusedTries = 3 // until the stream gives up; roles and groups may be seconds old

	// Tries of one batch until the program is not held up any longer.
	transientTries = 10 // about 15 s on average
	throttledTries = 40 // about 90 s on average
)
