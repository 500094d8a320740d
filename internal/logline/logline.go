// Package logline is the contract between the runner, which streams what programs
// print, and readers of the log: how a line is written that has not ended yet.
//
// A log stream can only be appended to. The state of such a line is an event that
// ends with a carriage return, as a program ends what it is going to overwrite;
// the next event of the stream replaces it. A state that has been overwritten
// itself, of a progress bar, begins with one, too. Lines that have ended contain
// none: of what a line has shown its last state is kept.
//
// Tested by internal/runner/logstream and internal/view/follow.
package logline

import "strings"

// State is the event of a line that has not ended; bar says that it has
// overwritten itself.
func State(text string, bar bool) string {
	if bar {
		text = "\r" + text
	}
	return text + "\r"
}

// Parse reads an event.
func Parse(event string) (text string, unfinished, bar bool) {
	text, unfinished = strings.CutSuffix(event, "\r")
	if unfinished {
		text, bar = strings.CutPrefix(text, "\r")
	}
	return text, unfinished, bar
}

// Last is the last state of a line with carriage returns.
func Last(line string) string {
	line = strings.TrimRight(line, "\r")
	return line[strings.LastIndexByte(line, '\r')+1:]
}
