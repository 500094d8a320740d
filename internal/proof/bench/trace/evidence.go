package trace

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/emr/types"

	"ephemr/internal/run"
)

// Evidence is all that is known about a run of one step.
type Evidence struct {
	Sent    time.Time // when the client began to put the object
	Record  *run.Record
	Path    Path
	Cluster types.ClusterTimeline
	Step    types.StepTimeline
	Logs    map[string][]Invocation // by function, oldest first
}

// slack is the largest difference of clocks that round to milliseconds.
const slack = 2 * time.Millisecond

// Marks finds the moments of the run.
func (e Evidence) Marks() Marks {
	id := e.Record.Run.ID
	m := Marks{
		Sent: e.Sent, Queued: e.Record.Run.RequestedAt,
		Started: e.Path.Started, Prepare: e.Path.Entered["PrepareRun"], Create: e.Path.Entered["CreateCluster"],
		Submit: e.Path.Entered["SubmitSteps"], Terminate: e.Path.Entered["TerminateCluster"],
		Finish: e.Path.Entered["FinishRun"], Finished: e.Path.Ended,
		Created: aws.ToTime(e.Cluster.CreationDateTime), Ready: aws.ToTime(e.Cluster.ReadyDateTime),
		Added: aws.ToTime(e.Step.CreationDateTime), StepStarted: aws.ToTime(e.Step.StartDateTime), StepEnded: aws.ToTime(e.Step.EndDateTime),
	}
	if c := e.Record.Cluster(); c != nil {
		m[Terminated] = c.EndedAt
	}
	if len(e.Record.Jobs) == 1 {
		m[ProgramBegan], m[ProgramEnded] = e.Record.Jobs[0].StartedAt, e.Record.Jobs[0].EndedAt
	}
	m[AdmitBegan] = e.said("admit", "run admitted", id, time.Time{})
	m[IntakeBegan] = e.intake(m[Queued], m[AdmitBegan])
	m[ReadySeen] = e.said("watch", "answer waiter", id, m[Ready])
	m[EndSeen] = e.said("watch", "answer waiter", id, m[StepEnded])
	return m
}

// said returns the start of the first invocation after a moment that logged
// message for the run.
func (e Evidence) said(function, message, id string, after time.Time) time.Time {
	for _, i := range e.Logs[function] {
		if at, ok := i.Said(message, id); ok && !at.Before(after.Add(-slack)) {
			return i.Began
		}
	}
	return time.Time{}
}

// intake logs no run id without an error, so its invocation is the first one that
// began between the message and the admission.
func (e Evidence) intake(queued, admitted time.Time) time.Time {
	for _, i := range e.Logs["intake"] {
		if !i.Began.Before(queued.Add(-slack)) && i.Began.Before(admitted) {
			return i.Began
		}
	}
	return time.Time{}
}
