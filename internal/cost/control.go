package cost

import "ephemr/internal/run"

// Prices of the control plane in us-east-1: a state transition of a Standard workflow,
// and an invocation of a function of 256 MB that takes 0.3 s on Graviton.
// Source: the pricing pages of AWS Step Functions and AWS Lambda, November 2026.
const (
	transition = 0.000025
	Invocation = 0.0000002 + 0.3*0.25*0.0000133334
)

// What a run needs of them, at the least. The state machine has one transition for each
// state that is entered.
const (
	ofRun     = 9 // from PrepareRun to FinishRun
	ofRound   = 2 // SubmitSteps and the choice after it
	ofCluster = 2 // CreateCluster, and its retry after a failure
)

// control is what Step Functions and Lambda cost: transitions, and a function for each. What
// Athena has read for checks is added.
// The functions that run every minute belong to the stage, not to a run.
func control(rec *run.Record) float64 {
	n := ofRun + ofCluster*len(rec.Clusters)
	for _, j := range rec.Jobs {
		n += ofRound * j.Attempt
	}
	usd := float64(n) * (transition + Invocation)
	if q := rec.Asked(); q != nil {
		usd += q.USD
	}
	return usd
}
