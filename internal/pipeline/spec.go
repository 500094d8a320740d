// Package pipeline reads pipeline files: it parses, validates, fills templates
// and orders jobs. It knows nothing of AWS.
package pipeline

import (
	"slices"
	"time"

	"ephemr/internal/job"
)

// Spec is a pipeline file after parsing and validation. It is stored as JSON
// with the pipeline's version and travels inside ad-hoc requests.
type Spec struct {
	Name        string              `json:"pipeline"`
	Owner       string              `json:"owner,omitempty"` // e-mail address
	Team        string              `json:"team,omitempty"`
	Description string              `json:"description,omitempty"`
	Triggers    []Trigger           `json:"triggers,omitempty"`
	Params      map[string]Param    `json:"params,omitempty"`
	Matrix      map[string][]string `json:"matrix,omitempty"` // one isolated run per combination
	Cluster     Cluster             `json:"cluster"`
	Limits      Limits              `json:"limits"`
	Jobs        []Job               `json:"jobs"` // in file order; needs form a DAG
	Checks      []job.Check         `json:"checks,omitempty"`
	Notify      Notify              `json:"notify"`
	Priority    int                 `json:"priority,omitempty"` // 0..9, higher first
}

// Trigger asks for runs: exactly one of Schedule and S3 is set.
type Trigger struct {
	Schedule string     `json:"schedule,omitempty"` // 5-field cron
	Timezone string     `json:"timezone,omitempty"` // IANA name, default UTC
	Catchup  bool       `json:"catchup,omitempty"`
	S3       *S3Trigger `json:"s3,omitempty"`
}

// S3Trigger matches uploaded objects.
type S3Trigger struct {
	Bucket string `json:"bucket"` // zone of the lake, e.g. raw
	Prefix string `json:"prefix,omitempty"`
	Suffix string `json:"suffix,omitempty"`
	Batch  *Batch `json:"batch,omitempty"`
}

// Batch makes one run of many uploads.
type Batch struct {
	Window     Duration `json:"window"`     // closes so long after its first object
	MaxObjects int      `json:"maxObjects"` // or when it has so many
}

// Param is a declared parameter of a pipeline.
type Param struct {
	Default  *string  `json:"default,omitempty"` // nil = required
	Allowed  []string `json:"allowed,omitempty"` // empty = anything
	Describe string   `json:"description,omitempty"`
}

// Cluster names the profile that the run's cluster is made from, and the pool
// that it is taken from and left to, if any.
type Cluster struct {
	Profile         string   `json:"profile"`
	Pool            string   `json:"pool,omitempty"`            // of the pipeline's team
	KeepAlive       Duration `json:"keepAlive,omitempty"`       // how long a cluster waits for the next run; without pool: in one named like the pipeline
	StepConcurrency int      `json:"stepConcurrency,omitempty"` // 1..256, default: the number of jobs that can run side by side
	ID              string   `json:"id,omitempty"`              // run on this very cluster; requests only
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
	MaxActive int      `json:"maxActive,omitempty"` // runs at a time; 0 = the stage's default
	Deadline  Duration `json:"deadline,omitempty"`  // from admission to the end; 0 = the stage's default
	Cost      string   `json:"cost,omitempty"`      // e.g. "5 USD"
}

// Job is one unit of work.
type Job struct {
	Name    string            `json:"name"`
	Type    job.Type          `json:"type"`
	Source  string            `json:"source,omitempty"`  // directory or file, relative to the pipeline file's project root
	Include []string          `json:"include,omitempty"` // files and directories of the project that are packaged too, under their own paths
	Entry   string            `json:"entry,omitempty"`   // file inside source that is run
	Class   string            `json:"class,omitempty"`
	Args    []string          `json:"args,omitempty"`
	Vars    map[string]string `json:"vars,omitempty"`
	Conf    map[string]string `json:"conf,omitempty"`
	Env     map[string]string `json:"env,omitempty"`
	Needs   []string          `json:"needs,omitempty"`
	Retries int               `json:"retries,omitempty"` // more attempts after the first
	Timeout Duration          `json:"timeout,omitempty"` // per attempt
	Resize  *Resize           `json:"resize,omitempty"`
	Package *Package          `json:"package,omitempty"` // filled in by apply
}

// Resize is what a job wants of its cluster while it is tried.
type Resize struct {
	Task int `json:"task"` // task units, at least
}

// Resizes says whether a job wants more of its cluster.
func (s Spec) Resizes() bool {
	return slices.ContainsFunc(s.Jobs, func(j Job) bool { return j.Resize != nil })
}

// TaskUnits is how many task units the named jobs want: the most that one of
// them does, or 0 when none wants any.
func (s Spec) TaskUnits(names ...string) int {
	most := 0
	for _, j := range s.Jobs {
		if j.Resize != nil && slices.Contains(names, j.Name) {
			most = max(most, j.Resize.Task)
		}
	}
	return most
}

// Package is a job's source as it lies in the artifacts bucket.
type Package struct {
	Key    string `json:"key"`    // packages/<sha256>.zip
	SHA256 string `json:"sha256"` // hex
	Size   int64  `json:"size"`   // bytes
}

// Notify names who hears of an outcome.
type Notify struct {
	Failure []string `json:"failure,omitempty"`
	Success []string `json:"success,omitempty"`
}

// Duration is a time.Duration written like "90s", "30m" or "2h".
type Duration time.Duration

// Std returns d as the standard library's type.
func (d Duration) Std() time.Duration { return time.Duration(d) }

func (d Duration) String() string { return time.Duration(d).String() }

// MarshalText writes d as "30m0s".
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads what time.ParseDuration reads.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	if err != nil {
		return err
	}
	*d = Duration(v)
	return nil
}
