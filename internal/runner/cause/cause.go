// Package cause finds, in what a program prints, the line that says why it
// failed: the exception's own line, not the frames around it. It reads Python's
// tracebacks, Java's stack traces with their causes, failures of Spark's tasks,
// Hive's and YARN's errors, and what bash prints, with set -x as well.
package cause

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
)

// maxLine is how much of a line is looked at, maxCause how much of one is kept.
const (
	maxLine  = 4 << 10
	maxCause = 500
)

// Finder reads a stream and remembers the best line. The zero Finder is ready.
type Finder struct {
	line      []byte // the beginning of a line that has not ended
	traceback bool   // inside a Python traceback
	group     group
	held      string // an exception without a message, whose message may follow
	java      chain
	best      [ranks]string
}

// rank orders the kinds of lines: a higher one is closer to the cause.
type rank int

const (
	anyLine   rank = iota // the last line that is not part of a stack trace
	command               // the last command that set -x printed
	logged                // a line that a logger marks as an error
	bare                  // a Java exception that stands alone
	wrapper               // an exception that reports another process's
	exception             // the exception that ended the program, or its root
	ranks
)

// Write reads more of the stream. It never fails.
func (f *Finder) Write(p []byte) (int, error) {
	n := len(p)
	for len(p) > 0 {
		part, rest, ended := bytes.Cut(p, []byte{'\n'})
		f.line = append(f.line, part[:min(len(part), maxLine-len(f.line))]...)
		if ended {
			f.end()
		}
		p = rest
	}
	return n, nil
}

func (f *Finder) end() {
	f.read(strings.TrimRight(string(f.line), " \t\r"))
	f.line = f.line[:0]
}

// Line returns the cause, or "".
func (f *Finder) Line() string {
	if len(f.line) > 0 {
		f.end()
	}
	f.release("")
	order := []rank{exception, wrapper, bare, logged, anyLine}
	for _, r := range order {
		if f.best[r] != "" {
			return f.best[r]
		}
	}
	if f.best[command] != "" {
		return "last command: " + f.best[command]
	}
	return ""
}

// Of returns the cause of a program that has printed on both streams, or "": stderr's,
// unless only stdout has one that is more than its last line.
func Of(stderr, stdout *Finder) string {
	line := stderr.Line()
	if !stderr.Found() && stdout.Found() {
		return stdout.Line()
	}
	return line
}

// Found reports whether a line was found that is more than the last one.
func (f *Finder) Found() bool {
	f.release("")
	return f.best[exception]+f.best[wrapper]+f.best[bare]+f.best[logged] != ""
}

var (
	pythonError = regexp.MustCompile(`^[A-Za-z_][\w.]*(?:: .*|:)?$`)
	shellLine   = regexp.MustCompile(`^\S+: line \d+: .`)
	errorClass  = regexp.MustCompile(`^\[[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+(?:\.[A-Z0-9_]+)*\] `)
	javaThrown  = regexp.MustCompile(`^Exception in thread "[^"]*" (.+)$`)
	javaBare    = regexp.MustCompile(`^(?:[a-z][\w]*\.)+[A-Z][\w$]*(?:Exception|Error|Failure)\b(?:: .*)?$`)
	sparkTask   = regexp.MustCompile(`\(TID \d+\) \([^)]*\): (.+)$`)
	errorLine   = regexp.MustCompile(`(?i)^(?:\S+ \S+ )?(?:\[[^\]]*\] )?(?:ERROR|FATAL|FAILED|error|fatal)\b[: ]`)
	traced      = regexp.MustCompile(`^\++ \S`)
)

// wrappers are exceptions whose cause is printed after them.
var wrappers = []string{
	"py4j.protocol.Py4JJavaError", "py4j.protocol.Py4JError", "pyspark.errors.exceptions.captured.PythonException",
	"org.apache.spark.api.python.PythonException", "org.apache.spark.SparkException: Job aborted", "org.apache.spark.SparkException: Exception thrown in awaitResult",
	"java.lang.reflect.InvocationTargetException", "java.util.concurrent.ExecutionException", "java.lang.reflect.UndeclaredThrowableException",
	"org.apache.spark.SparkException: Application application_", "subprocess.CalledProcessError", "SystemExit",
}

func (f *Finder) read(line string) {
	at := strings.TrimLeft(line, " \t")
	switch {
	case at == "":
		return
	case f.group.read(at):
		f.traceback = false
		f.keep(exception, f.group.line())
		return
	case strings.Contains(line, "Traceback (most recent call last):"):
		f.release("")
		f.java.open = false
		f.traceback = true
		return
	case isFrame(at):
		f.release("")
		f.located(at)
		return
	case f.traceback:
		if at != line { // frames are indented
			return
		}
		f.traceback = false
		if pythonError.MatchString(line) {
			f.thrown(line)
			return
		}
	}
	f.release(line)
	f.located(line)
	f.other(line, at)
}

// located takes the line after an exception of Java.
func (f *Finder) located(line string) {
	if f.java.at(line) {
		f.keep(exception, f.java.line())
	}
}

func (f *Finder) other(line, at string) {
	if isLogged(line) && !strings.Contains(line, "Lost task") {
		return
	}
	if thrown, caused := javaException(line, at); thrown != "" {
		f.thrownByJava(thrown, caused)
		return
	}
	switch {
	case traced.MatchString(line):
		f.keep(command, strings.TrimLeft(line, "+ "))
	case javaBare.MatchString(line):
		f.keep(bare, line)
	case errorClass.MatchString(line): // of Spark SQL
		f.keep(exception, line)
	case errorLine.MatchString(line), shellLine.MatchString(line):
		f.keep(logged, line)
	default:
		f.keep(anyLine, line)
	}
}

// javaException returns the exception in a line that says that one was thrown, or "", and
// whether it is the cause of the one before.
func javaException(line, at string) (_ string, caused bool) {
	if m := javaThrown.FindStringSubmatch(line); m != nil {
		return m[1], false
	}
	if root, ok := strings.CutPrefix(at, "Caused by: "); ok {
		return root, true
	}
	if _, thrown, ok := strings.Cut(line, "User class threw exception: "); ok {
		return thrown, false
	}
	if strings.Contains(line, "(TID ") && sparkTask.MatchString(line) {
		return line, false
	}
	if thrown, ok := strings.CutPrefix(line, ": "); ok && javaBare.MatchString(thrown) { // py4j's
		return thrown, false
	}
	return "", false
}

// thrownByJava takes an exception's line of a Java program.
func (f *Finder) thrownByJava(line string, caused bool) {
	if m := sparkTask.FindStringSubmatch(line); m != nil {
		line = m[1] // what the task threw
	}
	if strings.HasPrefix(line, "TaskKilled (") { // because another task failed, or by speculation
		return
	}
	if isWrapper(line) {
		f.keep(wrapper, line)
		f.java = chain{}
		return
	}
	f.java.thrown(line, caused)
	f.keep(exception, f.java.line())
}

func isWrapper(line string) bool {
	return slices.ContainsFunc(wrappers, func(w string) bool { return strings.HasPrefix(line, w) })
}

// thrown takes an exception's line.
func (f *Finder) thrown(line string) {
	if isWrapper(line) {
		f.keep(wrapper, line)
		return
	}
	if strings.HasSuffix(line, ":") {
		f.held = line // its message is on the next line
		return
	}
	f.keep(exception, line)
}

// release ends an exception whose message may stand on the next line.
func (f *Finder) release(next string) {
	if f.held == "" {
		return
	}
	f.keep(exception, strings.TrimSpace(f.held+" "+strings.TrimSpace(next)))
	f.held = ""
}

// isLogged reports whether a logger printed the line after a date and a time,
// and not as an error.
func isLogged(line string) bool {
	for range 2 {
		_, rest, ok := strings.Cut(line, " ")
		if !ok {
			return false
		}
		line = rest
	}
	level, _, ok := strings.Cut(line, " ")
	return ok && (level == "INFO" || level == "WARN" || level == "DEBUG" || level == "TRACE")
}

// isFrame reports whether a line is a part of a stack trace.
func isFrame(at string) bool {
	return strings.HasPrefix(at, "at ") && strings.ContainsRune(at, '(') || strings.HasPrefix(at, "... ") && strings.Contains(at, " more") ||
		strings.HasPrefix(at, "Driver stacktrace:") || strings.HasPrefix(at, "Suppressed: ") || strings.HasPrefix(at, "During handling of the above exception") ||
		strings.HasPrefix(at, "The above exception was the direct cause")
}

func (f *Finder) keep(r rank, line string) {
	line = strings.ToValidUTF8(line, "\uFFFD")
	if len(line) > maxCause {
		line = strings.ToValidUTF8(line[:maxCause], "") + "…"
	}
	f.best[r] = line
}
