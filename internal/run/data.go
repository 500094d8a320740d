package run

import (
	"slices"
	"time"

	"ephemr/internal/job"
)

// Data is what was found of the data that a run has written, after its last job.
type Data struct {
	Restart  int           `dynamodbav:"restart" json:"-"` // of the run, when it was looked at
	At       time.Time     `dynamodbav:"at" json:"at"`
	Datasets int           `dynamodbav:"datasets" json:"datasets"` // whose statistics were recorded
	Sizes    []Size        `dynamodbav:"sizes,omitempty" json:"sizes,omitempty"`
	Findings []job.Finding `dynamodbav:"findings,omitempty" json:"findings,omitempty"`

	Snapshots []string `dynamodbav:"snapshots,omitempty" json:"snapshots,omitempty"` // of the run's branch of Iceberg tables, that were read
}

// Size is how large a dataset, or a partition of it, was after the run's last job.
type Size struct {
	Address string `dynamodbav:"address" json:"address"`     // s3://bucket/prefix/
	Rows    *int64 `dynamodbav:"rows,omitempty" json:"rows"` // nil = not known
	Bytes   int64  `dynamodbav:"bytes" json:"bytes"`
	Files   int    `dynamodbav:"files" json:"files"`
}

// Failed returns the first finding that makes the run fail, or nil.
func (d Data) Failed() *job.Finding {
	return failed(d.Findings)
}

func failed(all []job.Finding) *job.Finding {
	i := slices.IndexFunc(all, job.Finding.Failed)
	if i < 0 {
		return nil
	}
	return &all[i]
}

// Found returns what was found of the data since the run was started or retried, or nil.
func (rec *Record) Found() *Data {
	if rec.Data == nil || rec.Data.Restart != rec.Run.Restarts {
		return nil
	}
	return rec.Data
}

// HasWritten reports whether the run's jobs have written datasets that are to be looked at.
// Without a job that succeeded none was written.
func (rec *Record) HasWritten() bool {
	worked := slices.ContainsFunc(rec.Jobs, func(j Job) bool { return j.State == JobSucceeded })
	return rec.Spec != nil && rec.Spec.Writes() && worked && rec.Succeeded()
}

// AllFindings are what jobs, CheckData and CheckSQL have found of the data.
func (rec *Record) AllFindings() (all []job.Finding) {
	for _, j := range rec.Jobs {
		all = append(all, j.Findings...)
	}
	if found := rec.Found(); found != nil {
		all = append(all, found.Findings...)
	}
	if q := rec.Asked(); q != nil {
		all = append(all, q.Findings...)
	}
	return all
}
