package runner

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// harmless are the settings of pip that name no files.
var harmless = []string{
	"trusted-host", "timeout", "default-timeout", "retries", "progress-bar", "only-binary", "no-binary", "prefer-binary", "no-cache-dir", "no-input",
	"no-color", "user", "disable-pip-version-check", "root-user-action", "no-index", "quiet", "verbose", "pre", "break-system-packages",
}

var (
	words = regexp.MustCompile(`^[A-Za-z0-9_.:, -]*$`)
	// outside are addresses, and paths of the machine: the package, whose path is
	// another one each time, cannot be meant.
	outside = regexp.MustCompile(`^(https?://|file:///|/)[^\s$]*$`)
)

// isPlain reports whether a setting names no file of the package.
func isPlain(key, value string) bool {
	key = strings.ReplaceAll(strings.ToLower(key), "_", "-")
	if slices.Contains(harmless, key) && words.MatchString(value) {
		return true
	}
	all := strings.Fields(value)
	return len(all) > 0 && !slices.ContainsFunc(all, func(word string) bool { return !outside.MatchString(word) })
}

var (
	// buildVariables change what pip finds, runs or builds, besides its own.
	buildVariables = regexp.MustCompile(`^(PATH|HOME|TMPDIR|VIRTUAL_ENV|NETRC|CC|CXX|CPP|AR|LD|MAKE|.*FLAGS|PYTHON.*|XDG_.*|LD_.*|CONDA_.*|` +
		`SETUPTOOLS_.*|CARGO_.*|RUST.*|CMAKE.*|PKG_CONFIG.*|JAVA_HOME|BASH_ENV|ENV|GIT_.*)$`)
	// connectionVariables change how it reaches an index.
	connectionVariables = regexp.MustCompile(`(?i)^(.*_proxy|SSL_CERT_(FILE|DIR)|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE)$`)
)

// pipSettings returns the settings of pip that come from the environment and from
// the configuration of the machine. They are plain if none of them names files.
func pipSettings(env []string, dir, interpreter string) (settings []string, plain bool) {
	plain = true
	add := func(key, value string) {
		settings = append(settings, key+"="+value)
		for _, word := range strings.Fields(value) {
			settings = append(settings, contentOf(strings.TrimPrefix(word, "file://"))...)
		}
		plain = plain && isPlain(key, value)
	}
	for _, name := range names(env) {
		if key, ok := strings.CutPrefix(name, "PIP_"); ok {
			add(key, variable(env, name))
		}
	}
	for _, file := range configFiles(env, dir, interpreter) {
		text, _ := os.ReadFile(file) //nolint:gosec // the configuration of pip, if there is one
		for line := range strings.SplitSeq(string(text), "\n") {
			if line = strings.TrimRight(line, " \t\r"); line != "" && !strings.ContainsAny(line[:1], "#;[") {
				key, value, _ := strings.Cut(line, "=")
				add(strings.TrimRight(key, " \t"), strings.TrimSpace(value))
			}
		}
	}
	return settings, plain
}

// contentOf describes a file of the machine, or the files of a directory.
func contentOf(name string) (content []string) {
	info, err := os.Stat(name)
	switch {
	case !filepath.IsAbs(name) || err != nil:
	case info.IsDir():
		entries, _ := os.ReadDir(name) // none
		for _, e := range entries {
			if file, err := e.Info(); err == nil {
				content = append(content, fmt.Sprintf("%s %d", filepath.Join(name, e.Name()), file.Size()))
			}
		}
	case info.Mode().IsRegular() && info.Size() <= maxRequirements:
		text, _ := os.ReadFile(name) //nolint:gosec // that pip reads
		content = append(content, fmt.Sprintf("%s %x", name, sha256.Sum256(text)))
	}
	return content
}

// configFiles are those that pip reads on Linux: of the machine, the user, the
// environment of an interpreter, and the one that a variable names.
func configFiles(env []string, dir, interpreter string) []string {
	home := variable(env, "HOME")
	files := []string{"/etc/pip.conf"}
	for _, etc := range filepath.SplitList(cmp.Or(variable(env, "XDG_CONFIG_DIRS"), "/etc/xdg")) {
		files = append(files, filepath.Join(etc, "pip", "pip.conf"))
	}
	files = append(files, filepath.Join(home, ".pip", "pip.conf"),
		filepath.Join(cmp.Or(variable(env, "XDG_CONFIG_HOME"), filepath.Join(home, ".config")), "pip", "pip.conf"),
		filepath.Join(filepath.Dir(filepath.Dir(interpreter)), "pip.conf"))
	if named := variable(env, "PIP_CONFIG_FILE"); filepath.IsAbs(named) {
		files = append(files, named)
	} else if named != "" {
		files = append(files, filepath.Join(dir, named))
	}
	return files
}

// buildsOtherwise reports whether variables of a job can change what pip finds or
// builds.
func buildsOtherwise(own map[string]string) bool {
	for name := range own {
		if buildVariables.MatchString(name) {
			return true
		}
	}
	return false
}

// forPip is env without the job's own variables that are not for pip: what pip
// does not get cannot change what it installs.
func forPip(env []string, own map[string]string) []string {
	return slices.DeleteFunc(slices.Clone(env), func(e string) bool {
		name, value, _ := strings.Cut(e, "=")
		set, ok := own[name]
		return ok && set == value && !strings.HasPrefix(name, "PIP_") && !connectionVariables.MatchString(name)
	})
}

func connectionsOf(own map[string]string) (settings []string) {
	for name, value := range own {
		if connectionVariables.MatchString(name) {
			settings = append(settings, name+"="+value)
		}
	}
	return settings
}

func names(env []string) (all []string) {
	for _, e := range env {
		name, _, _ := strings.Cut(e, "=")
		all = append(all, name)
	}
	slices.Sort(all)
	return slices.Compact(all)
}
