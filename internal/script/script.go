// Package script reads the text of the scripts and SQL files of a job: which
// program runs a script, and whether a file's encoding and line ends are those
// that its program expects. Packaging uses it to refuse such files, and the
// runner for packages that were made elsewhere.
package script

import (
	"bytes"
	"path"
	"slices"
	"strings"

	"ephemr/internal/job"
)

// Language decides what is checked in a file.
type Language int

// The languages of files.
const (
	Other Language = iota // not checked
	Shell                 // each line must end with LF alone
	SQL                   // the same, and all of the text must be UTF-8
	Line                  // another interpreter, named in the first line: only that line is checked
)

// MaxHead is how many bytes of a file Interpreter and LanguageOf need. Linux
// reads no more of the first line either.
const MaxHead = 256

// shells are the interpreters whose programs break with CR at the end of a line.
var shells = []string{"sh", "bash", "dash", "ksh", "zsh"}

// LanguageOf returns what a file of a job is written in: entry says whether the
// job runs it, head is its beginning.
func LanguageOf(t job.Type, name string, entry bool, head []byte) Language {
	ext := strings.ToLower(path.Ext(name))
	argv := Interpreter(head)
	switch {
	case IsProgram(head):
		return Other
	case t == job.Hive && (entry || slices.Contains(ofSQL, ext)):
		return SQL
	case slices.ContainsFunc(argv, isShell):
		return Shell
	case argv != nil:
		return Line
	case t == job.Bash && entry, slices.Contains(ofShell, ext):
		return Shell
	}
	return Other
}

// IsProgram reports whether a file is a compiled program of Linux, which needs no
// interpreter.
func IsProgram(head []byte) bool { return bytes.HasPrefix(head, []byte("\x7fELF")) }

func isShell(word string) bool {
	for _, part := range strings.FieldsFunc(word, func(r rune) bool { return r == ' ' || r == '\t' || r == '\r' }) {
		if slices.Contains(shells, path.Base(part)) {
			return true
		}
	}
	return false
}

// The extensions of shell scripts and of SQL files.
var (
	ofShell = []string{".sh", ".bash", ".ksh", ".zsh"}
	ofSQL   = []string{".sql", ".hql", ".q"}
)

// Concerns reports whether Check has to read a file that is not the entry of its
// job.
func Concerns(name string, executable bool) bool {
	ext := strings.ToLower(path.Ext(name))
	return executable || slices.Contains(ofShell, ext) || slices.Contains(ofSQL, ext)
}

// Interpreter returns the program that a script's first line names, and its
// argument if there is one, as Linux reads them: everything after the program is
// a single argument. It is nil without such a line.
func Interpreter(head []byte) []string {
	rest, ok := bytes.CutPrefix(head[:min(len(head), MaxHead)], []byte("#!"))
	if !ok {
		return nil
	}
	line, _, _ := bytes.Cut(rest, []byte("\n"))
	program, argument, _ := strings.Cut(strings.ReplaceAll(strings.Trim(string(line), " \t"), "\t", " "), " ")
	switch argument = strings.Trim(argument, " "); {
	case program == "":
		return nil
	case argument == "":
		return []string{program}
	}
	return []string{program, argument}
}
