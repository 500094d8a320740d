// Package athena runs SQL on Amazon Athena: it starts a statement exactly once,
// waits for it, stops it, and reads its result page by page.
package athena

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"

	"ephemr/internal/fault"
)

// API are the calls of Athena that are used.
type API interface {
	StartQueryExecution(context.Context, *athena.StartQueryExecutionInput, ...func(*athena.Options)) (*athena.StartQueryExecutionOutput, error)
	GetQueryExecution(context.Context, *athena.GetQueryExecutionInput, ...func(*athena.Options)) (*athena.GetQueryExecutionOutput, error)
	GetQueryResults(context.Context, *athena.GetQueryResultsInput, ...func(*athena.Options)) (*athena.GetQueryResultsOutput, error)
	StopQueryExecution(context.Context, *athena.StopQueryExecutionInput, ...func(*athena.Options)) (*athena.StopQueryExecutionOutput, error)
}

// Engine is Athena as a team uses it.
type Engine struct {
	API       API
	Workgroup string
	Database  string
	Busy      func() // called when Athena throttles a statement; may be nil
}

// Execution is the status of a statement that was started.
type Execution struct {
	ID        string
	Workgroup string
	State     types.QueryExecutionState
	Reason    string // of a failure, in Athena's words
	Statement types.StatementType
	Explains  bool  // it shows the plan of another
	Scanned   int64 // bytes
	Took      time.Duration
}

// Over reports whether the statement has ended.
func (x Execution) Over() bool {
	switch x.State {
	case types.QueryExecutionStateSucceeded, types.QueryExecutionStateFailed, types.QueryExecutionStateCancelled:
		return true
	case types.QueryExecutionStateQueued, types.QueryExecutionStateRunning:
	}
	return false
}

const (
	pollFirst = 100 * time.Millisecond
	pollMost  = time.Second
	hold      = 5 * time.Second // for a call that must not be interrupted
)

// Start starts a statement and returns its id. An interrupt does not cancel the
// call: the id is needed to stop the statement.
func (e *Engine) Start(ctx context.Context, sql string) (string, error) {
	token := rand.Text() + rand.Text()
	var id string
	err := insist(ctx, e.Busy, func() error {
		held, cancel := withGrace(ctx, hold)
		defer cancel()
		var err error
		id, err = e.Submit(held, sql, token)
		return err
	})
	return id, err
}

// Submit starts a statement and returns its id, with one call. Repeated with the same token, of
// 32 to 128 characters, it starts no second one. A statement that Athena refuses is a FailedError.
func (e *Engine) Submit(ctx context.Context, sql, token string) (string, error) {
	out, err := e.API.StartQueryExecution(ctx, &athena.StartQueryExecutionInput{
		QueryString: &sql, WorkGroup: &e.Workgroup, ClientRequestToken: &token,
		QueryExecutionContext: &types.QueryExecutionContext{Database: &e.Database},
	})
	if bad, ok := errors.AsType[*types.InvalidRequestException](err); ok {
		x := Execution{Workgroup: e.Workgroup, State: types.QueryExecutionStateFailed, Reason: bad.ErrorMessage()}
		return "", &FailedError{Execution: x}
	}
	if err != nil {
		return "", fmt.Errorf("start query: %w", err)
	}
	return aws.ToString(out.QueryExecutionId), nil
}

// Wait waits until a statement has ended and calls seen with every status. The
// error is a FailedError unless it has succeeded. When ctx ends, Wait returns and
// the statement continues.
func (e *Engine) Wait(ctx context.Context, id string, seen func(Execution)) (Execution, error) {
	for pause := pollFirst; ; pause = min(pause*5/4, pollMost) {
		x, err := e.look(ctx, id)
		if err != nil {
			return x, err
		}
		seen(x)
		if x.State == types.QueryExecutionStateSucceeded {
			return x, nil
		}
		if x.Over() {
			return x, &FailedError{Execution: x}
		}
		if err := sleep(ctx, pause); err != nil {
			return x, err
		}
	}
}

func (e *Engine) look(ctx context.Context, id string) (x Execution, _ error) {
	err := insist(ctx, nil, func() error {
		var err error
		x, err = e.Look(ctx, id)
		return err
	})
	return x, err
}

// Look returns the status of a statement, with one call.
func (e *Engine) Look(ctx context.Context, id string) (Execution, error) {
	out, err := e.API.GetQueryExecution(ctx, &athena.GetQueryExecutionInput{QueryExecutionId: &id})
	if err != nil {
		return Execution{ID: id}, fmt.Errorf("get status of query %s: %w", id, err)
	}
	return read(id, out.QueryExecution), nil
}

func read(id string, q *types.QueryExecution) Execution {
	x := Execution{
		ID: id, Workgroup: aws.ToString(q.WorkGroup), Statement: q.StatementType,
		Explains: aws.ToString(q.SubstatementType) == "EXPLAIN",
	}
	if s := q.Status; s != nil {
		x.State, x.Reason = s.State, aws.ToString(s.StateChangeReason)
		if s.AthenaError != nil && x.Reason == "" {
			x.Reason = aws.ToString(s.AthenaError.ErrorMessage)
		}
	}
	if s := q.Statistics; s != nil {
		x.Scanned = aws.ToInt64(s.DataScannedInBytes)
		x.Took = time.Duration(aws.ToInt64(s.TotalExecutionTimeInMillis)) * time.Millisecond
	}
	return x
}

// Stop stops a statement, also when ctx has ended. It has no effect on a
// statement that has ended.
func (e *Engine) Stop(ctx context.Context, id string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), hold)
	defer cancel()
	return insist(ctx, nil, func() error { return e.Interrupt(ctx, id) })
}

// Interrupt is Stop with one call.
func (e *Engine) Interrupt(ctx context.Context, id string) error {
	if _, err := e.API.StopQueryExecution(ctx, &athena.StopQueryExecutionInput{QueryExecutionId: &id}); err != nil {
		return fmt.Errorf("stop query %s: %w", id, err)
	}
	return nil
}

// insist retries a call while Athena throttles calls or queues no further
// statements. It calls wait once, if that is not nil.
func insist(ctx context.Context, wait func(), call func() error) error {
	began, pause := time.Now(), 200*time.Millisecond
	for told := false; ; pause = min(2*pause, 5*time.Second) {
		err := call()
		busy := fault.NameOf(err) == fault.Throttled
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case !busy && (!fault.Transient(err) || time.Since(began) > patience):
			return err
		case busy && !told && wait != nil:
			told = true
			wait()
		}
		if err := sleep(ctx, jitter(pause)); err != nil {
			return err
		}
	}
}

// patience is how long transient errors are retried. Throttling is retried for as
// long as ctx allows.
const patience = 2 * time.Minute
