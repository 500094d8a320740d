// Package logstream copies the output of a program to a CloudWatch Logs
// stream while the program runs.
//
// A Stream takes bytes, cuts them into lines and sends those in batches, in
// order, at least twice a second. Memory is bounded: when CloudWatch is slower
// than the program, Write blocks and so, through its pipe, the program does.
// When CloudWatch keeps failing, the Stream gives up, says so once, and
// discards: a job never fails or hangs for its logs.
//
// Nothing is lost while the service answers, and nothing is doubled as far as
// can be known: PutLogEvents has no idempotency token, so where its answer was
// lost on the way the Stream reads whether the batch is there before it sends
// it again.
package logstream

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
)

// API is what a Stream needs of CloudWatch Logs. Give it a client that does
// not retry by itself: the Stream does, and it knows when to stop.
type API interface {
	CreateLogStream(context.Context, *cloudwatchlogs.CreateLogStreamInput, ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.CreateLogStreamOutput, error)
	PutLogEvents(context.Context, *cloudwatchlogs.PutLogEventsInput, ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.PutLogEventsOutput, error)
	GetLogEvents(context.Context, *cloudwatchlogs.GetLogEventsInput, ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.GetLogEventsOutput, error)
}

// The limits of PutLogEvents. An event could have 256 KiB for long; where that
// is so still, larger ones are refused and go in pieces.
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
	callTimeout = 10 * time.Second
	firstWait   = 200 * time.Millisecond // doubled on each failure, with full jitter
	longestWait = 5 * time.Second

	// How often a batch is looked for whose answer was lost, and how long before
	// each time: reads lag behind writes, as a rule by less than a second.
	looks    = 3
	lookWait = time.Second

	// Tries of one batch before the stream gives up.
	refusedTries   = 3  // what another try hardly mends; roles and groups may be seconds old
	transientTries = 10 // about 15 s on average
	throttledTries = 40 // about 90 s on average
)
