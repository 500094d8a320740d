package notify

import (
	"fmt"
	"time"

	"ephemr/internal/run"
)

// OfApproval is the notice of a job that waits for a person.
func OfApproval(rec *run.Record, j run.Job) Notice {
	r := rec.Run
	text := fmt.Sprintf("Job %s of run %s waits for approval until %s.\n\nfor      %s\n", j.Name, r.ID, j.Approval.Until.UTC().Format(time.RFC3339), oneLine(r.Subject()))
	if m := oneLine(j.Approval.Message); m != "" {
		text += "message  " + m + "\n"
	}
	text += fmt.Sprintf("\nephemr approve %s --job %s\nephemr approve %[1]s --job %[2]s --refuse --why \"...\"\n", r.ID, j.Name)
	return Notice{
		Headline:   "WAITS FOR APPROVAL " + r.ID,
		Text:       text,
		Attributes: map[string]string{"pipeline": r.Pipeline, "state": string(r.State), "team": r.TeamName(), "approval": j.Name},
		Recipients: recipients(rec),
	}
}
