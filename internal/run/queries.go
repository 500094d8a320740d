package run

import (
	"time"

	"ephemr/internal/job"
)

// Queries are the queries that decide checks of a run.
type Queries struct {
	Restart   int           `dynamodbav:"restart" json:"-"` // of the run, when they were started
	StartedAt time.Time     `dynamodbav:"startedAt" json:"startedAt"`
	DecidedAt time.Time     `dynamodbav:"decidedAt,omitzero" json:"decidedAt,omitzero"` // zero = they run
	Started   []Started     `dynamodbav:"started" json:"started"`                       // in the order of the checks
	Findings  []job.Finding `dynamodbav:"findings,omitempty" json:"findings,omitempty"`
	USD       float64       `dynamodbav:"usd,omitempty" json:"usd,omitempty"` // estimate, by the bytes that they have read
}

// Started is a query that Athena was asked.
type Started struct {
	ID      string `dynamodbav:"id,omitempty" json:"id,omitempty"`           // Athena's; "" = refused
	Refused string `dynamodbav:"refused,omitempty" json:"refused,omitempty"` // the reason
}

// Failed returns the first finding that makes the run fail, or nil.
func (q Queries) Failed() *job.Finding { return failed(q.Findings) }

// Decided reports whether the queries have ended, and their results are in Findings.
func (q Queries) Decided() bool { return !q.DecidedAt.IsZero() }

// Asked returns the queries that were started since the run was started or retried, or nil.
func (rec *Record) Asked() *Queries {
	if rec.Queries == nil || rec.Queries.Restart != rec.Run.Restarts {
		return nil
	}
	return rec.Queries
}

// Undecided reports whether queries have yet to decide checks of the run.
func (rec *Record) Undecided() bool {
	q := rec.Asked()
	return rec.ToAsk() && (q == nil || !q.Decided())
}

// ToAsk reports whether queries decide checks of the run: it has written data, in which
// nothing wrong was found so far.
func (rec *Record) ToAsk() bool {
	found := rec.Found()
	return rec.Spec != nil && rec.Spec.OnAthena() && rec.HasWritten() && found != nil && found.Failed() == nil
}
