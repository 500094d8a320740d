package run

import "time"

// PublicationState is what became of the data of a run that publishes.
type PublicationState string

// The states of a publication.
const (
	Publishing  PublicationState = "PUBLISHING"  // the catalog is being, or was, called; whether it has changed is not recorded yet
	Published   PublicationState = "PUBLISHED"   // readers saw the run's data from then on
	Superseded  PublicationState = "SUPERSEDED"  // a run whose work began later had published the same partition before
	Undone      PublicationState = "UNDONE"      // readers see the data before again, on request
	Unpublished PublicationState = "UNPUBLISHED" // the run failed or was cancelled; its data is where it wrote it
)

// Publication is what a run has published or, if it has not, where its data is.
type Publication struct {
	State     PublicationState `dynamodbav:"state" json:"state"`
	Table     string           `dynamodbav:"table" json:"table"`                             // as in the pipeline: ephemr.<table>
	Partition string           `dynamodbav:"partition,omitempty" json:"partition,omitempty"` // key=value/…, in the order of the table's keys; "" = it was not published
	Location  string           `dynamodbav:"location" json:"location"`                       // of the run's data
	Previous  string           `dynamodbav:"previous,omitempty" json:"previous,omitempty"`   // location that the partition had before; "" = it did not exist
	By        string           `dynamodbav:"by,omitempty" json:"by,omitempty"`               // run that has superseded it
	At        time.Time        `dynamodbav:"at,omitzero" json:"at,omitzero"`
}

// Settled reports whether p is final for a run that succeeds. A nil p is not.
func (p *Publication) Settled() bool {
	return p != nil && (p.State == Published || p.State == Superseded || p.State == Undone)
}

// Pending reports whether the catalog may have been changed without a record of it.
func (p *Publication) Pending() bool { return p != nil && p.State == Publishing }

// Unpublished reports whether the run's data is to be published and is not: everything has
// succeeded, and something had work to do.
func (rec *Record) Unpublished() bool {
	return rec.Spec != nil && rec.Spec.Publish != nil && rec.Succeeded() && !rec.NothingToDo() && !rec.Run.Publication.Settled()
}

// ToPublish reports whether the run's data can be published: it is to be, and has passed
// the checks after its last job.
func (rec *Record) ToPublish() bool {
	found := rec.Found()
	return rec.Unpublished() && (!rec.HasWritten() || found != nil && found.Failed() == nil)
}
