// Package config contains the configuration of the stages, in one embedded YAML file
// each. Everything that these files do not configure is the same in all stages.
package config

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/goccy/go-yaml"

	"ephemr/internal/pipeline"
	"ephemr/internal/profile"
	"ephemr/internal/stage"
)

//go:embed *.yaml
var files embed.FS

// Config is the configuration of one stage.
type Config struct {
	Stage string `yaml:"-"` // the file's name

	Account string `yaml:"account"` // empty = that of the deploying credentials
	Region  string `yaml:"region"`  // empty = that of the deploying credentials

	Synthesizer          Synthesizer  `yaml:"synthesizer"`
	FunctionArchitecture Architecture `yaml:"functionArchitecture"`
	EmrEventSource       string       `yaml:"emrEventSource"` // source of EMR's events: aws.emr, or that of localemr
	EnforceTLS           bool         `yaml:"enforceTLS"`     // bucket, queue and topic policies deny HTTP without TLS
	Tracing              bool         `yaml:"tracing"`        // X-Ray
	CoarseRights         bool         `yaml:"coarseRights"`   // broader permissions, where the emulator evaluates resources or conditions differently from IAM
	Retain               bool         `yaml:"retain"`         // keep data when its stack is deleted, and protect stacks from deletion
	Keys                 Keys         `yaml:"keys"`           // customer's KMS keys
	Emails               []string     `yaml:"emails"`         // notified of alarms and of every run's outcome

	Logs    Logs                       `yaml:"logs"`
	Intake  Intake                     `yaml:"intake"`
	Sweep   Sweep                      `yaml:"sweep"`
	Limits  Limits                     `yaml:"limits"`
	Costs   stage.Costs                `yaml:"costs"` // estimates and budgets
	Lineage stage.Lineage              `yaml:"lineage"`
	Query   Query                      `yaml:"query"`
	Zones   map[string]Zone            `yaml:"zones"`    // of the lake
	Vars    map[string]string          `yaml:"vars"`     // for .Vars in templates of pipelines
	Shapes  map[string]profile.Profile `yaml:"profiles"` // of clusters
	Access  Access                     `yaml:"access"`   // users that jobs run as
	Secrets []string                   `yaml:"secrets"`  // that jobs without a user may read; see access.ParseSecrets

	Notices Notices `yaml:"notices"` // destinations beside the stage's topic

	Sources []stage.Source `yaml:"sources"` // buckets beside the lake whose objects are triggers
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

// Zone is a part of the lake: one bucket.
type Zone struct {
	Versioned   bool `yaml:"versioned"`
	Events      bool `yaml:"events"`      // uploads are triggers
	ArchiveDays int  `yaml:"archiveDays"` // days until objects move to Glacier Instant Retrieval; 0 = never
	ExpireDays  int  `yaml:"expireDays"`  // days until objects are deleted; 0 = never
}

// Stages lists the stages that have a file.
func Stages() []string {
	names, _ := fs.Glob(files, "*.yaml") // the pattern is well-formed
	for i, name := range names {
		names[i] = strings.TrimSuffix(name, ".yaml")
	}
	return names
}

// Load reads and validates the embedded file of stage.
func Load(stage string) (Config, error) {
	data, err := files.ReadFile(stage + ".yaml")
	if errors.Is(err, fs.ErrNotExist) {
		return Config{}, fmt.Errorf("unknown stage %q: use one of %s", stage, strings.Join(Stages(), ", "))
	}
	if err != nil {
		return Config{}, fmt.Errorf("read stage %q: %w", stage, err)
	}
	return Parse(stage, "infra/config/"+stage+".yaml", data)
}

// Parse reads and validates the file of stage; errors name file, line and
// column, or the key.
func Parse(stage, file string, data []byte) (Config, error) {
	c := Config{Stage: stage}
	if err := yaml.UnmarshalWithOptions(data, &c, yaml.Strict()); err != nil {
		return Config{}, locate(file, err)
	}
	if err := c.validateTables(file, data); err != nil {
		return Config{}, err
	}
	if err := c.Validate(); err != nil {
		return Config{}, fmt.Errorf("%s: %w", file, err)
	}
	return c, nil
}

// validateTables finds the first unknown table format of a profile, and its place in the file.
func (c Config) validateTables(file string, data []byte) error {
	for _, name := range c.ShapeNames() {
		for i, format := range c.Shapes[name].Tables {
			err := format.Validate()
			if err == nil {
				continue
			}
			path, invalid := yaml.PathString(fmt.Sprintf("$.profiles.%s.tables[%d]", name, i))
			if invalid != nil {
				return fmt.Errorf("%s: %w", file, err)
			}
			node, missing := path.ReadNode(bytes.NewReader(data))
			if missing != nil {
				return fmt.Errorf("%s: profiles.%s.tables: %w", file, name, err)
			}
			at := node.GetToken().Position
			return fmt.Errorf("%s:%d:%d: profiles.%s.tables: %w", file, at.Line, at.Column, name, err)
		}
	}
	return nil
}

func locate(file string, err error) error {
	var located yaml.Error
	if !errors.As(err, &located) || located.GetToken() == nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	at := located.GetToken().Position
	return fmt.Errorf("%s:%d:%d: %s", file, at.Line, at.Column, located.GetMessage())
}
