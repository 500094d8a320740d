// Package config contains the configuration of the stages, in one YAML file each: embedded,
// or in a folder. Everything that these files do not configure is the same in all stages.
package config

import (
	"ephemr/internal/pipeline"
	"ephemr/internal/profile"
	"ephemr/internal/stage"
)

// Config is the configuration of one stage.
type Config struct {
	Stage string `yaml:"-"` // the file's name

	Account string `yaml:"account"` // empty = that of the deploying credentials
	Region  string `yaml:"region"`  // empty = that of the deploying credentials

	Synthesizer          Synthesizer  `yaml:"synthesizer"`
	FunctionArchitecture Architecture `yaml:"functionArchitecture"`
	EmrEventSource       string       `yaml:"emrEventSource"`      // source of EMR's events: aws.emr, or that of localemr
	EnforceTLS           bool         `yaml:"enforceTLS"`          // policies of buckets, queues, topics and the bus deny HTTP without TLS
	Tracing              bool         `yaml:"tracing"`             // X-Ray
	CoarseRights         bool         `yaml:"coarseRights"`        // broader permissions, where the emulator evaluates resources or conditions differently from IAM
	Retain               bool         `yaml:"retain"`              // keep data when its stack is deleted, and protect stacks from deletion
	Keys                 Keys         `yaml:"keys"`                // customer's KMS keys
	Encryption           Encryption   `yaml:"encryption"`          // of clusters
	PermissionsBoundary  string       `yaml:"permissionsBoundary"` // ARN of a managed policy that limits every role of the stage; empty = none
	Emails               []string     `yaml:"emails"`              // notified of alarms and of every run's outcome

	Logs    Logs                       `yaml:"logs"`
	Intake  Intake                     `yaml:"intake"`
	Sweep   Sweep                      `yaml:"sweep"`
	Limits  Limits                     `yaml:"limits"`
	Costs   stage.Costs                `yaml:"costs"` // estimates and budgets
	Lineage stage.Lineage              `yaml:"lineage"`
	Query   Query                      `yaml:"query"`
	Zones   map[string]Zone            `yaml:"zones"`    // of the lake; with Lake, those of it that have data
	Lake    *Lake                      `yaml:"lake"`     // nil = only zones
	Vars    map[string]string          `yaml:"vars"`     // for .Vars in templates of pipelines
	Shapes  map[string]profile.Profile `yaml:"profiles"` // of clusters
	Access  Access                     `yaml:"access"`   // users that jobs run as
	Secrets []string                   `yaml:"secrets"`  // that jobs without a user may read; see access.ParseSecrets

	Notices Notices `yaml:"notices"` // destinations beside the stage's topic

	Sources []stage.Source `yaml:"sources"` // buckets beside the lake whose objects are triggers

	Network *Network `yaml:"network"` // of clusters; nil = the default VPC, or the profiles' subnets

	Ingestion *Ingestion `yaml:"ingestion"` // nil = none

	Delivery *Delivery `yaml:"delivery"` // nil = no workflow deploys the stage
}

// Synthesizer selects the credentials that upload assets and deploy stacks.
type Synthesizer string

// The synthesizers: the bootstrap stack's roles, or the caller's own credentials.
const (
	BootstrapRoles Synthesizer = "default"
	CallerRights   Synthesizer = "cli"
)

// Architecture of the functions' binaries, and of the clusters' with host.
type Architecture string

// The architectures: Graviton, or that of this machine (the emulator runs the
// binaries as local processes).
const (
	Arm64 Architecture = "arm64"
	Host  Architecture = "host"
)

// Keys are ARNs of customer managed KMS keys of the stage's Region. Without them S3 encrypts with its own keys.
type Keys struct {
	Buckets   string `yaml:"buckets"`   // of all buckets of the stage
	Bootstrap string `yaml:"bootstrap"` // of the bucket of the CDK's bootstrap stack, from which clusters load the runner
}

// Logs configures the retention of logs.
type Logs struct {
	Days       int `yaml:"days"`       // CloudWatch log groups; one of LogDays
	BucketDays int `yaml:"bucketDays"` // job specs, results and EMR's own logs in S3
}

// Intake configures the function that reads the queues.
type Intake struct {
	MaxConcurrency int `yaml:"maxConcurrency"` // per queue, 2..1000
}

// Sweep configures how often orphaned resources are searched for.
type Sweep struct {
	Every pipeline.Duration `yaml:"every"` // whole minutes
}

// Limits are the stage's limits and its defaults for pipelines; see stage.Limits.
type Limits struct {
	MaxActive         int               `yaml:"maxActive"`
	TeamMaxActive     int               `yaml:"teamMaxActive"` // 0 = that of the stage
	Teams             map[string]int    `yaml:"teams"`         // team -> its own limit
	PipelineMaxActive int               `yaml:"pipelineMaxActive"`
	Deadline          pipeline.Duration `yaml:"deadline"`
	ClusterReady      pipeline.Duration `yaml:"clusterReady"`
	Requests          stage.Requests    `yaml:"requests"`         // team -> bounds of its requests; default = for teams without an entry
	ClusterProvision  pipeline.Duration `yaml:"clusterProvision"` // 0 = stage.DefaultProvision
	EMR               stage.Buckets     `yaml:"emr"`              // only those that differ from AWS's defaults
	Pool              stage.Pool        `yaml:"pool"`
}
