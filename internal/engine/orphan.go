package engine

import (
	"fmt"
	"slices"
	"time"

	"ephemr/internal/run"
)

// Grace is how young a capacity or a run may be before its record must be there,
// and how long after its deadline a run may still be ending.
const Grace = 5 * time.Minute

// OrphanReason says why the capacity of the named attempt should not be there any
// more, or "": its run is over, restarted, or past its deadline. A nil record is
// that of a run that is not known.
func OrphanReason(rec *run.Record, attempt string) string {
	switch {
	case rec == nil:
		return "its run is not known"
	case rec.Run.State.Final():
		return fmt.Sprintf("its run is %s", rec.Run.State)
	case slices.ContainsFunc(rec.Clusters, func(a run.Cluster) bool { return a.Name == attempt && a.Restart < rec.Run.Restarts }):
		return "its run has been restarted since"
	case !rec.Run.Ends().IsZero() && time.Since(rec.Run.Ends()) > Grace:
		return fmt.Sprintf("its run should have ended by %s", rec.Run.Ends().Format(time.RFC3339))
	}
	return ""
}
