package terminal

import (
	"hash/fnv"

	"ephemr/internal/run"
)

// Style colours text; the zero Style leaves it unchanged.
type Style struct{ On bool }

func (s Style) paint(code, text string) string {
	if !s.On || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// Bold is for the most important text.
func (s Style) Bold(text string) string { return s.paint("1", text) }

// Dim is for secondary text.
func (s Style) Dim(text string) string { return s.paint("2", text) }

// Red is for failures.
func (s Style) Red(text string) string { return s.paint("31", text) }

// Green is for successes.
func (s Style) Green(text string) string { return s.paint("32", text) }

// Yellow is for work in progress and warnings.
func (s Style) Yellow(text string) string { return s.paint("33", text) }

// Hit is for matches of a search.
func (s Style) Hit(text string) string { return s.paint("1;31", text) }

// Cyan is for names to use in other commands.
func (s Style) Cyan(text string) string { return s.paint("36", text) }

// NothingToDo is shown instead of a reason for a success without work.
const NothingToDo = "nothing to do"

var jobColors = []string{"36", "35", "34", "33", "32", "96", "95", "94"}

// Job colours text in the fixed colour of the named job.
func (s Style) Job(name, text string) string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(name))
	return s.paint(jobColors[int(h.Sum32()%8)%len(jobColors)], text)
}

// State colours text by the state of a run.
func (s Style) State(state run.State, text string) string {
	switch state {
	case run.Succeeded:
		return s.Green(text)
	case run.Failed, run.Rejected:
		return s.Red(text)
	case run.Cancelled:
		return s.Dim(text)
	case run.Queued, run.Admitted, run.Running:
		return s.Yellow(text)
	}
	return text
}

// JobState colours text by the state of a job.
func (s Style) JobState(state run.JobState, text string) string {
	switch state {
	case run.JobSucceeded:
		return s.Green(text)
	case run.JobFailed:
		return s.Red(text)
	case run.JobSkipped, run.JobCancelled, run.JobPending:
		return s.Dim(text)
	case run.JobSubmitting, run.JobRunning:
		return s.Yellow(text)
	}
	return text
}
