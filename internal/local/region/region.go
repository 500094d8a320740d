// Package region contains what programs need to use a local region that laptop runs: its environment, and where its
// addresses are found. Unlike laptop it can be used on every system.
package region

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Of every region on a laptop: the emulator accepts any secret.
const (
	Account = "000000000000"
	Name    = "us-east-1" // of the AWS Region that it plays
	Stage   = "local"
)

// Dir is the default folder of a region's state and logs, in a project or checkout. File is its record there.
const (
	Dir  = ".local"
	File = "region.json"
)

// Variable is a variable of the environment.
type Variable struct{ Name, Value string }

// Environ returns the variables of programs that use a region, by the addresses of its emulator and of localemr.
func Environ(endpoint, emr string) []Variable {
	return []Variable{
		{"AWS_ENDPOINT_URL", endpoint},
		{"AWS_ENDPOINT_URL_EMR", emr},
		{"AWS_ACCESS_KEY_ID", Account}, // an access key of digits is the account, to the emulator
		{"AWS_SECRET_ACCESS_KEY", "test"},
		{"AWS_REGION", Name},
		{"AWS_DEFAULT_REGION", Name},
		{"AWS_EC2_METADATA_DISABLED", "true"},
		{"AWS_DISABLE_HOST_PREFIX_INJECTION", "true"}, // sync-127.0.0.1 does not exist
		{"EPHEMR_STAGE", Stage},
	}
}

// Unset lists variables that must not be in the environment of a program that
// uses a region: they would select a real account.
var Unset = []string{"AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_CA_BUNDLE"}

// Find returns the variables of the region of the project that dir is in; none if it has no region. Whether the
// region's processes still run is not checked.
func Find(dir string) ([]Variable, error) {
	for {
		path := filepath.Join(dir, Dir, File)
		text, err := os.ReadFile(path) //nolint:gosec // the region's record
		if err == nil {
			return read(path, text)
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("find local region: %w", err)
		}
		above := filepath.Dir(dir)
		if above == dir {
			return nil, nil
		}
		dir = above
	}
}

func read(path string, text []byte) ([]Variable, error) {
	var record struct {
		Emulator, LocalEMR struct{ URL string }
	}
	if err := json.Unmarshal(text, &record); err != nil {
		return nil, fmt.Errorf("read record of the local region %s: %w", path, err)
	}
	return Environ(record.Emulator.URL, record.LocalEMR.URL), nil
}
