package session

import (
	"fmt"
	"os"

	"ephemr/internal/local/region"
)

// UseRegion makes the environment of this process that of the local region of the project which the working directory
// is in.
func UseRegion() (bool, error) {
	here, err := os.Getwd()
	if err != nil {
		return false, fmt.Errorf("find local region: %w", err)
	}
	variables, err := region.Find(here)
	if err != nil || variables == nil {
		return false, err
	}
	for _, name := range region.Unset {
		if err := os.Unsetenv(name); err != nil {
			return false, fmt.Errorf("use local region: %w", err)
		}
	}
	for _, v := range variables {
		if err := os.Setenv(v.Name, v.Value); err != nil {
			return false, fmt.Errorf("use local region: %w", err)
		}
	}
	return true, nil
}
