// Package engine is the contract between the control plane and what runs jobs.
// The control plane decides when a run gets capacity and which of its jobs may
// start; an engine obtains the capacity, carries the attempts and says how they
// ended. Everything that knows one service lives in the package of its engine:
// internal/emr is EMR on EC2.
//
// Who calls what: the handlers of the states CreateCluster and TerminateCluster
// (internal/capacity) call Acquire and Release, those of SubmitSteps and
// StopSteps (internal/step) Submit, Find and Stop. The answers to their task
// tokens come from Observe and Attempts, called when an event or the minute tick
// (internal/wait) says that something may have changed. Live serves the tick,
// Sweep the sweep function.
package engine

import (
	"context"
	"iter"
	"time"

	"ephemr/events"
	"ephemr/internal/job"
	"ephemr/internal/result"
	"ephemr/internal/run"
)

// State of a capacity, as far as the control plane cares.
type State string

// The states of a capacity.
const (
	Unknown  State = ""         // not asked for
	Starting State = "STARTING" // no job can run yet
	Busy     State = "BUSY"     // ready, and at work
	Idle     State = "IDLE"     // ready, and nothing is submitted that has not ended
	Gone     State = "GONE"     // ended or ending: no job can run any more
)

// Ready reports whether jobs can run.
func (s State) Ready() bool { return s == Busy || s == Idle }

// Capacity is what an engine gives a run: on EMR a cluster, or a lease on one.
type Capacity struct {
	ID     string
	State  State
	Class  job.Class // why it is gone
	Reason string    // likewise, one sentence
	// Retry reports that another Acquire may succeed where this capacity was
	// lost or never became ready: a fallback is left, or the capacity was shared
	// and its loss says nothing about the next one.
	Retry bool
	// Unexplained reports that it is ending and the service has not said why yet: it
	// may when the capacity has ended.
	Unexplained bool
	// Provisioning reports that it is starting and has no instances yet.
	Provisioning bool
	// CheckAt is when it must be observed even if nothing seems to have changed;
	// zero = never.
	CheckAt time.Time
	// RequestedAt is when Acquire asked for it: from then on it has the stage's
	// limit to become ready.
	RequestedAt time.Time
	// New reports that this call of Acquire has asked for it: it cannot be ready yet.
	New bool
	// After is work that must not delay the run, such as the entry in the service
	// directory. It is done after the waiter was answered, and handles its own
	// errors. It may be nil.
	After func(context.Context)
}

// View is what a look at a run starts from. With the zero value, the engine asks
// its service about all that the run waits for.
type View struct {
	// Seen is what Live has just reported of the capacity; nil = nothing.
	Seen *Capacity
	// Noted reports that nothing can have changed but what events have recorded: the
	// service need not be asked about the rest.
	Noted bool
}

// Start is an attempt of a job that is to be submitted. Its intent is recorded.
type Start struct {
	Job *run.Job // its newest attempt
	// Adopt reports that an earlier invocation may have submitted this attempt
	// and died: the engine looks for it before it submits.
	Adopt bool
	// Store renders what the runner is to do, writes it to S3 and returns its URI.
	Store func(context.Context) (uri string, err error)
}

// Handle is an attempt that the engine has.
type Handle struct {
	Job        string // name
	CapacityID string
	ID         string // of the step, or what else carries the attempt
}

// Attempt is how an attempt in flight stands.
type Attempt struct {
	result.Verdict

	Job    string      // name
	Result *job.Result // nil = the runner left none
	Tail   []string    // the last lines of its log, where there is no result
}

// Released lists what became of a run's capacity, by id.
type Released struct {
	Ended []string // its end was requested
	Kept  []string // it goes on for other runs
}

// Engine runs jobs. Every method can be repeated: capacity and attempts are
// found again by the names in the records. Errors of the package fault's names
// decide what the workflow does next; fault.Throttled means that nothing was
// done and that trying again later helps.
type Engine interface {
	// Capabilities are constant.
	Capabilities() Capabilities

	// Acquire ensures that the run has exactly one capacity on its way and
	// returns it at once, ready or not.
	Acquire(ctx context.Context, rec *run.Record) (Capacity, error)
	// Observe returns the state of the capacity that rec's waiter waits for.
	Observe(ctx context.Context, rec *run.Record, v View) (Capacity, error)
	// Release gives up every capacity that the run has or may have.
	Release(ctx context.Context, rec *run.Record) (Released, error)

	// Submit submits attempts and returns those that the engine has then, in any
	// order. Without starts it only fits the capacity to the jobs in flight. With an error the handles are still valid; of the attempts without
	// one, *LostError and *NotSubmittedError say what is known. After any other
	// error they may or may not have been submitted.
	Submit(ctx context.Context, rec *run.Record, starts []Start) ([]Handle, error)
	// Find returns those of the jobs' newest attempts that the engine has.
	Find(ctx context.Context, rec *run.Record, jobs []*run.Job) ([]Handle, error)
	// Attempts says how the attempts in flight stand, or those of them that v is
	// about. The capacity's state is Unknown unless it had to be asked for.
	Attempts(ctx context.Context, rec *run.Record, v View) ([]Attempt, Capacity, error)
	// Stop asks the attempts in flight to end: programs get SIGTERM or, with kill,
	// SIGKILL. Attempts that have ended already are no error.
	Stop(ctx context.Context, rec *run.Record, kill bool) error

	// Live lists the states of the wanted capacity with as few calls as possible. No
	// run has waited for it since before the given time. The list may leave out
	// capacity that has ended, and contain capacity that was not wanted. An error ends
	// the list early.
	Live(ctx context.Context, wanted []string, since time.Time) iter.Seq2[Capacity, error]
	// Shared reports whether another run than runID uses the capacity right now.
	// In doubt it does.
	Shared(ctx context.Context, capacityID, runID string) bool
	// Sweep repairs what no state machine can promise: capacity whose run is over,
	// unknown or past its deadline, and the engine's own records. ended says which
	// runs this sweep has just ended. With an error, what was done until then is
	// still reported.
	Sweep(ctx context.Context, ended func(runID string) bool) (Swept, error)
}

// Hint is that something may have changed for a run.
type Hint struct {
	RunID string
	Kinds []string // of waiters that it matters to, as run.ForCluster; none = all
	Noted bool     // the event is recorded, and says nothing else; see View
}

// Listener is an engine whose service sends events.
type Listener interface {
	// Hints reads an event; ok is false for one that the engine does not know.
	// after is done when the hinted runs were looked at; it may be nil.
	Hints(ctx context.Context, e events.Envelope) (hints []Hint, after func(context.Context), ok bool, err error)
}

// LostError is that the capacity was gone before the attempts could be submitted.
type LostError struct{ Capacity Capacity }

func (e *LostError) Error() string {
	return "capacity " + e.Capacity.ID + " is gone: " + e.Capacity.Reason
}

// NotSubmittedError wraps the reason why attempts without a handle were not
// submitted by this call.
type NotSubmittedError struct {
	Err error
	// Absent reports that the engine certainly does not have them: without it, an
	// earlier invocation may have submitted them.
	Absent bool
}

func (e *NotSubmittedError) Error() string { return e.Err.Error() }

// Unwrap returns the reason.
func (e *NotSubmittedError) Unwrap() error { return e.Err }
