package localemr

import (
	"bufio"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// idle applies the auto-termination policy. A running step does not keep a cluster:
// EMR counts pending steps, active YARN applications and the time of a file
// that work without YARN touches. It returns how long c may still be idle, or 0
// without a limit.
//
// Source: Amazon EMR Management Guide, "Using an auto-termination policy for Amazon
// EMR cluster cleanup".
func (s *Server) idle(ctx context.Context, c *record) time.Duration {
	timeout := c.idleTimeout(time.Duration(s.live.IdleSecond))
	if timeout == 0 {
		return 0
	}
	if active := s.lastActive(c); active.After(c.IdleSince.Time) {
		c.IdleSince = epoch{active}
	}
	left := time.Until(c.IdleSince.Add(timeout))
	if left <= 0 {
		s.end(ctx, c, reason{Code: codeAllDone, Message: "Cluster auto-terminated after being idle"})
		return 0
	}
	return left
}

// lastActive is when c was last known not to be idle.
func (s *Server) lastActive(c *record) time.Time {
	home := s.workDir(c.Cluster.ID)
	applications := filepath.Join(home, "yarn", "applications")
	pending := c.countSteps(func(st *stepShape) bool { return st.Status.State == statePending })
	if pending > 0 || hasLiving(applications) {
		return time.Now()
	}
	times := []time.Time{c.Cluster.Status.Timeline.ReadyDateTime.Time, modified(applications), modified(busyFile(home))}
	for _, st := range c.Steps {
		times = append(times, st.Status.Timeline.StartDateTime.Time) // it was pending until then
	}
	return slices.MaxFunc(times, time.Time.Compare)
}

// busyFile is /emr/metricscollector/isbusy of a cluster.
func busyFile(home string) string {
	return filepath.Join(home, "emr", "metricscollector", "isbusy")
}

// makeBusyFile makes what EMR's instances have.
func makeBusyFile(home string) error {
	if _, err := makeDir(filepath.Dir(busyFile(home))); err != nil {
		return err
	}
	f, err := appendTo(busyFile(home))
	if err == nil {
		closeQuietly(f)
	}
	return err
}

func modified(file string) time.Time {
	info, err := os.Stat(file)
	if err != nil {
		return time.Time{}
	}
	return info.ModTime()
}

// hasLiving reports whether an application of the yarn shim has not ended.
func hasLiving(file string) bool {
	f, err := os.Open(file) //nolint:gosec // a path of ours
	if err != nil {
		return false
	}
	defer closeQuietly(f)
	for scan := bufio.NewScanner(f); scan.Scan(); {
		columns := strings.Split(scan.Text(), "\t")
		if len(columns) > 5 && !slices.Contains([]string{"FINISHED", "FAILED", "KILLED"}, columns[5]) {
			return true
		}
	}
	return false
}
