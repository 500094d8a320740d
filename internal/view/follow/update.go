// Package follow follows a run: its record, clusters, jobs and logs.
//
// It polls the record twice a second and the log streams once a second. That is
// suitable for an interactive program only; the stage itself never polls.
package follow

import (
	"time"

	"ephemr/internal/run"
)

// Update is something new about a run: a RunChanged, ClusterChanged,
// JobChanged, Line, Note or Polled.
type Update interface{ when() time.Time }

// RunChanged reports that the run has entered State.
type RunChanged struct {
	At    time.Time
	State run.State
	Run   run.Run
	Cost  float64 // USD so far, an estimate
}

// ClusterChanged reports that a cluster attempt has entered State.
type ClusterChanged struct {
	At      time.Time
	State   run.ClusterState
	Cluster run.Cluster
	Profile string // name; empty when the pipeline is not known
}

// JobChanged reports that an attempt of a job has entered State.
type JobChanged struct {
	At      time.Time
	State   run.JobState
	Attempt int
	Again   bool // this attempt failed and another follows
	Job     run.Job
}

// Line is a line that an attempt of a job printed.
type Line struct {
	At       time.Time // zero for an archived one
	Job      string
	Attempt  int
	Stream   string // stdout or stderr, or one of EMR's own: controller, syslog
	Text     string
	Archived bool // by EMR, in S3

	// Unfinished is a line that has not ended. The next line of the stream
	// replaces it; there always is one.
	Unfinished bool
	Bar        bool // an unfinished line that overwrites itself
}

// Note is a message about following itself.
type Note struct {
	At   time.Time
	Text string
}

// Polled reports that the record was read. It follows the changes in it.
type Polled struct {
	At     time.Time
	Record *run.Record
}

// At returns the time of an update; zero if it is not known.
func At(u Update) time.Time { return u.when() }

func (u RunChanged) when() time.Time     { return u.At }
func (u ClusterChanged) when() time.Time { return u.At }
func (u JobChanged) when() time.Time     { return u.At }
func (u Line) when() time.Time           { return u.At }
func (u Note) when() time.Time           { return u.At }
func (u Polled) when() time.Time         { return u.At }
