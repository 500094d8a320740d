// Package stage defines the settings of a stage: the names of its tables, queues
// and buckets, and its limits. The deployment writes the same Settings into every
// function's environment and into an SSM parameter for the CLI, so that nothing
// else has to be configured.
package stage

import (
	"cmp"
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
	Version string `json:"version,omitempty"` // of the deployed build; only in the CLI's parameter

	RunsTable      string `json:"runsTable"`
	PipelinesTable string `json:"pipelinesTable"`
	ClustersTable  string `json:"clustersTable"`
	LedgerTable    string `json:"ledgerTable"`

	Namespace string `json:"namespace"` // id of the Cloud Map namespace of ready clusters

	Lake            map[string]string `json:"lake"`              // zone -> bucket, e.g. raw, curated
	Sources         []Source          `json:"sources,omitempty"` // buckets beside the lake whose objects are triggers
	ArtifactsBucket string            `json:"artifactsBucket"`
	LogsBucket      string            `json:"logsBucket"`
	RunLogGroup     string            `json:"runLogGroup"`          // output of jobs
	RunLogDays      int               `json:"runLogDays,omitempty"` // its retention; 0 = unknown

	EventsQueue   string `json:"eventsQueue"`   // URL; S3 and schedule events
	RequestsQueue string `json:"requestsQueue"` // URL; requests of users and programs
	EventsDLQ     string `json:"eventsDlq"`     // URL
	RequestsDLQ   string `json:"requestsDlq"`   // URL
	TargetsDLQ    string `json:"targetsDlq"`    // URL; events that EventBridge could not deliver
	EventBus      string `json:"eventBus"`      // name of the bus for ephemr's own events
	Topic         string `json:"topic"`         // ARN; notifications of outcomes
	StateMachine  string `json:"stateMachine"`  // ARN of the run state machine

	Vars    map[string]string `json:"vars,omitempty"`    // for .Vars in templates
	Secrets []string          `json:"secrets,omitempty"` // that jobs without a user may read, see access.ParseSecrets

	ServiceRole     string            `json:"serviceRole"`                     // EMR's, name or ARN
	InstanceProfile string            `json:"instanceProfile"`                 // EMR's EC2 instance profile for runs without a user, name
	UserInstances   string            `json:"userInstances,omitempty"`         // that for runs with a user, which may assume their roles; "" = no users
	SecurityConfig  string            `json:"securityConfiguration,omitempty"` // EMR's security configuration for clusters of runs without a user; "" = none
	Network         bool              `json:"network,omitempty"`               // the stage has a Network, in its parameter
	Bootstrap       string            `json:"bootstrap"`                       // s3:// address of the script that installs the runner
	Runners         map[string]string `json:"runners"`                         // machine (uname -m) -> s3:// address of the runner

	Limits  Limits  `json:"limits"`
	Costs   Costs   `json:"costs,omitzero"`
	Access  Access  `json:"access,omitzero"`
	Notices Notices `json:"notices,omitzero"`

	Lineage Lineage `json:"lineage,omitzero"`

	Functions
}

// Functions are the names of the functions that the CLI and other functions invoke. In JSON they are keys of Settings.
// A new one also goes into Names; a test holds the two together.
type Functions struct {
	AdmitFunction    string `json:"admitFunction"`
	ControlFunction  string `json:"controlFunction"`  // operations on runs and clusters
	CalendarFunction string `json:"calendarFunction"` // runs of schedules and backfills
	RegisterFunction string `json:"registerFunction"`
}

// Names lists the functions that are set, sorted.
func (f Functions) Names() []string {
	names := []string{f.AdmitFunction, f.CalendarFunction, f.ControlFunction, f.RegisterFunction}
	names = slices.DeleteFunc(names, func(name string) bool { return name == "" })
	slices.Sort(names)
	return names
}

// Access is the part of a stage's users that needs no further call.
type Access struct {
	Required       bool     `json:"required,omitempty"`              // requests that resolve to no user are refused
	Default        string   `json:"default,omitempty"`               // user of senders that may use several users and name none
	Users          []string `json:"users,omitempty"`                 // names, sorted; each has a parameter
	SecurityConfig string   `json:"securityConfiguration,omitempty"` // EMR's security configuration for clusters whose steps run as users
}

// Limits are a stage's limits, and its defaults for pipelines.
type Limits struct {
	MaxActive         int               `json:"maxActive"`                  // concurrent runs in the stage
	TeamMaxActive     int               `json:"teamMaxActive,omitempty"`    // concurrent runs of one team; 0 = that of the stage
	Teams             map[string]int    `json:"teams,omitempty"`            // team -> its own limit
	PipelineMaxActive int               `json:"pipelineMaxActive"`          // concurrent runs of one pipeline
	Deadline          pipeline.Duration `json:"deadline"`                   // of a run, from admission
	ClusterReady      pipeline.Duration `json:"clusterReady"`               // from RunJobFlow until steps can run
	ClusterProvision  pipeline.Duration `json:"clusterProvision,omitempty"` // from RunJobFlow until it has instances, if there is a fallback; 0 = the default
	Requests          Requests          `json:"requests,omitempty"`         // bounds of requests, by team
	EMR               Buckets           `json:"emr,omitempty"`              // call budget by API, where it differs from AWS's defaults
	Pool              Pool              `json:"pool"`
}

// Pool is the default for clusters of pools, for pipelines and profiles that do not
// configure them.
type Pool struct {
	KeepAlive pipeline.Duration `json:"keepAlive" yaml:"keepAlive"` // how long an idle cluster waits for the next run
	Life      pipeline.Duration `json:"life" yaml:"life"`           // maximum age at which a cluster accepts runs
	Steps     int               `json:"steps" yaml:"steps"`         // minimum number of concurrent steps of a cluster
}

// Validate returns all errors.
func (p Pool) Validate() error {
	var errs []error
	if d := p.KeepAlive.Std(); d < 2*time.Minute || d > 24*time.Hour {
		errs = append(errs, fmt.Errorf("limits.pool.keepAlive %s must be 2m to 24h", p.KeepAlive))
	}
	if d := p.Life.Std(); d < p.KeepAlive.Std() || d > 7*24*time.Hour {
		errs = append(errs, fmt.Errorf("limits.pool.life %s must be keepAlive to 168h", p.Life))
	}
	if p.Steps < 1 || p.Steps > 256 {
		errs = append(errs, fmt.Errorf("limits.pool.steps %d must be 1 to 256", p.Steps))
	}
	return errors.Join(errs...)
}

// Metrics that ephemr publishes.
const (
	MetricNamespace = "ephemr"
	RepairsMetric   = "Repairs" // number of repairs by sweep; dimension Stage
	// UnreadableMetric is the number of records that cannot be decoded; dimension Stage.
	UnreadableMetric = "UnreadableRecords"
	// UnendedMetric is the number of clusters whose termination was refused; dimension Stage.
	UnendedMetric = "ClustersNotTerminated"
)

// ParameterName is the name of the SSM parameter with a stage's Settings.
func ParameterName(stage string) string { return "/ephemr/" + stage + "/settings" }

// ProfileParameter is the name of the SSM parameter with a cluster profile.
func ProfileParameter(stage, name string) string { return "/ephemr/" + stage + "/profiles/" + name }

// UsersPath is the path of the SSM parameters with a stage's users.
func UsersPath(stage string) string { return "/ephemr/" + stage + "/users" }

// UserParameter is the name of the SSM parameter with a user.
func UserParameter(stage, name string) string { return UsersPath(stage) + "/" + name }

// Parse decodes and validates Settings; the error lists everything that is missing.
func Parse(text string) (Settings, error) {
	var s Settings
	if text == "" {
		return s, fmt.Errorf("read settings: %s is empty", Variable)
	}
	// Unknown keys are ignored, so that an older CLI works with a newer stage.
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		return s, fmt.Errorf("read settings from %s: %w", Variable, err)
	}
	return s, s.validate()
}

func (s Settings) validate() error {
	var errs []error
	for _, setting := range []struct{ name, value string }{
		{"stage", s.Stage},
		{"runsTable", s.RunsTable},
		{"pipelinesTable", s.PipelinesTable},
		{"clustersTable", s.ClustersTable},
		{"artifactsBucket", s.ArtifactsBucket},
		{"logsBucket", s.LogsBucket},
		{"stateMachine", s.StateMachine},
	} {
		if setting.value == "" {
			errs = append(errs, fmt.Errorf("settings: %s is missing", setting.name))
		}
	}
	if s.Limits.MaxActive < 1 || s.Limits.PipelineMaxActive < 1 {
		errs = append(errs, errors.New("settings: limits.maxActive and limits.pipelineMaxActive must be at least 1"))
	}
	if s.Limits.Deadline <= 0 || s.Limits.ClusterReady <= 0 {
		errs = append(errs, errors.New("settings: limits.deadline and limits.clusterReady must be positive"))
	}
	if err := errors.Join(s.Limits.EMR.Validate(), s.Limits.Pool.Validate(), s.Limits.Requests.Validate()); err != nil {
		errs = append(errs, fmt.Errorf("settings: %w", err))
	}
	return errors.Join(errs...)
}

// OfTeam is the maximum number of concurrent runs of a team.
func (l Limits) OfTeam(team string) int {
	if n, ok := l.Teams[team]; ok {
		return n
	}
	if l.TeamMaxActive > 0 {
		return l.TeamMaxActive
	}
	return l.MaxActive
}

// DefaultProvision is as long as EMR looks for Spot instances.
const DefaultProvision = 10 * time.Minute

// Provision is how long a cluster may be without instances before the profile's
// next fallback is tried.
func (l Limits) Provision() time.Duration {
	return cmp.Or(l.ClusterProvision.Std(), DefaultProvision)
}

// OnLaptop reports whether the stage is in a laptop's region. Its account does not
// exist on AWS.
func (s Settings) OnLaptop() bool { return s.Account == "000000000000" }

// Database is the name of the stage's Glue database.
func (s Settings) Database() string { return Database(s.Stage) }

// Database is the name of a stage's Glue database.
func Database(stage string) string { return "ephemr_" + stage }

// LakeURIs returns zone -> s3://bucket, for .Lake in templates.
func (s Settings) LakeURIs() map[string]string {
	uris := make(map[string]string, len(s.Lake))
	for zone, bucket := range s.Lake {
		uris[zone] = "s3://" + bucket
	}
	return uris
}

// SecurityOf is EMR's security configuration of clusters for runs with a user, or without.
func (s Settings) SecurityOf(user bool) string {
	if user {
		return s.Access.SecurityConfig
	}
	return s.SecurityConfig
}

// InstancesOf is the instance profile of clusters for runs with a user, or without. Stages that were deployed before
// there were two have one.
func (s Settings) InstancesOf(user bool) string {
	if user {
		return cmp.Or(s.UserInstances, s.InstanceProfile)
	}
	return s.InstanceProfile
}
