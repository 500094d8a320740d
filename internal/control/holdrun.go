package control

import (
	"ephemr/internal/hold"
	"ephemr/internal/run"
	"ephemr/internal/wait"
)

// HoldRun registers the token of a run that waits without a cluster.
func (w *Wiring) HoldRun() Handler[hold.Input, struct{}] {
	looks := map[string]wait.Look{run.ForObjects: w.objects().Look, run.ForApproval: w.approvals().Look}
	return (&hold.Holder{Settings: w.settings, Runs: w.runs(), Waker: w.waker(looks), Notices: w.notices()}).Hold
}

func (w *Wiring) approvals() *hold.Approvals { return &hold.Approvals{Runs: w.runs()} }

func (w *Wiring) objects() *hold.Objects {
	return &hold.Objects{Runs: w.runs(), S3: w.clients.s3()}
}
