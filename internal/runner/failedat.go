package runner

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"ephemr/internal/job"
	"ephemr/internal/runner/cause"
)

// failedAt has bash record which command ended a script: with set -e it prints nothing
// about it. bash reads the file that BASH_ENV names before a script, and only then; the
// traps are not inherited by functions and subshells, and a script that sets its own
// replaces them.
type failedAt struct {
	files  string // directory of the scripts
	record string // file; "" = nothing is recorded
}

// The options of the script are off in the trap for EXIT: under set -u an array without
// elements is an error, which would become the exit code of a script that succeeded.
const traps = `unset BASH_ENV
trap '{ ephemr_failed=$LINENO ephemr_command=$BASH_COMMAND; } 2>/dev/null' ERR
trap '{ ephemr_code=$? ephemr_last=$BASH_COMMAND; set +eu
if [ "$ephemr_code" = 0 ]; then
  :
elif [ ${#FUNCNAME[@]} -gt 0 ]; then
  printf "%%s\n%%s: line %%s, in %%s: %%s" "$ephemr_code" "${0##*/}" "${BASH_LINENO[${#BASH_LINENO[@]}-2]}" "${FUNCNAME[0]}" "$ephemr_last" >%[1]s
elif [ "${ephemr_command-}" = "$ephemr_last" ]; then
  printf "%%s\n%%s: line %%s: %%s" "$ephemr_code" "${0##*/}" "$ephemr_failed" "$ephemr_last" >%[1]s
fi; } 2>/dev/null' EXIT
`

// recordFailure returns env with what bash needs, unless another program runs the entry, which
// would pass it on to scripts that it calls, or s uses BASH_ENV itself.
func recordFailure(s job.Spec, w workspace, argv, env []string) (failedAt, []string) {
	if s.Type != job.Bash || interpreterOf(argv) != "bash" || slices.ContainsFunc(env, func(e string) bool { return strings.HasPrefix(e, "BASH_ENV=") }) {
		return failedAt{files: w.files}, env
	}
	file, record := filepath.Join(w.dir, "traps.sh"), filepath.Join(w.dir, "failed")
	if strings.ContainsAny(record, `'"\$`+"`") || os.WriteFile(file, fmt.Appendf(nil, traps, `"`+record+`"`), 0o600) != nil {
		return failedAt{files: w.files}, env // the script runs all the same
	}
	return failedAt{w.files, record}, append(env, "BASH_ENV="+file)
}

var shellLine = regexp.MustCompile(`^\S+: line \d+: `)

// explain adds to why a program failed what it has printed about that. What is found after
// this has a reason of its own.
func (f failedAt) explain(res job.Result, stderr, stdout *cause.Finder) job.Result {
	if res.Class == job.ClassJob {
		res.Cause = f.cause(stderr, stdout, res.ExitCode)
		res.Reason = withCause(res.Reason, res.Cause)
	}
	return res
}

// cause is what a program has printed about its failure. If that is no exception, it has
// the command with which a script ended.
func (f failedAt) cause(stderr, stdout *cause.Finder, code int) string {
	printed := strings.TrimPrefix(cause.Of(stderr, stdout), f.files+"/")
	if f.record == "" || stderr.Found() && !shellLine.MatchString(printed) || stdout.Found() && !stderr.Found() {
		return printed
	}
	data, err := os.ReadFile(f.record)
	if err != nil {
		return printed
	}
	recorded, at, _ := strings.Cut(string(data), "\n")
	switch prefix, _, _ := strings.Cut(at, ","); {
	case recorded != strconv.Itoa(code):
		return printed
	case stderr.Line() == "": // what it printed on stdout is no complaint
		return cmp.Or(oneLine(at), printed)
	case strings.HasPrefix(printed, prefix) || shellLine.MatchString(printed):
		return printed
	}
	return printed + " (" + oneLine(at) + ")"
}

// oneLine is the first line of a command, and at most so much of it.
func oneLine(command string) string {
	line, rest, _ := strings.Cut(command, "\n")
	const most = 300
	if len(line) > most {
		line, rest = line[:most], "…"
	}
	if rest != "" {
		line += " …"
	}
	return strings.ToValidUTF8(line, "")
}
