// Package stage holds what functions and CLI know of the stage they work in:
// the names of its tables, queues, buckets and limits. The deployment writes
// the same Settings into every function's environment and into an SSM
// parameter, so that nothing else has to be configured.
package stage

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"ephemr/internal/pipeline"
)

// Variable is the environment variable that holds the Settings as JSON.
const Variable = "EPHEMR_SETTINGS"

// Settings of one stage.
type Settings struct {
	Stage   string `json:"stage"` // local, dev, prod
	Account string `json:"account"`
	Region  string `json:"region"`
	Version string `json:"version,omitempty"` // that was deployed; only the CLI is told

	RunsTable      string `json:"runsTable"`
	PipelinesTable string `json:"pipelinesTable"`
	ClustersTable  string `json:"clustersTable"`

	Namespace string `json:"namespace"` // of Cloud Map, id: where ready clusters are found

	Lake            map[string]string `json:"lake"` // zone -> bucket, e.g. raw, curated
	ArtifactsBucket string            `json:"artifactsBucket"`
	LogsBucket      string            `json:"logsBucket"`
	RunLogGroup     string            `json:"runLogGroup"`          // where runners stream to
	RunLogDays      int               `json:"runLogDays,omitempty"` // how long that keeps what it gets; 0 = not known

	EventsQueue    string `json:"eventsQueue"` // URL; S3 and schedule events
	EventsQueueARN string `json:"eventsQueueArn"`
	RequestsQueue  string `json:"requestsQueue"` // URL; what people and programs send
	EventsDLQ      string `json:"eventsDlq"`     // URL
	RequestsDLQ    string `json:"requestsDlq"`   // URL
	EventBus       string `json:"eventBus"`      // name of the bus our own events go to
	Topic          string `json:"topic"`         // ARN; failure and success notices
	StateMachine   string `json:"stateMachine"`  // ARN of the run state machine
	ScheduleGroup  string `json:"scheduleGroup"` // name
	ScheduleRole   string `json:"scheduleRole"`  // ARN that Scheduler assumes
	ScheduleDLQ    string `json:"scheduleDlq"`   // ARN

	ServiceRole     string            `json:"serviceRole"`     // EMR's, name or ARN
	InstanceProfile string            `json:"instanceProfile"` // EMR's EC2 instance profile, name
	Bootstrap       string            `json:"bootstrap"`       // s3:// address of the script that installs the runner
	Runners         map[string]string `json:"runners"`         // machine (uname -m) -> s3:// address of the runner

	Limits Limits `json:"limits"`
	Access Access `json:"access,omitzero"`

	Functions
}

// Functions are the names of the functions that the CLI and other functions invoke. In JSON they are keys of Settings.
// A new one also goes into Names; a test holds the two together.
type Functions struct {
	AdmitFunction     string `json:"admitFunction"`
	WatchFunction     string `json:"watchFunction"`
	TerminateFunction string `json:"terminateFunction"`
	RegisterFunction  string `json:"registerFunction"`
	ResizeFunction    string `json:"resizeFunction"`
}

// Names lists the functions that are set, sorted.
func (f Functions) Names() []string {
	names := []string{f.AdmitFunction, f.WatchFunction, f.TerminateFunction, f.RegisterFunction, f.ResizeFunction}
	names = slices.DeleteFunc(names, func(name string) bool { return name == "" })
	slices.Sort(names)
	return names
}

// Access is what is known of a stage's users without reading them.
type Access struct {
	Required       bool     `json:"required,omitempty"`              // nothing runs without a user
	Default        string   `json:"default,omitempty"`               // user of senders that may be several and name none
	Users          []string `json:"users,omitempty"`                 // names, sorted; each has a parameter
	SecurityConfig string   `json:"securityConfiguration,omitempty"` // EMR's, for clusters whose steps run as users
}

// Limits of a stage, where a pipeline does not set its own.
type Limits struct {
	MaxActive         int               `json:"maxActive"`               // runs at a time in the whole stage
	TeamMaxActive     int               `json:"teamMaxActive,omitempty"` // runs at a time of one team; 0 = as many as the stage
	Teams             map[string]int    `json:"teams,omitempty"`         // team -> runs at a time, where it differs
	PipelineMaxActive int               `json:"pipelineMaxActive"`       // runs at a time of one pipeline
	Deadline          pipeline.Duration `json:"deadline"`                // of a run, from admission
	ClusterReady      pipeline.Duration `json:"clusterReady"`            // from RunJobFlow until steps can run
	EMR               Buckets           `json:"emr,omitempty"`           // EMR calls by API, where AWS's defaults are not the account's
	Pool              Pool              `json:"pool"`
}

// Pool is how clusters that outlive a run are kept, where a pipeline or a profile
// does not say.
type Pool struct {
	KeepAlive pipeline.Duration `json:"keepAlive" yaml:"keepAlive"` // how long a cluster waits for the next run
	Life      pipeline.Duration `json:"life" yaml:"life"`           // how long after it was made a cluster takes runs
	Steps     int               `json:"steps" yaml:"steps"`         // that a cluster runs side by side, at least
}

// Validate says what makes no sense.
func (p Pool) Validate() error {
	var errs []error
	if d := p.KeepAlive.Std(); d < 2*time.Minute || d > 24*time.Hour {
		errs = append(errs, fmt.Errorf("limits.pool.keepAlive %s is not between 2m and 24h", p.KeepAlive))
	}
	if d := p.Life.Std(); d < p.KeepAlive.Std() || d > 7*24*time.Hour {
		errs = append(errs, fmt.Errorf("limits.pool.life %s is not between keepAlive and 168h", p.Life))
	}
	if p.Steps < 1 || p.Steps > 256 {
		errs = append(errs, fmt.Errorf("limits.pool.steps %d is not between 1 and 256", p.Steps))
	}
	return errors.Join(errs...)
}

// Our own metrics.
const (
	MetricNamespace = "ephemr"
	RepairsMetric   = "Repairs" // what sweep had to mend, by Stage
)

// ParameterName is where a stage's Settings lie in SSM Parameter Store.
func ParameterName(stage string) string { return "/ephemr/" + stage + "/settings" }

// ProfileParameter is where the cluster profile name lies in SSM Parameter Store.
func ProfileParameter(stage, name string) string { return "/ephemr/" + stage + "/profiles/" + name }

// UsersPath is where a stage's users lie in SSM Parameter Store.
func UsersPath(stage string) string { return "/ephemr/" + stage + "/users" }

// UserParameter is where one of them lies.
func UserParameter(stage, name string) string { return UsersPath(stage) + "/" + name }

// Parse reads Settings from JSON and says what is missing.
func Parse(text string) (Settings, error) {
	var s Settings
	if text == "" {
		return s, fmt.Errorf("read settings: %s is empty", Variable)
	}
	// What is unknown is left alone: an older CLI must get on with a newer stage.
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		return s, fmt.Errorf("read settings from %s: %w", Variable, err)
	}
	return s, s.validate()
}

func (s Settings) validate() error {
	var errs []error
	for name, value := range map[string]string{
		"stage": s.Stage, "runsTable": s.RunsTable, "pipelinesTable": s.PipelinesTable, "clustersTable": s.ClustersTable,
		"artifactsBucket": s.ArtifactsBucket, "logsBucket": s.LogsBucket, "stateMachine": s.StateMachine,
	} {
		if value == "" {
			errs = append(errs, fmt.Errorf("settings: %s is missing", name))
		}
	}
	if s.Limits.MaxActive < 1 || s.Limits.PipelineMaxActive < 1 {
		errs = append(errs, errors.New("settings: limits.maxActive and limits.pipelineMaxActive must be at least 1"))
	}
	if s.Limits.Deadline <= 0 || s.Limits.ClusterReady <= 0 {
		errs = append(errs, errors.New("settings: limits.deadline and limits.clusterReady must be positive"))
	}
	if err := errors.Join(s.Limits.EMR.Validate(), s.Limits.Pool.Validate()); err != nil {
		errs = append(errs, fmt.Errorf("settings: %w", err))
	}
	return errors.Join(errs...)
}

// OfTeam is how many runs of a team may be under way at a time.
func (l Limits) OfTeam(team string) int {
	if n, ok := l.Teams[team]; ok {
		return n
	}
	if l.TeamMaxActive > 0 {
		return l.TeamMaxActive
	}
	return l.MaxActive
}

// OnLaptop says whether the stage is in a laptop's region: AWS has no such
// account.
func (s Settings) OnLaptop() bool { return s.Account == "000000000000" }

// LakeURIs returns zone -> s3://bucket, as templates see it.
func (s Settings) LakeURIs() map[string]string {
	uris := make(map[string]string, len(s.Lake))
	for zone, bucket := range s.Lake {
		uris[zone] = "s3://" + bucket
	}
	return uris
}
