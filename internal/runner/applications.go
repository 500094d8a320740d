package runner

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"strings"
	"time"

	"ephemr/internal/job"
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
}

// claimApplications kills what earlier attempts on this cluster have left, since
// this one may be the retry of one of them.
func (r *Runner) claimApplications(ctx context.Context, s job.Spec, w workspace, stderr *output) *applications {
	a := &applications{cli: yarn.Find(r.Environ), tag: yarn.Tag(s.RunID, s.Job, s.Attempt), conf: filepath.Join(w.dir, "hadoop"), stderr: stderr, settle: r.Linger}
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
	tagged := map[job.Type][]string{job.Spark: {yarn.SparkTags}, job.Hive: {yarn.TezTags, yarn.MapReduceTags}}[s.Type]
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

// end kills the applications that outlived the program. A program that left its
// work to one of them has not succeeded.
func (a *applications) end(ctx context.Context, res job.Result) job.Result {
	settle := time.Duration(0)
	if res.Succeeded() { // clients do not always wait for what they have stopped
		settle = a.settle
	}
	killed, err := a.claim.End(ctx, settle)
	if err != nil {
		a.stderr.notice(fmt.Sprintf("ephemr: %v; applications with the tag %s may still be running", err, a.tag))
	}
	if len(killed) == 0 {
		return res
	}
	a.stderr.notice("ephemr: killed YARN applications that outlived the program: " + applicationNames(killed))
	if res.Succeeded() {
		res = job.Result{Class: job.ClassJob, ExitCode: exitApplications, Reason: fmt.Sprintf(
			"the program ended before its YARN applications, which were killed: %s; it must wait for them (Spark: do not set spark.yarn.submit.waitAppCompletion=false)",
			applicationNames(killed))}
	}
	return res
}

func applicationNames(apps []yarn.Application) string {
	var all []string
	for _, a := range apps {
		all = append(all, a.String())
	}
	return strings.Join(all, ", ")
}
