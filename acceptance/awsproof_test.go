package acceptance_test

import (
	"strings"
	"testing"

	"ephemr/internal/proof/awsproof"
)

// scripts/aws-proof works when it is needed: its probes run on the local region, answer the doubts that they are
// for, and leave no cluster. These probes take seconds; make aws-proof runs those with Spark and a real idle timeout, too.
func TestAWSProof(t *testing.T) {
	t.Parallel()
	report, err := awsproof.Run(t.Context(), awsproof.Options{
		Region: w.region, Max: patience, Log: t.Output(),
		Probes: []string{"inspect", "cancel", "user", "bootstrap"},
	})
	if err != nil {
		t.Fatal(err)
	}
	answered := map[string]awsproof.Finding{}
	for _, f := range report.Findings {
		if f.Verdict == awsproof.OnLaptop {
			answered[f.Doubt.ID] = f
		} else if f.Verdict != awsproof.NotSettled {
			t.Errorf("%s: a local region says %s of AWS", f.Doubt.ID, f.Verdict)
		}
	}
	for _, id := range []string{
		"start-execution", "service-role", "sender", "isbusy", "isbusy-user", "cancel-signal", "cancel-clean-up", "cancel-reported",
		"role-pass", "role-logs", "role-directories", "bootstrap-class", "runner",
	} {
		if f := answered[id]; f.Would != awsproof.AsAssumed {
			t.Errorf("%s: %s %s: %s", id, f.Verdict, f.Would, f.Evidence)
		}
	}
	var text strings.Builder
	if err := report.Write(&text); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"nothing here says what AWS does", "| [isbusy](#isbusy) | laptop |", "## Left behind\n\nnothing"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("the report does not contain %q:\n%s", want, text.String())
		}
	}
	if len(report.Left) > 0 {
		t.Errorf("left %v", report.Left)
	}
}
