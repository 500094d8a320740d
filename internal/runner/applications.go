package runner

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"strings"
	"time"

	"ephemr/internal/job"
	"ephemr/internal/runner/program"
	"ephemr/internal/runner/yarn"
)

// applications are the YARN applications of one attempt, on a cluster that has
// YARN. They do not end with the program that submitted them.
type applications struct {
	cli    *yarn.CLI
	claim  *yarn.Claim
	tag    string
	conf   string // directory for Hadoop's configuration with the tag
	stderr *output
	settle time.Duration // how long applications may take to end after a success
	poll   time.Duration // between two looks at applications that the job waits for
}

// claimApplications kills what earlier attempts on this cluster have left, since
// this one may be the retry of one of them.
func (r *Runner) claimApplications(ctx context.Context, s job.Spec, w workspace, stderr *output) *applications {
	a := &applications{cli: yarn.Find(r.Environ), tag: yarn.Tag(s.RunID, s.Job, s.Attempt), conf: filepath.Join(w.dir, "hadoop"), stderr: stderr, settle: r.Linger, poll: r.Poll}
	claim, killed, err := yarn.Begin(ctx, a.cli, filepath.Join(r.base(), "attempts"), a.tag)
	a.claim = claim
	if len(killed) > 0 {
		stderr.notice("ephemr: killed YARN applications of an earlier attempt: " + applicationNames(killed))
	}
	if err != nil {
		stderr.notice("ephemr: " + err.Error() + "; applications of an earlier attempt may still be running on this cluster")
	}
	return a
}

// mark makes what the job submits carry its tag.
func (a *applications) mark(s job.Spec, env []string) (job.Spec, []string) {
	if a.cli == nil {
		return s, env
	}
	more, err := yarn.Environ(env, a.tag, a.conf)
	if err != nil {
		a.stderr.notice("ephemr: " + err.Error())
	}
	tagged := map[job.Type][]string{job.Spark: {yarn.SparkTags}, job.DBT: {yarn.SparkTags}, job.Hive: {yarn.TezTags, yarn.MapReduceTags}}[s.Type]
	if len(tagged) > 0 {
		s.Conf = maps.Clone(s.Conf)
		if s.Conf == nil {
			s.Conf = map[string]string{}
		}
		for _, name := range tagged {
			s.Conf[name] = yarn.Join(s.Conf[name], a.tag)
		}
	}
	return s, append(env, more...)
}

// end kills the applications that outlived the program. What becomes of a success
// then is chosen as for processes; they may run until the timeout of the attempt.
func (a *applications) end(ctx context.Context, s job.Spec, res job.Result, name string, deadline time.Time) job.Result {
	settle := time.Duration(0)
	if res.Succeeded() { // clients do not always wait for what they have stopped
		settle = a.settle
	}
	if res.Succeeded() && s.Background == job.BackgroundWait {
		res = a.wait(ctx, s, res, name, deadline)
	}
	killed, err := a.claim.End(ctx, settle)
	if err != nil {
		a.stderr.notice(fmt.Sprintf("ephemr: %v; applications with the tag %s may still be running", err, a.tag))
	}
	if len(killed) == 0 {
		return res
	}
	a.stderr.notice("ephemr: killed YARN applications that outlived the program: " + applicationNames(killed))
	for _, app := range killed[:min(len(killed), maxBackground-len(res.Background))] {
		res.Background = append(res.Background, app.String())
	}
	if res.Succeeded() && s.Background != job.BackgroundKill {
		res.Class, res.ExitCode, res.NothingToDo = job.ClassJob, exitBackground, false
		res.Reason = fmt.Sprintf("%s exited before its YARN applications, which were killed: %s; wait for them "+
			"(Spark: do not set spark.yarn.submit.waitAppCompletion=false), or set background to wait or kill", name, applicationNames(killed))
	}
	return res
}

// wait returns when the applications have ended, or the attempt has to.
func (a *applications) wait(ctx context.Context, s job.Spec, res job.Result, name string, deadline time.Time) job.Result {
	ctx, cancel := context.WithDeadline(ctx, deadline)
	defer cancel()
	err := a.claim.Wait(ctx, a.settle, a.poll)
	switch {
	case err != nil:
		res.Class, res.ExitCode, res.NothingToDo = job.ClassJob, exitBackground, false
		res.Reason = fmt.Sprintf("%s exited, and whether its YARN applications have ended is unknown: %v", name, err)
		return res
	case ctx.Err() == nil:
		return res
	case time.Now().Before(deadline):
		return judge(s, name, program.Exit{Err: program.ErrCancelled})
	}
	return judge(s, name, program.Exit{Err: program.ErrTimeout})
}

func applicationNames(apps []yarn.Application) string {
	var all []string
	for _, a := range apps {
		all = append(all, a.String())
	}
	return strings.Join(all, ", ")
}
