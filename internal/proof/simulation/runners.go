package simulation

import (
	"slices"
	"strings"
)

// What runners do with YARN applications, which are tagged with the name of the step
// that has submitted them: each kills its own at its end, and at its start those of
// runners that were killed.

// workerOf names a runner.
func workerOf(clusterName, stepName string) string { return clusterName + " " + stepName }

func (w *World) runnerStarts(clusterName, stepName string, submits bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	apps := w.EMR.Applications()
	apps.Kill(clusterName, func(tag string) bool { return !w.runners[workerOf(clusterName, tag)] })
	w.runners[workerOf(clusterName, stepName)] = true
	if submits {
		apps.Submit(clusterName, stepName)
	}
}

// runnerEnds is the end of a runner that is not killed.
func (w *World) runnerEnds(clusterName, stepName string) {
	w.EMR.Applications().Kill(clusterName, func(tag string) bool { return tag == stepName })
	w.runnerDies(clusterName, stepName)
}

func (w *World) runnerDies(clusterName, stepName string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.runners, workerOf(clusterName, stepName))
}

// atWork returns the runners and the YARN applications of a lease that are at work on
// a cluster, by the names of their steps.
func (w *World) atWork(clusterName, holder string) (runners, applications []string) {
	ofLease := func(step string) bool { return strings.HasPrefix(step, holder+":") }
	for _, tag := range w.EMR.Applications().Living(clusterName) {
		if ofLease(tag) {
			applications = append(applications, tag)
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for worker := range w.runners {
		if step, here := strings.CutPrefix(worker, clusterName+" "); here && ofLease(step) {
			runners = append(runners, step)
		}
	}
	slices.Sort(runners)
	return runners, applications
}
