package run

import (
	"strconv"
	"strings"
)

// Step is the name of the EMR step that carries j's newest attempt on c. On a
// cluster that is shared with other runs it begins with the name of the lease.
func (c Cluster) Step(j Job) string {
	if c.Pool == "" {
		return j.Step()
	}
	return c.Name + stepOf + j.Step()
}

// Owns reports whether the EMR step of this name was submitted under c.
func (c Cluster) Owns(step string) bool {
	return c.Pool == "" || strings.HasPrefix(step, c.Name+stepOf)
}

// Share is the part of the cluster that the run pays for: its leased steps.
func (c Cluster) Share() float64 {
	if c.Of == 0 {
		return 1
	}
	return float64(c.Steps) / float64(c.Of)
}

// stepOf separates lease and step in the names of EMR steps.
const stepOf = ":"

// OfStep returns the run whose step has this name, or "" for a step on the run's
// own cluster, whose name does not contain it.
func OfStep(name string) string {
	lease, _, ok := strings.Cut(name, stepOf)
	if !ok {
		return ""
	}
	return OfCluster(lease)
}

// AttemptOf returns the job and the number of the attempt that the step of this name
// carries, on the run's own cluster or on a shared one.
func AttemptOf(name string) (jobName string, attempt int, ok bool) {
	if OfStep(name) != "" {
		_, name, _ = strings.Cut(name, stepOf)
	}
	jobName, number, _ := strings.Cut(name, "#")
	attempt, err := strconv.Atoi(number)
	return jobName, attempt, err == nil && jobName != "" && attempt > 0
}

// Shared reports whether other runs may use c at the same time.
func (c Cluster) Shared() bool { return c.Pool != "" }
