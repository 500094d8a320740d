package localemr

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// stepJob is the input of a step's goroutine, copied while the lock was held.
type stepJob struct {
	cluster, clusterName string
	id, name             string
	config               stepConfig
	logURI               string
	role                 string // that the step runs with; "" = that of the instances
	instanceProfile      string
	grace, report        time.Duration
	killed, died         *Fault // faults that apply to this step
}

// startStep runs st in a goroutine of its own. s.mu must be held.
func (s *Server) startStep(ctx context.Context, c *record, st *stepShape) {
	attrs := map[string]string{"cluster": c.Cluster.Name, "step": st.Name}
	job := stepJob{
		cluster: c.Cluster.ID, clusterName: c.Cluster.Name, id: st.ID, name: st.Name,
		config: st.Config, logURI: c.Cluster.LogURI,
		role: st.ExecutionRoleArn, instanceProfile: c.Cluster.EC2InstanceAttributes.IamInstanceProfile,
		grace: time.Duration(s.live.TerminateGrace), report: time.Duration(s.live.CancelReport),
		killed: s.faults.take(kindStepKilled, attrs), died: s.faults.take(kindInstanceFailure, attrs),
	}
	a := s.register(c, st.ID)
	s.setStep(ctx, c, st, stateRunning, reason{})
	s.fleet.Go(func() {
		defer s.unregister(c, job.id)
		release := a.stopWith(ctx, job.grace)
		disarm := s.arm(ctx, c, a, job)
		res := s.execute(ctx, a, job)
		disarm()
		release()
		s.finishStep(ctx, c, st, a, job, res)
	})
}

// arm sets the timers of the faults that hit a running step.
func (s *Server) arm(ctx context.Context, c *record, a *attempt, job stepJob) (disarm func()) {
	var timers []*time.Timer
	if job.killed != nil {
		timers = append(timers, time.AfterFunc(time.Duration(job.killed.Delay), func() { a.signal(sigKill) }))
	}
	if job.died != nil {
		timers = append(timers, time.AfterFunc(time.Duration(job.died.Delay), func() { s.loseInstance(ctx, c, a, job.died) }))
	}
	return func() {
		for _, t := range timers {
			t.Stop()
		}
	}
}

// result is how a step's process ended.
type result struct {
	ok      bool
	message string // of a failure
	logs    logDir
}

// execute runs a step to its end and kills the processes that it left.
func (s *Server) execute(ctx context.Context, a *attempt, job stepJob) result {
	began := time.Now()
	logs, err := s.openLogs(job.cluster, job.logURI, "steps/"+job.id)
	if err != nil {
		return result{message: err.Error()}
	}
	for _, name := range []string{"syslog", "stdout", "stderr"} {
		if f, err := appendTo(logs.path(name)); err == nil {
			closeQuietly(f) // they exist even without content
		}
	}
	code, err := s.launch(ctx, a, job, logs)
	s.sweepStep(ctx, a, job)
	took := int(time.Since(began).Seconds())
	if err == nil && code == 0 {
		logs.controllerLine("INFO", "Step succeeded with exitCode 0 and took %d seconds", took)
		return result{ok: true, logs: logs}
	}
	logs.controllerLine("WARN", "Step failed with exitCode %d and took %d seconds", code, took)
	return result{message: errText(err), logs: logs}
}

func (s *Server) launch(ctx context.Context, a *attempt, job stepJob, logs logDir) (int, error) {
	home := s.workDir(job.cluster)
	dir, err := makeDir(home, "steps", job.id)
	if err != nil {
		return 1, err
	}
	env := s.environ(job.cluster, job.id, home, "EMR_STEP_ID="+job.id)
	if job.role != "" {
		keys, err := s.roleEnviron(ctx, job)
		if err != nil {
			writeException(logs, err)
			return 1, err
		}
		env = append(env, keys...)
	}
	argv, err := s.argv(ctx, job.config, job.role, dir, env)
	if err != nil {
		writeException(logs, err)
		return 1, err
	}
	logs.controllerLine("INFO", "startExec 'hadoop jar %s %s'", job.config.Jar, strings.Join(job.config.Args, " "))
	logs.controllerLine("INFO", "Environment: HOME=%s EMR_CLUSTER_ID=%s EMR_STEP_ID=%s", home, job.cluster, job.id)
	code, err := a.run(ctx, program{
		argv: argv, dir: dir, env: env, stdout: logs.path("stdout"), stderr: logs.path("stderr"),
		parent: isCommandRunner(job.config.Jar) || scriptRunner.MatchString(job.config.Jar),
	})
	if err != nil {
		writeException(logs, err)
		return 1, err
	}
	logs.controllerLine("INFO", "waitProcessCompletion ended with exit code %d", code)
	return code, nil
}

// writeException writes an error where command-runner would write it.
func writeException(logs logDir, err error) {
	f, openErr := appendTo(logs.path("stderr"))
	if openErr != nil {
		return
	}
	defer closeQuietly(f)
	_, _ = fmt.Fprintf(f, "Exception in thread \"main\" java.lang.RuntimeException: java.io.IOException: %v\n", err)
}

// finishStep sets a step's final state and applies its ActionOnFailure.
func (s *Server) finishStep(ctx context.Context, c *record, st *stepShape, a *attempt, job stepJob, res result) {
	late := s.faults.take(kindLogsLate, map[string]string{"cluster": job.clusterName, "step": job.name})
	if late == nil {
		s.uploadStep(ctx, res)
	} else {
		s.later(late.Delay, func() { s.uploadStep(ctx, res) })
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	state, why := s.verdict(c, a, res)
	if state == "" {
		return // the server closes; the next one finds the step RUNNING and sets FAILED
	}
	if state == stateFailed {
		s.explain(c, st, res)
	}
	s.setStep(ctx, c, st, state, why)
	if state == stateFailed {
		s.actOnFailure(ctx, c, st)
	}
}

func (s *Server) verdict(c *record, a *attempt, res result) (string, reason) {
	endState, cancelled := a.verdict()
	switch {
	case endState != "":
		return endState, reason{}
	case cancelled:
		return stateCancelled, reason{Message: "Cancelled by user"}
	case res.ok:
		return stateCompleted, reason{}
	case s.stopped.Err() != nil:
		return "", reason{}
	case c.isEnding():
		return stateCancelled, reason{Message: "Job terminated"}
	default:
		return stateFailed, reason{}
	}
}

func (s *Server) uploadStep(ctx context.Context, res result) {
	s.upload(ctx, res.logs, "controller", "syslog", "stdout", "stderr")
}

// explain sets FailureDetails, unless a fault omits or delays them.
func (s *Server) explain(c *record, st *stepShape, res result) {
	details := &failureDetails{Reason: "Unknown Error.", Message: res.exception(), LogFile: res.logs.uri("stderr")}
	f := s.faults.take(kindFailureDetails, map[string]string{"cluster": c.Cluster.Name, "step": st.Name})
	switch {
	case f == nil:
		st.Status.FailureDetails = details
	case f.Delay > 0:
		s.later(f.Delay, func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			st.Status.FailureDetails = details
			s.save(s.stopped, c)
		})
	}
}

// maxQuoted bounds the search for an exception in a step's stderr.
const maxQuoted = 1 << 20

// exception finds the line of a step's stderr that EMR quotes.
func (r result) exception() string {
	if r.logs.dir == "" {
		return r.message
	}
	f, err := os.Open(r.logs.path("stderr"))
	if err != nil {
		return r.message
	}
	defer closeQuietly(f)
	for scan := bufio.NewScanner(io.LimitReader(f, maxQuoted)); scan.Scan(); {
		if line := scan.Text(); strings.HasPrefix(line, "Exception in thread") || strings.HasPrefix(line, "Error:") {
			return strings.TrimSpace(line)
		}
	}
	return ""
}

// later calls do after a delay, unless the server has closed by then.
func (s *Server) later(d Duration, do func()) {
	s.fleet.Go(func() {
		if pause(s.stopped, time.Duration(d)) {
			do()
		}
	})
}

// loseInstance terminates the primary instance during a step.
func (s *Server) loseInstance(ctx context.Context, c *record, a *attempt, f *Fault) {
	endState := f.State
	if endState == "" {
		endState = stateInterrupted
	}
	a.endAs(endState)
	s.mu.Lock()
	defer s.mu.Unlock()
	p := c.primary()
	p.Status.State = stateTerminated
	p.Status.StateChangeReason = reason{Code: codeInstanceFailure, Message: "Instance was terminated."}
	s.end(ctx, c, reason{Code: codeInstanceFailure, Message: "The master instance (" + p.EC2InstanceID + ") was terminated"})
}
