package laptop

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// mark is the variable by which every process of a region, and what it started
// in turn, can be found again. Its value is the region's directory.
const mark = "EPHEMR_REGION"

// inherited is all that a region takes from the shell that brings it up, so
// that it does not depend on the shell, and no credentials get into it.
var inherited = []string{"PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LC_ALL", "TZ", "JAVA_HOME", "GOCOVERDIR"}

func environ(endpoint, emr string) []string {
	return []string{
		"AWS_ENDPOINT_URL=" + endpoint,
		"AWS_ENDPOINT_URL_EMR=" + emr,
		"AWS_ACCESS_KEY_ID=" + Account, // an access key of digits is the account, to the emulator
		"AWS_SECRET_ACCESS_KEY=test",
		"AWS_REGION=" + Name,
		"AWS_DEFAULT_REGION=" + Name,
		"AWS_EC2_METADATA_DISABLED=true",
		"AWS_DISABLE_HOST_PREFIX_INJECTION=true", // sync-127.0.0.1 is nowhere
		"EPHEMR_STAGE=" + Stage,
	}
}

// Unset names what must not be in the environment of a program that is to work
// in a region: it would lead to a real account.
var Unset = []string{"AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_CA_BUNDLE"}

// Overlay returns base with the variables of env put in, and Unset taken out.
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
