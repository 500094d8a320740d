package laptop

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"ephemr/internal/local/region"
)

// mark is the variable that identifies every process of a region, including
// those started by them. Its value is the region's directory.
const mark = "EPHEMR_REGION"

// inherited lists the variables that a region inherits from the shell that starts
// it. No others, so that no credentials get into it.
var inherited = []string{"PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LC_ALL", "TZ", "JAVA_HOME", "GOCOVERDIR"}

func environ(endpoint, emr string) []string {
	var env []string
	for _, v := range region.Environ(endpoint, emr) {
		env = append(env, v.Name+"="+v.Value)
	}
	return env
}

// Unset lists variables that must not be in the environment of a program that
// uses a region.
var Unset = region.Unset

// Overlay returns base without the variables of Unset and with those of env.
func Overlay(base, env []string) []string {
	out := slices.DeleteFunc(slices.Clone(base), func(kv string) bool {
		name, _, _ := strings.Cut(kv, "=")
		return slices.Contains(Unset, name)
	})
	return append(out, env...)
}

// processEnviron is the environment of the region's own processes.
func (o *Options) processEnviron(rec record) []string {
	var env []string
	for _, name := range inherited {
		value, ok := os.LookupEnv(name)
		if name == "PATH" {
			value = joinPath(append(tools(o.Root), value)...)
		}
		if ok {
			env = append(env, name+"="+value)
		}
	}
	env = append(env, environ(rec.Emulator.URL, rec.LocalEMR.URL)...)
	return append(env, mark+"="+o.Dir, "TMPDIR="+filepath.Join(o.Dir, "tmp"))
}

func tools(root string) []string {
	return []string{
		filepath.Join(root, ".tools", "bin"),
		filepath.Join(root, ".tools", "venv", "bin"),
		filepath.Join(root, ".tools", "node", "node_modules", ".bin"),
	}
}

func joinPath(dirs ...string) string { return strings.Join(dirs, string(os.PathListSeparator)) }
