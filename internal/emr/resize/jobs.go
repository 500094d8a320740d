package resize

import (
	"errors"
	"fmt"

	"ephemr/internal/pipeline"
	"ephemr/internal/profile"
)

// CheckJobs says which jobs want task units that clusters of their profile can
// never have: what is known before anything runs.
func CheckJobs(spec pipeline.Spec, p profile.Profile) error {
	core := 0
	if p.Core != nil {
		core = p.Core.Units()
	}
	var errs []error
	for i, j := range spec.Jobs {
		switch {
		case j.Resize == nil:
		case p.Scaling != nil:
			errs = append(errs, fmt.Errorf("jobs[%d].resize: EMR scales clusters of profile %s between %d and %d units, and would undo it; remove resize, or use another profile",
				i, spec.Cluster.Profile, p.Scaling.Min, p.Scaling.Max))
		case core == 0:
			errs = append(errs, fmt.Errorf("jobs[%d].resize: profile %s has no core units, and without any EMR gives a cluster no task units; use another profile",
				i, spec.Cluster.Profile))
		case p.MaxUnits > 0 && core+j.Resize.Task > p.MaxUnits:
			errs = append(errs, fmt.Errorf("jobs[%d].resize: %d core and %d task units are more than the %d that profile %s allows (maxUnits)",
				i, core, j.Resize.Task, p.MaxUnits, spec.Cluster.Profile))
		}
	}
	return errors.Join(errs...)
}
