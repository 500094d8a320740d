// Package job is the contract between the control plane, which submits an
// attempt of a job, and the runner, which executes it on the cluster.
//
// SubmitSteps writes a Spec to S3 and submits a step that names it; the runner
// reads it, runs the package and writes a Result beside it. Both are JSON.
// Their folder ends in a nonce, which only the record and the step know, and the
// Spec's name has its digest, so what the runner reads is what was written.
//
// Tested by internal/runner, which executes specs, and internal/pipeline, which
// validates job types.
package job

import "time"

// Spec tells the runner how to execute one attempt of one job.
type Spec struct {
	RunID   string `json:"runId"`
	Job     string `json:"job"`
	Attempt int    `json:"attempt"`         // counts from 1
	Nonce   string `json:"nonce,omitempty"` // of the attempt, for the Result
	Type    Type   `json:"type"`

	Package       string `json:"package,omitempty"`       // s3:// address of the zip; empty for quality
	PackageSHA256 string `json:"packageSha256,omitempty"` // hex; the runner rejects a package that differs
	Venvs         string `json:"venvs,omitempty"`         // s3:// prefix of archives of installed requirements
	Entry         string `json:"entry,omitempty"`         // file inside the package that is run
	Class         string `json:"class,omitempty"`         // main class, for jars

	Args []string          `json:"args,omitempty"` // for the program
	Vars map[string]string `json:"vars,omitempty"` // variables of Hive or dbt
	Conf map[string]string `json:"conf,omitempty"` // Spark or Hive configuration
	Env  map[string]string `json:"env,omitempty"`  // added to the program's environment

	Secrets map[string]Secret `json:"secrets,omitempty"` // by variable of the program's environment

	Hidden []string `json:"hidden,omitempty"` // values of sensitive params, which are masked like secrets

	Expect []string `json:"expect,omitempty"` // s3:// addresses at which the attempt must write something to succeed

	TimeoutSeconds int `json:"timeoutSeconds,omitempty"` // 0 = none
	GraceSeconds   int `json:"graceSeconds,omitempty"`   // between SIGTERM and SIGKILL; 0 = 10

	Background Background `json:"background,omitempty"` // what becomes of processes that outlive the program; empty = fail

	Checks []Check   `json:"checks,omitempty"` // for type quality
	Began  time.Time `json:"began,omitzero"`   // when the run began, for type quality

	Database string `json:"database,omitempty"` // of Glue, with the stage's tables, for type quality
	Branch   string `json:"branch,omitempty"`   // of Iceberg tables, which is checked where a table has it

	LogGroup     string `json:"logGroup,omitempty"`     // CloudWatch log group; empty = only the step's own logs
	StreamPrefix string `json:"streamPrefix,omitempty"` // streams are <prefix>/stdout and <prefix>/stderr
	Result       string `json:"result"`                 // s3:// address to write the Result to
}

// SnapshotsOutput is the output of a job of type quality with the snapshots of the branch that it has read, separated
// by commas.
const SnapshotsOutput = "snapshots"

// Result is the outcome of an attempt, as the runner reports it.
type Result struct {
	RunID   string `json:"runId"`
	Job     string `json:"job"`
	Attempt int    `json:"attempt"`
	Nonce   string `json:"nonce,omitempty"` // of the Spec: a Result with another one is not believed

	ExitCode    int    `json:"exitCode"`              // of the program; 128+n when signal n ended it
	NothingToDo bool   `json:"nothingToDo,omitempty"` // a success without work: ExitCode is NothingToDo's
	Signal      string `json:"signal,omitempty"`      // name of the signal that ended it, e.g. SIGKILL
	Class       Class  `json:"class,omitempty"`       // empty on success
	Reason      string `json:"reason,omitempty"`      // one sentence for a person
	Cause       string `json:"cause,omitempty"`       // the line of its output that says why it failed; part of Reason

	StartedAt time.Time         `json:"startedAt"`
	EndedAt   time.Time         `json:"endedAt"`
	Outputs   map[string]string `json:"outputs,omitempty"` // from the file named in $EPHEMR_OUTPUT
	Tail      []string          `json:"tail,omitempty"`    // last lines of stderr, or of stdout when stderr is empty; at most 20 of 500 bytes
	Checks    []Finding         `json:"checks,omitempty"`  // for type quality
	Tables    []Table           `json:"tables,omitempty"`  // that the program has read and written, as far as it says so
	LogsCut   bool              `json:"logsCut,omitempty"` // the log streams in CloudWatch are incomplete

	Background []string `json:"background,omitempty"` // processes that outlived the program and were ended; at most 20
}

// NothingToDo is the exit code of a program that succeeded and had nothing to do.
const NothingToDo = 77

// Succeeded reports whether the program succeeded, with or without work.
func (r Result) Succeeded() bool {
	return r.Class == "" && (r.ExitCode == 0 || r.ExitCode == NothingToDo && r.NothingToDo)
}
