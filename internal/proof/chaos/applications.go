package chaos

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"ephemr/internal/proof/chaos/evidence"
)

// yarnSubmit records a YARN application on the cluster of a step.
func (r *region) yarnSubmit() string {
	return filepath.Join(r.Root, "scripts", "shims", "lib", "yarn-submit")
}

// Fields of a line in the file that the yarn shim keeps on each cluster.
const (
	appID     = 0
	appName   = 1
	appState  = 5
	appFields = 9
)

// applications reads the YARN applications that steps have submitted.
func (r *region) applications(e *evidence.Evidence) error {
	for _, c := range e.Clusters {
		all, err := applicationsOf(filepath.Join(r.Dir, "localemr", c.ID, "yarn", "applications"), c.ID)
		if err != nil {
			return fmt.Errorf("read YARN applications of %s: %w", c.ID, err)
		}
		e.Applications = append(e.Applications, all...)
	}
	return nil
}

// applicationsOf reads the file of a cluster. The names of applications say which
// attempt has submitted them.
func applicationsOf(file, clusterID string) (all []evidence.Application, _ error) {
	data, err := os.ReadFile(file) //nolint:gosec // of localemr
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err //nolint:wrapcheck // the caller does
	}
	for line := range strings.Lines(string(data)) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(f) < appFields {
			continue // its submission was killed
		}
		a := evidence.Application{ID: f[appID], Cluster: clusterID, Living: f[appState] == "RUNNING"}
		if _, err := fmt.Sscan(f[appName], &a.Run, &a.Job, &a.Attempt); err != nil {
			return nil, fmt.Errorf("application %s is called %q: %w", f[appID], f[appName], err)
		}
		all = append(all, a)
	}
	return all, nil
}
