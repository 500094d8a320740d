package chaos

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
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

// applications reads the YARN applications that steps have submitted. Their names
// say which attempt has.
func (r *region) applications(e *evidence.Evidence) error {
	for _, c := range e.Clusters {
		data, err := os.ReadFile(filepath.Join(r.Dir, "localemr", c.ID, "yarn", "applications"))
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return fmt.Errorf("read YARN applications: %w", err)
		}
		for line := range strings.Lines(string(data)) {
			f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
			if len(f) < appFields {
				continue // its submission was killed
			}
			who := strings.Fields(f[appName])
			if len(who) != 3 {
				return fmt.Errorf("read YARN applications: %s has one called %q", c.ID, f[appName])
			}
			attempt, err := strconv.Atoi(who[2])
			if err != nil {
				return fmt.Errorf("read YARN applications: %s has one called %q", c.ID, f[appName])
			}
			e.Applications = append(e.Applications, evidence.Application{
				ID: f[appID], Cluster: c.ID, Run: who[0], Job: who[1], Attempt: attempt, Living: f[appState] == "RUNNING",
			})
		}
	}
	return nil
}
