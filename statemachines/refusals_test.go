package statemachines_test

import (
	"testing"

	"github.com/aws/smithy-go"

	"ephemr/internal/job"
	"ephemr/internal/proof/awsfake"
	"ephemr/internal/proof/simulation"
)

// What EMR refuses a cluster for decides the class of the failure, and not what the
// pipeline is called.
func TestNameOfThePipelineDecidesNothing(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"daily", "quota-report", "no-capacity-x", "rate-exceeded", "access-denied"} {
		for class, refused := range map[job.Class]error{
			job.ClassInvalid:    &smithy.GenericAPIError{Code: "ValidationException", Message: "Subnet 'subnet-1' does not exist."},
			job.ClassPermission: awsfake.Denied("elasticmapreduce:RunJobFlow"),
			job.ClassQuota:      &smithy.GenericAPIError{Code: "ValidationException", Message: "You have requested more instances than your current instance quota allows"},
		} {
			t.Run(name+" "+string(class), func(t *testing.T) {
				t.Parallel()
				inWorld(t, simulation.Config{}, func(t *testing.T, w *simulation.World) {
					w.Apply("pipeline: " + name + "\n" + onLadder + "jobs: [{name: a, type: bash, source: a}]")
					failing(w, "RunJobFlow", refused)
					w.Upload("in/a.csv")
					rec := w.Wait(w.RunIDs()[0])
					if rec.Run.Class != class || len(rec.Clusters) != 1 {
						t.Errorf("class %s after %d clusters: %s", rec.Run.Class, len(rec.Clusters), rec.Run.Reason)
					}
				})
			})
		}
	}
}
