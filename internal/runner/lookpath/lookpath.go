// Package lookpath finds programs in the PATH of an environment that is not the
// process's own.
package lookpath

import (
	"os"
	"path/filepath"
	"strings"
)

// In returns the file of the program name, or "" if there is none.
func In(environ []string, name string) string {
	path := ""
	for _, e := range environ { // the last one counts
		if value, ok := strings.CutPrefix(e, "PATH="); ok {
			path = value
		}
	}
	for _, dir := range filepath.SplitList(path) {
		file := filepath.Join(dir, name)
		if info, err := os.Stat(file); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return file
		}
	}
	return ""
}
