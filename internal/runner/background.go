package runner

import (
	"fmt"
	"strings"

	"ephemr/internal/job"
	"ephemr/internal/runner/program"
)

// maxBackground is how many processes a Result names.
const maxBackground = 20

// background adds to res the processes that outlived the program and were ended.
// Their work is not done, so that by default the job has failed.
func background(s job.Spec, name string, res job.Result, exit program.Exit, stderr *output) job.Result {
	if len(exit.Background) == 0 {
		return res
	}
	res.Background = exit.Background[:min(len(exit.Background), maxBackground)]
	switch {
	case exit.Err != nil:
		res.Reason += " while it waited for processes in the background: " + list(exit.Background)
	case res.Succeeded() && s.Background != job.BackgroundKill:
		res.Class, res.ExitCode, res.NothingToDo = job.ClassJob, exitBackground, false
		res.Reason = fmt.Sprintf("%s exited while processes that it had started were running, which were ended: %s; "+
			"wait for them, or set background to wait or kill", name, list(exit.Background))
	default:
		stderr.notice("ephemr: ended processes that outlived the program: " + list(exit.Background))
	}
	return res
}

// list names the first few processes.
func list(processes []string) string {
	const most = 3
	text := strings.Join(processes[:min(len(processes), most)], ", ")
	if more := len(processes) - most; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}
