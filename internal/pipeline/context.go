package pipeline

import (
	"cmp"
	"time"
)

// Context is what templates can refer to: facts about the run.
type Context struct {
	RunID       string
	Pipeline    string
	Stage       string
	LogicalDate string // 2006-01-02, in the zone of the run's schedule
	LogicalTime string // RFC 3339, in UTC
	Timezone    string // of the run's schedule; IANA name
	Interval    Interval
	Params      map[string]string
	Secrets     map[string]string     // those of Params that errors must not show
	Trigger     map[string]string     // those of TriggerKeys that this run has
	Lake        map[string]string     // zone -> s3://bucket
	Vars        map[string]string     // of the stage
	Jobs        map[string]JobContext // the jobs that are over
}

// JobContext is what a job that is over leaves for the next ones.
type JobContext struct {
	State   JobState // "" = SUCCEEDED
	Outputs map[string]string
}

// Interval is the half-open span of a run. A zero one is not known.
type Interval struct{ Start, End time.Time }

// intervalKeys are the entries of .Interval.
var intervalKeys = []string{"Start", "End", "LocalStart", "LocalEnd"}

// TriggerKeys are the entries .Trigger can have.
var TriggerKeys = []string{
	"Kind",      // schedule, s3, request, manual, backfill or after
	"Object",    // s3 without batch: the object's address, s3://bucket/key
	"Bucket",    // s3 without batch
	"Key",       // s3 without batch
	"VersionID", // s3 without batch, when the bucket has versions
	"Objects",   // s3: the addresses of up to MaxTriggerObjects objects, separated by commas
	"Count",     // s3: number of objects
	"Bytes",     // s3: their size
	"Manifest",  // s3 with batch: address of the list of all objects, JSON Lines
	"RequestID", // request
}

// MaxTriggerObjects is how many objects a run has in .Trigger.Objects at most.
const MaxTriggerObjects = 50

// The fields of Context by what they hold.
var (
	textFields  = []string{"RunID", "Pipeline", "Stage", "LogicalDate", "LogicalTime", "Timezone"}
	tableFields = []string{"Params", "Trigger", "Interval", "Lake", "Vars", "Jobs"}
	earlyFields = []string{"LogicalDate", "LogicalTime", "Timezone", "Interval", "Vars"} // those that a param's default may use
)

// data is c as templates see it: maps, strings and moments only, so that they have no
// methods to call but the one that prints them.
func (c Context) data() map[string]any {
	jobs := make(map[string]any, len(c.Jobs))
	for name, j := range c.Jobs {
		jobs[name] = map[string]any{"State": string(cmp.Or(j.State, Succeeded)), "Outputs": filled(j.Outputs)}
	}
	return map[string]any{
		"RunID": c.RunID, "Pipeline": c.Pipeline, "Stage": c.Stage,
		"LogicalDate": c.LogicalDate, "LogicalTime": c.LogicalTime, "Timezone": c.Timezone, "Interval": c.interval(), "Vars": filled(c.Vars),
		"Params": filled(c.Params), "Trigger": filled(c.Trigger), "Lake": filled(c.Lake), "Jobs": jobs,
	}
}

func (c Context) interval() map[string]any {
	if c.Interval.Start.IsZero() {
		return map[string]any{}
	}
	loc, err := loadZone(c.Timezone)
	if err != nil {
		loc = time.UTC // zones are checked before they are recorded
	}
	return map[string]any{
		"Start": moment{at: c.Interval.Start.UTC()}, "End": moment{at: c.Interval.End.UTC()},
		"LocalStart": moment{at: c.Interval.Start.In(loc)}, "LocalEnd": moment{at: c.Interval.End.In(loc)},
	}
}

func filled(m map[string]string) map[string]string {
	if m == nil {
		return map[string]string{}
	}
	return m
}
