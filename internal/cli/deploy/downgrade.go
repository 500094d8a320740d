package deploy

import (
	"fmt"

	"ephemr/internal/cli/exit"
	"ephemr/internal/cli/version"
)

// checkVersion refuses to replace a newer version. deployed is "" if the stage has none.
func checkVersion(stage, deployed, ours string, downgrade bool) (note string, err error) {
	if deployed == "" || deployed == ours || downgrade {
		return "", nil
	}
	switch old, known := version.Older(ours, deployed); {
	case !known:
		return fmt.Sprintf("stage %s has version %s, and this is %s: which one is newer is not known\n", stage, deployed, ours), nil
	case old:
		return "", exit.Usage("stage %s was deployed by ephemr %s, which is newer than this one, %s: an older version may not understand its records; "+
			"install that version, or deploy with --downgrade", stage, deployed, ours)
	}
	return "", nil
}
