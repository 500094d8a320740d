package trace

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
)

// Path is what an execution's history contains.
type Path struct {
	Started, Ended time.Time
	Entered        map[string]time.Time // state -> when it was entered first
	States         int                  // entered, each time counted
	Retries        int
}

// Transitions is what a Standard workflow is billed by: every state entered,
// and every retry.
func (p Path) Transitions() int { return p.States + p.Retries }

// ReadHistory reads the events of one execution, oldest first.
func ReadHistory(events []types.HistoryEvent) Path {
	p := Path{Entered: map[string]time.Time{}}
	count := map[types.HistoryEventType]int{}
	for _, e := range events {
		count[e.Type]++
		p.read(e)
	}
	scheduled := count[types.HistoryEventTypeTaskScheduled] + count[types.HistoryEventTypeLambdaFunctionScheduled]
	p.Retries = max(0, scheduled-count[types.HistoryEventTypeTaskStateEntered])
	return p
}

func (p *Path) read(e types.HistoryEvent) {
	at := aws.ToTime(e.Timestamp)
	if d := e.StateEnteredEventDetails; d != nil {
		p.States++
		if _, again := p.Entered[aws.ToString(d.Name)]; !again {
			p.Entered[aws.ToString(d.Name)] = at
		}
	}
	switch e.Type { //nolint:exhaustive // the others are no moments of their own
	case types.HistoryEventTypeExecutionStarted:
		p.Started = at
	case types.HistoryEventTypeExecutionSucceeded, types.HistoryEventTypeExecutionFailed,
		types.HistoryEventTypeExecutionAborted, types.HistoryEventTypeExecutionTimedOut:
		p.Ended = at
	}
}
