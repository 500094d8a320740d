package evidence

import (
	"slices"

	"ephemr/internal/run"
)

// Application is a YARN application that an attempt of a job submitted and did not
// wait for.
type Application struct {
	ID, Cluster string
	Run, Job    string
	Attempt     int
	Living      bool // until its cluster ended
}

// applications checks that none outlived its attempt. That of a runner which was
// killed may live until the next attempt of its job on the cluster begins.
func (c *checker) applications() {
	for _, a := range c.Applications {
		if !a.Living {
			continue
		}
		for _, rec := range c.Records {
			if rec.Run.ID == a.Run {
				c.application(a, rec.Job(a.Job))
			}
		}
	}
}

func (c *checker) application(a Application, j *run.Job) {
	if j == nil {
		return
	}
	for _, x := range append(slices.Clone(j.Earlier), j.Past()) {
		switch {
		case x.ClusterID != a.Cluster || x.ExitCode == nil: // its runner has left no result
		case x.Attempt == a.Attempt:
			c.violate(Applications, "%s of run %s, job %s, attempt %d lived until cluster %s ended, and its runner said that the attempt is over", a.ID, a.Run, a.Job, a.Attempt, a.Cluster)
		case x.Attempt > a.Attempt:
			c.violate(Applications, "%s of run %s, job %s, attempt %d lived beside attempt %d on cluster %s", a.ID, a.Run, a.Job, a.Attempt, x.Attempt, a.Cluster)
		}
	}
}
