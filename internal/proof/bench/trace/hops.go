// Package trace breaks the time of a run that has ended down into hops, each with
// the function or service that causes it. It reads what exists anyway: records,
// the execution's history, EMR's timelines and the functions' logs.
package trace

import "time"

// Mark is a moment in a run of one step.
type Mark int

// The marks, in the order in which they are passed.
const (
	Sent         Mark = iota // the client begins to put the object
	Queued                   // SQS has the event
	IntakeBegan              // invocation of intake
	AdmitBegan               // invocation of admit
	Started                  // the execution has begun
	Prepare                  // PrepareRun is entered
	Create                   // CreateCluster is entered
	Created                  // EMR has taken RunJobFlow
	Ready                    // EMR's cluster can run steps
	ReadySeen                // invocation of watch, by the cluster's event
	Submit                   // SubmitSteps is entered
	Added                    // EMR has taken AddJobFlowSteps
	StepStarted              // by EMR's timeline
	StepEnded                // by EMR's timeline
	EndSeen                  // invocation of watch, by the step's event
	Terminate                // TerminateCluster is entered
	Terminated               // TerminateJobFlows is answered
	Finish                   // FinishRun is entered
	Finished                 // the execution is over
	ProgramBegan             // the runner has started the job's program
	ProgramEnded             // the job's program is over
	marks
)

// Marks are the moments of one run; a zero one is not known.
type Marks [marks]time.Time

// Between is the time from one mark to another, if both are known.
func (m Marks) Between(from, to Mark) (time.Duration, bool) {
	if m[from].IsZero() || m[to].IsZero() {
		return 0, false
	}
	return m[to].Sub(m[from]), true
}

// Hop is a part of the critical path of a run.
type Hop struct {
	Name     string
	Where    string // what spends the time: a function, or a service
	From, To Mark
}

// Hops are the parts of the overhead. The cluster's provisioning and the step are
// left out: the control plane cannot shorten them.
var Hops = []Hop{
	{"object put, event in the queue", "S3, EventBridge", Sent, Queued},
	{"queue polled, intake invoked", "SQS", Queued, IntakeBegan},
	{"run written, admit invoked", "intake", IntakeBegan, AdmitBegan},
	{"slots taken, execution started", "admit", AdmitBegan, Started},
	{"first state entered", "Step Functions", Started, Prepare},
	{"run bound to execution, jobs planned", "preparerun", Prepare, Create},
	{"profile read, RunJobFlow accepted", "createcluster", Create, Created},
	{"cluster ready, watch invoked", "EMR, EventBridge", Ready, ReadySeen},
	{"checked, token answered, state entered", "watch", ReadySeen, Submit},
	{"job claimed, AddJobFlowSteps accepted", "submitsteps", Submit, Added},
	{"step added, started", "EMR", Added, StepStarted},
	{"step ended, watch invoked", "EMR, EventBridge", StepEnded, EndSeen},
	{"checked, token answered, states entered", "watch", EndSeen, Terminate},
	{"TerminateJobFlows answered", "terminatecluster", Terminate, Terminated},
}

// Parts are not overhead, or come after it; they are printed for information.
var Parts = []Hop{
	{"provisioning (left out)", "EMR", Created, Ready},
	{"step (left out)", "EMR", StepStarted, StepEnded},
	{"  of it, runner before the program", "runner", StepStarted, ProgramBegan},
	{"  of it, the program", "job", ProgramBegan, ProgramEnded},
	{"  of it, runner and EMR after the program", "runner", ProgramEnded, StepEnded},
	{"terminated until FinishRun is entered (after)", "terminatecluster", Terminated, Finish},
	{"FinishRun and the end (after)", "finishrun", Finish, Finished},
}

// Overhead is the time from the event until TerminateJobFlows, without
// provisioning and step; false when a mark that it needs is unknown.
func (m Marks) Overhead() (time.Duration, bool) {
	all, ok := m.Between(Sent, Terminated)
	provision, created := m.Between(Created, Ready)
	step, stepped := m.Between(StepStarted, StepEnded)
	return all - provision - step, ok && created && stepped
}

// Unexplained is the overhead that no hop accounts for, because a mark between
// them is not known.
func (m Marks) Unexplained() time.Duration {
	left, ok := m.Overhead()
	if !ok {
		return 0
	}
	for _, h := range Hops {
		if d, ok := m.Between(h.From, h.To); ok {
			left -= d
		}
	}
	return left
}
