package localemr

import (
	"context"
	"fmt"
	"time"
)

// bootstrap runs the bootstrap actions in order, once, as on the primary instance.
// The other instances have no processes.
func (s *Server) bootstrap(ctx context.Context, c *record) {
	s.mu.Lock()
	state, primary, logURI := c.state(), c.primary().EC2InstanceID, c.Cluster.LogURI
	configurations := c.Cluster.Configurations
	name, actions, lasts := c.Cluster.Name, c.Bootstraps, time.Duration(s.live.Bootstrap)
	s.mu.Unlock()
	if state != stateBootstrapping {
		return
	}
	s.writeSparkDefaults(ctx, c.Cluster.ID, configurations)
	if !pause(ctx, lasts) {
		return
	}
	if err := makeBusyFile(s.workDir(c.Cluster.ID)); err != nil {
		s.log.ErrorContext(ctx, "make isbusy", "cluster", c.Cluster.ID, "error", err)
	}
	if s.faults.take(kindBootstrapFailure, map[string]string{"cluster": name}) != nil {
		s.failBootstrap(ctx, c, nonZero(primary, 1))
		return
	}
	for i, action := range actions {
		a := bootstrapAction{number: i + 1, primary: primary, logURI: logURI, command: action}
		if detail := s.runBootstrapAction(ctx, c, a); detail != nil {
			s.failBootstrap(ctx, c, *detail)
			return
		}
	}
	if ctx.Err() == nil {
		s.markReady(ctx, c)
	}
}

type bootstrapAction struct {
	number  int // from 1
	primary string
	logURI  string
	command commandShape
}

func (s *Server) runBootstrapAction(ctx context.Context, c *record, b bootstrapAction) *errorDetail {
	id := c.Cluster.ID
	logs, err := s.openLogs(id, b.logURI, fmt.Sprintf("node/%s/bootstrap-actions/%d", b.primary, b.number))
	if err != nil {
		return downloadFailed(b.primary, b.number)
	}
	defer s.upload(ctx, logs, "controller", "stdout", "stderr")
	dir, err := makeDir(s.workDir(id), "bootstrap-actions", fmt.Sprint(b.number))
	if err != nil {
		return downloadFailed(b.primary, b.number)
	}
	logs.controllerLine("INFO", "Fetching file '%s'", b.command.ScriptPath)
	argv, err := s.script(ctx, append([]string{b.command.ScriptPath}, b.command.Args...), dir)
	if err != nil {
		logs.controllerLine("ERROR", "Error downloading file: %v", err)
		return downloadFailed(b.primary, b.number)
	}
	logs.controllerLine("INFO", "Executing %q", argv)
	code, err := s.attemptBootstrap(ctx, c, program{
		argv: argv, dir: dir, env: s.environ(id, "", s.workDir(id)),
		stdout: logs.path("stdout"), stderr: logs.path("stderr"),
	})
	logs.controllerLine("INFO", "Execution ended with ret val %d %v", code, errText(err))
	if code != 0 || err != nil {
		detail := nonZero(b.primary, b.number)
		return &detail
	}
	return nil
}

func (s *Server) attemptBootstrap(ctx context.Context, c *record, p program) (int, error) {
	s.mu.Lock()
	grace := time.Duration(s.live.TerminateGrace)
	a := s.register(c, "bootstrap")
	s.mu.Unlock()
	release := a.stopWith(ctx, grace)
	defer release()
	defer s.unregister(c, "bootstrap")
	return a.run(ctx, p)
}

// failBootstrap ends the cluster as EMR does when a bootstrap action fails.
func (s *Server) failBootstrap(ctx context.Context, c *record, detail errorDetail) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped.Err() == nil {
		s.end(ctx, c, reason{Code: codeBootstrapFailure, Message: detail.ErrorMessage}, detail)
	}
}

func nonZero(instance string, number int) errorDetail {
	return errorDetail{
		ErrorCode:    "BOOTSTRAP_FAILURE_PRIMARY_WITH_NON_ZERO_CODE",
		ErrorMessage: fmt.Sprintf("On the master instance (%s), bootstrap action %d returned a non-zero return code", instance, number),
		ErrorData:    []map[string]string{{"instance-id": instance, "bootstrap-action-number": fmt.Sprint(number)}},
	}
}

func downloadFailed(instance string, number int) *errorDetail {
	return &errorDetail{
		ErrorCode:    "BOOTSTRAP_FAILURE_BA_DOWNLOAD_FAILED_PRIMARY",
		ErrorMessage: fmt.Sprintf("Master instance (%s) failed attempting to download bootstrap action %d file from S3", instance, number),
		ErrorData:    []map[string]string{{"instance-id": instance, "bootstrap-action-number": fmt.Sprint(number)}},
	}
}

func errText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
