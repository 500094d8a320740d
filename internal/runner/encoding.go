package runner

import (
	"os/exec"
	"slices"
	"strings"

	"ephemr/internal/job"
)

const utf8Locale = "C.UTF-8"

// encoding returns the variables that a job needs to use UTF-8. Without a locale,
// or with one that is not installed, Java replaces each character that is not
// ASCII by a question mark, in arguments, variables and file names.
func encoding(s job.Spec, env []string) []string {
	if !isASCII(env) || s.Type == job.Bash && chosen(s.Env) {
		return nil
	}
	add := []string{"LANG=" + utf8Locale}
	if slices.ContainsFunc(env, func(e string) bool { return strings.HasPrefix(e, "LC_") && !strings.HasSuffix(e, "=") }) {
		add = append(add, "LC_ALL="+utf8Locale)
	}
	if variable(env, "PYTHONUTF8") == "" {
		add = append(add, "PYTHONUTF8=1")
	}
	return add
}

// isASCII reports whether the locale of env can express no other characters.
func isASCII(env []string) bool {
	cmd := exec.Command("locale", "charmap") //nolint:noctx // it ends at once
	cmd.Env = env
	if charmap, err := cmd.Output(); err == nil {
		return slices.Contains([]string{"ANSI_X3.4-1968", "US-ASCII", "646", ""}, strings.TrimSpace(string(charmap)))
	}
	name := locale(func(name string) string { return variable(env, name) })
	return slices.Contains([]string{"", "C", "POSIX"}, name)
}

// chosen reports whether a job asks for the locale without characters itself, for
// the order of sort for example.
func chosen(env map[string]string) bool {
	name := locale(func(name string) string { return env[name] })
	return name == "C" || name == "POSIX"
}

// locale is the one for characters: an empty variable is not set, as in POSIX.
func locale(get func(string) string) string {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if value := get(name); value != "" {
			return value
		}
	}
	return ""
}

// encodeExecutors sets UTF-8 for Spark's containers, which do not inherit the
// environment of the job.
func encodeExecutors(conf map[string]string) {
	for _, prefix := range []string{"spark.executorEnv.", "spark.yarn.appMasterEnv."} {
		if conf[prefix+"LANG"]+conf[prefix+"LC_ALL"]+conf[prefix+"LC_CTYPE"] == "" {
			conf[prefix+"LANG"] = utf8Locale
		}
		if conf[prefix+"PYTHONUTF8"] == "" {
			conf[prefix+"PYTHONUTF8"] = "1"
		}
	}
}
