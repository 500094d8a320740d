package simulation

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"regexp"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/aws/aws-lambda-go/lambda/messages"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"ephemr/internal/athena"
	"ephemr/internal/control"
	"ephemr/internal/engine"
	"ephemr/internal/intake"
	"ephemr/internal/proof/asl"
	"ephemr/internal/proof/instant"
	"ephemr/internal/register"
	"ephemr/internal/result"
	"ephemr/internal/run/store"
)

// wire builds every function as its main does, with fakes.
func (w *World) wire() {
	db := w.db()
	w.Runs = &store.Runs{DB: db, Table: w.Settings.RunsTable}
	w.Pipelines = &register.Store{DB: w.DB, Table: w.Settings.PipelinesTable, Runs: w.Settings.RunsTable, Sources: w.Settings.SourceBuckets()}
	for _, f := range control.Functions() {
		w.functions[f.Folder()] = w.serve(f.Folder(), f.Handler(control.New(control.Deps{
			Settings: w.Settings,
			DB:       db,
			EMR:      w.emr(f.Folder()),
			EC2:      w.EC2,
			S3:       w.storage(),
			SFN:      w.SFN,
			SSM:      w.SSM,
			SQS:      w.queues(),
			Lambda:   w.Lambda,
			Bus:      w.Bus,
			Topic:    w.SNS,
			Metrics:  w.Metrics,
			Logs:     w.Logs,
			CloudMap: w.CloudMap,
			Glue:     w.Glue,
			Athena:   w.queriesByAthena(),
			DataZone: w.DataZone,

			Secrets:      w.Secrets,
			SecretValues: w.Secrets,
			Parameters:   w.SSM,

			Engine: w.secondEngine(),
		})))
		w.functions[f.Placeholder()] = w.functions[f.Folder()]
	}
	for _, name := range []string{"admit", "control", "calendar"} {
		w.Lambda.Register(name, w.functions[name])
	}
}

// secondEngine is what runs jobs instead of EMR, or nil.
func (w *World) secondEngine() engine.Engine {
	if !w.config.Instant {
		return nil
	}
	return &instant.Engine{Service: w.Instant, Runs: w.Runs, Results: &result.Reader{S3: w.storage(), LogsBucket: w.Settings.LogsBucket, Logs: w.Logs, LogGroup: w.Settings.RunLogGroup}}
}

// db is the tables as functions see them.
func (w *World) db() store.DB {
	if w.config.Table != nil {
		return w.config.Table(w.DB)
	}
	return w.DB
}

// queues are the queues as functions see them.
func (w *World) queues() intake.QueueAPI {
	if w.config.SQS != nil {
		return w.config.SQS(w.SQS)
	}
	return w.SQS
}

// queriesByAthena is Athena as functions see it.
func (w *World) queriesByAthena() athena.API {
	if w.config.SQL != nil {
		return w.config.SQL(w.Athena)
	}
	return w.Athena
}

// die ends a process in the middle of a call. It is not a panic, which the functions
// could recover from.
func die() { runtime.Goexit() }

// serve makes a handler a function: what the state machine sees is what it
// would see of the Lambda.
func (w *World) serve(name string, handle asl.Function) asl.Function {
	return func(ctx context.Context, payload json.RawMessage) (reply json.RawMessage, err error) {
		id := w.requestID(name, payload)
		ctx = context.WithValue(ctx, life{}, ctx)
		ctx = lambdacontext.NewContext(ctx, &lambdacontext.LambdaContext{AwsRequestID: id})
		err = messages.InvokeResponse_Error{Type: "Runtime.ExitError", Message: name + " crashed"}
		var thrown string
		over := make(chan struct{})
		go func() {
			defer close(over)
			defer func() {
				if p := recover(); p != nil {
					thrown = fmt.Sprintf("%s: %v\n%s", name, p, debug.Stack())
				}
			}()
			reply, err = handle(ctx, payload)
		}()
		<-over
		w.returned(id, err, thrown)
		return reply, err
	}
}

// returned reports how an invocation ended. A panic fails the test, in a storm as a
// violation.
func (w *World) returned(id string, err error, thrown string) {
	switch {
	case w.ended != nil:
		w.ended(id, err, thrown)
	case thrown != "":
		panic(thrown)
	}
}

// life is the key of a function's whole time in the contexts of its calls, some
// of which have less.
type life struct{}

func lives(ctx context.Context) bool {
	whole, ok := ctx.Value(life{}).(context.Context)
	return ok && whole.Err() == nil
}

// nonces, and digests of what contains one, differ even between storms of one seed.
// Errors may name them.
var nonces = regexp.MustCompile(`\b([A-Z2-7]{26}|[0-9a-f]{64})\b`)

// requestID names an invocation by what it is asked: those that come at the same
// instant have the same names whichever is first.
func (w *World) requestID(name string, payload []byte) string {
	h := fnv.New64a()
	_, _ = h.Write(nonces.ReplaceAll(payload, nil))
	id := fmt.Sprintf("%s-%x", name, h.Sum64())
	w.mu.Lock()
	defer w.mu.Unlock()
	w.counts[id]++
	return fmt.Sprintf("%s-%d", id, w.counts[id])
}

// Invoke calls a function by the name of its folder.
func (w *World) Invoke(function string, payload json.RawMessage) (json.RawMessage, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(w.life), time.Minute)
	defer cancel()
	return w.functions[function](ctx, payload)
}

// Crash kills the function that makes the next call of an operation, written
// like "EMR:RunJobFlow": before the call or, with after, when it has had its
// effect.
func (w *World) Crash(op string, after bool) { w.CrashAt(op, 0, after) }

// CrashAt is Crash for the call after n others.
func (w *World) CrashAt(op string, n int, after bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.crashes[op] = &crash{skip: n, after: after}
}

// spared invokes a function that no crash is meant for.
func (w *World) spared(invoke func() (json.RawMessage, error)) (json.RawMessage, error) {
	swap := func(planned map[string]*crash) map[string]*crash {
		w.mu.Lock()
		defer w.mu.Unlock()
		before := w.crashes
		w.crashes = planned
		return before
	}
	planned := swap(map[string]*crash{})
	defer swap(planned)
	return invoke()
}

// crash is where a process is going to die.
type crash struct {
	skip  int
	after bool
}

func (w *World) maybeCrash(op string, after bool) {
	w.mu.Lock()
	c := w.crashes[op]
	hit := c != nil && c.after == after && c.skip == 0
	if hit {
		delete(w.crashes, op)
	} else if c != nil && c.after == after {
		c.skip--
	}
	w.mu.Unlock()
	if hit {
		die()
	}
}
