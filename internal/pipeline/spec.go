// Package pipeline reads pipeline files: it parses, validates, fills templates
// and orders jobs. It knows nothing of AWS.
package pipeline

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"ephemr/internal/job"
)

//go:generate go test -run TestSchemaIsCurrent . -update

// Spec is a pipeline file after parsing and validation. It is stored as JSON
// with the pipeline's version and travels inside ad-hoc requests.
//
// The schema for editors is generated from this type and those below: bounds
// and required keys from the tags, descriptions from the fields' comments.
type Spec struct {
	Name        string           `json:"pipeline" jsonschema:"required,pattern=^[a-z][a-z0-9-]{0\\,39}$"`
	Owner       string           `json:"owner,omitempty" jsonschema:"format=email"` // e-mail address that is notified, as "owner" under notify
	Team        string           `json:"team,omitempty" jsonschema:"pattern=^[a-z][a-z0-9-]{0\\,39}$"`
	Description string           `json:"description,omitempty"`
	Timezone    string           `json:"timezone,omitempty"` // default of its schedules, and zone of runs that none plans: IANA name, e.g. Europe/Lisbon; default UTC
	Triggers    []Trigger        `json:"triggers,omitempty"`
	Params      map[string]Param `json:"params,omitempty"`
	Matrix      Matrix           `json:"matrix,omitempty"` // one isolated run per combination
	Cluster     Cluster          `json:"cluster" jsonschema:"required"`
	WaitFor     *WaitFor         `json:"waitFor,omitempty"` // a run acquires no cluster before
	Limits      Limits           `json:"limits"`
	Jobs        []Job            `json:"jobs" jsonschema:"required,minItems=1,maxItems=200"` // in any order; needs form a DAG
	Checks      []job.Check      `json:"checks,omitempty"`
	Outputs     []string         `json:"outputs,omitempty"` // further datasets that a run writes, s3://bucket/prefix/; templates; their statistics are recorded
	Publish     *Publish         `json:"publish,omitempty"` // what readers see of the run's data when its jobs and checks have succeeded
	Notify      Notify           `json:"notify"`
	Priority    int              `json:"priority,omitempty" jsonschema:"minimum=0,maximum=9"` // higher first
	LakeFolder  string           `json:"lakeFolder,omitempty" jsonschema:"-"`                 // of each zone: what .Lake stands for; requests of tests only
}

// Trigger requests runs: exactly one of Schedule, S3 and After is set.
type Trigger struct {
	Schedule string        `json:"schedule,omitempty"` // 5 cron fields: minute hour day month weekday
	Timezone string        `json:"timezone,omitempty"` // IANA name, e.g. Europe/Lisbon; default: the pipeline's
	S3       *S3Trigger    `json:"s3,omitempty"`
	After    *AfterTrigger `json:"after,omitempty"` // runs of another pipeline

	Params        map[string]string `json:"params,omitempty"`                                                            // of the trigger's runs; others have their defaults
	Priority      *int              `json:"priority,omitempty" jsonschema:"minimum=0,maximum=9"`                         // of the trigger's runs; default: the pipeline's
	Catchup       Catchup           `json:"catchup,omitempty" jsonschema:"enum=none,enum=latest,enum=all"`               // which missed dates are made; default latest
	CatchupWindow Duration          `json:"catchupWindow,omitempty"`                                                     // dates missed longer ago are not made; default 7d
	Overlap       Overlap           `json:"overlap,omitempty" jsonschema:"enum=queue,enum=skip,enum=latest,enum=cancel"` // when the run of the date before has not ended; default queue
	DependsOnPast bool              `json:"dependsOnPast,omitempty"`                                                     // a run waits until that of the date before has succeeded
}

// Catchup says which dates a schedule makes that were missed, because the calendar was
// late or the pipeline was paused.
type Catchup string

// Valid reports whether c is one of the values, or empty.
func (c Catchup) Valid() bool {
	return c == "" || c == CatchupNone || c == CatchupLatest || c == CatchupAll
}

// Values of Catchup.
const (
	CatchupNone   Catchup = "none"   // no missed date
	CatchupLatest Catchup = "latest" // the newest, if no later date is due
	CatchupAll    Catchup = "all"    // all of them, the oldest first
)

// Overlap says what becomes of a date of a schedule while the run of the date before
// has not ended.
type Overlap string

// Values of Overlap.
const (
	OverlapQueue  Overlap = "queue"  // its run waits, as the limits say
	OverlapSkip   Overlap = "skip"   // the date is not made
	OverlapLatest Overlap = "latest" // a run that still waits is cancelled: only the newest waits
	OverlapCancel Overlap = "cancel" // the run before is cancelled
)

// Param is a declared parameter of a pipeline.
type Param struct {
	Default  *string  `json:"default,omitempty"` // none = the param is required
	Allowed  []string `json:"allowed,omitempty"` // none = any value
	Describe string   `json:"description,omitempty"`
	// Sensitive values are never shown, and are removed from the record when the run ends.
	Sensitive bool `json:"sensitive,omitempty"`
}

// Cluster names the profile that the run's cluster is made from, and the pool
// that it is leased from, if any.
type Cluster struct {
	Profile         string     `json:"profile" jsonschema:"required"`
	Pool            string     `json:"pool,omitempty" jsonschema:"pattern=^[a-z][a-z0-9-]{0\\,39}$"` // lease a cluster from this pool of the team, or create one, and return it to the pool
	KeepAlive       Duration   `json:"keepAlive,omitempty"`                                          // how long a cluster waits for the next run, 2m to 24h; without pool: in a pool named like the pipeline
	StepConcurrency int        `json:"stepConcurrency,omitempty" jsonschema:"minimum=1,maximum=256"` // default: the number of jobs that can run side by side
	Overrides       *Overrides `json:"overrides,omitempty"`                                          // of the profile, for the clusters of this pipeline
	ID              string     `json:"id,omitempty" jsonschema:"-"`                                  // run on this very cluster; requests only
}

// Pool is the pool whose clusters the pipeline's runs use; "" = each run has its own.
func (s Spec) Pool() string {
	if s.Cluster.Pool == "" && s.Cluster.KeepAlive > 0 {
		return s.Name
	}
	return s.Cluster.Pool
}

// Limits bound a pipeline's runs.
type Limits struct {
	MaxActive   int      `json:"maxActive,omitempty" jsonschema:"minimum=0,maximum=1000"`            // runs at a time; default: the stage's
	MaxPerValue int      `json:"maxActivePerValue,omitempty" jsonschema:"minimum=0,maximum=1000"`    // runs at a time of each combination of the matrix; default: as maxActive
	Deadline    Duration `json:"deadline,omitempty"`                                                 // from admission to the end of the run; default: the stage's
	CleanUp     Duration `json:"cleanUp,omitempty"`                                                  // for jobs with when: always or failure, after the run was cancelled or its deadline has passed; default 10m
	Cost        string   `json:"cost,omitempty" jsonschema:"pattern=^[0-9]+(\\.[0-9]{1\\,2})? USD$"` // e.g. "5 USD"

	MaxChain int `json:"maxChain,omitempty" jsonschema:"minimum=0,maximum=10000"` // runs in succession, each started by an object that was created while the one before was at work; default 16
}

// Job is one unit of work.
type Job struct {
	Name       string            `json:"name" jsonschema:"required,pattern=^[a-z][a-z0-9-]{0\\,39}$"`
	Type       job.Type          `json:"type" jsonschema:"required,enum=bash,enum=dbt,enum=hive,enum=jar,enum=spark"`
	Source     string            `json:"source,omitempty"`  // directory or file, relative to the project
	Include    []string          `json:"include,omitempty"` // files and directories of the project that are packaged with it, under their own paths
	Entry      string            `json:"entry,omitempty"`   // file inside source that is run
	Class      string            `json:"class,omitempty"`
	Args       []string          `json:"args,omitempty"` // templates, e.g. {{.LogicalDate}}
	Vars       map[string]string `json:"vars,omitempty"`
	Conf       map[string]string `json:"conf,omitempty"`
	Env        map[string]string `json:"env,omitempty"`
	Secrets    map[string]Secret `json:"secrets,omitempty"` // by environment variable: a name, or a table; only the runner reads the value
	Expect     []string          `json:"expect,omitempty"`  // s3:// addresses that a successful attempt has written to; templates
	Needs      []string          `json:"needs,omitempty"`
	When       When              `json:"when,omitempty" jsonschema:"enum=success,enum=failure,enum=always"` // of what it needs: run when all succeeded (default), when some failed, or always; without needs, after all other jobs
	Retries    int               `json:"retries,omitempty" jsonschema:"minimum=0,maximum=10"`               // more attempts after the first
	If         string            `json:"if,omitempty"`                                                      // a template that yields true or false; a job whose condition is false is skipped
	Approve    *Approve          `json:"approve,omitempty"`                                                 // wait for a person before the job starts
	RetryDelay *RetryDelay       `json:"retryDelay,omitempty"`                                              // before each retry: a duration, or a table
	Timeout    Duration          `json:"timeout,omitempty"`                                                 // of each attempt
	Resize     *Resize           `json:"resize,omitempty"`                                                  // size of its cluster while the job runs
	Package    *Package          `json:"package,omitempty" jsonschema:"-"`                                  // filled in by apply

	Background job.Background `json:"background,omitempty" jsonschema:"enum=fail,enum=wait,enum=kill"` // what to do with processes that outlive the program; default fail
}

// Resize is the size that a job needs its cluster to have while it runs.
type Resize struct {
	Task int `json:"task" jsonschema:"required,minimum=1,maximum=1000"` // minimum of task units
}

// Resizes reports whether a job needs its cluster resized.
func (s Spec) Resizes() bool {
	return slices.ContainsFunc(s.Jobs, func(j Job) bool { return j.Resize != nil })
}

// TaskUnits is how many task units the named jobs need: the maximum over the
// jobs, 0 if none sets any.
func (s Spec) TaskUnits(names ...string) int {
	most := 0
	for _, j := range s.Jobs {
		if j.Resize != nil && slices.Contains(names, j.Name) {
			most = max(most, j.Resize.Task)
		}
	}
	return most
}

// Package is a job's source in the artifacts bucket.
type Package struct {
	Key    string `json:"key"`    // packages/<sha256>.zip
	SHA256 string `json:"sha256"` // hex
	Size   int64  `json:"size"`   // bytes
}

// Notify lists who is notified of an outcome.
type Notify struct {
	Failure []string `json:"failure,omitempty"`
	Success []string `json:"success,omitempty"`
	// Deadline is how long before its deadline a run that has not ended is reported, to those of Failure.
	Deadline Duration `json:"deadline,omitzero"`
	// LogLines adds the last lines of a failed job's log to the notice.
	LogLines bool `json:"logLines,omitempty"`
}

// Duration is a time.Duration written like "90s", "30m" or "2h".
type Duration time.Duration

// Std returns d as the standard library's type.
func (d Duration) Std() time.Duration { return time.Duration(d) }

func (d Duration) String() string { return time.Duration(d).String() }

// MarshalText writes d as "30m0s".
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads what time.ParseDuration reads, and whole days like "7d".
func (d *Duration) UnmarshalText(text []byte) error {
	if days, ok := strings.CutSuffix(string(text), "d"); ok {
		if n, err := strconv.ParseUint(days, 10, 16); err == nil {
			*d = Duration(time.Duration(n) * 24 * time.Hour)
			return nil
		}
	}
	v, err := time.ParseDuration(string(text))
	if err != nil {
		return err
	}
	*d = Duration(v)
	return nil
}
