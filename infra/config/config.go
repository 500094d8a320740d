// Package config holds what differs between stages. One YAML file per stage is
// embedded; everything that no file says is the same in all of them.
package config

import (
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

// Config is one stage's file.
type Config struct {
	Stage string `yaml:"-"` // the file's name

	Account string `yaml:"account"` // empty = the account of the credentials that deploy
	Region  string `yaml:"region"`  // empty = the Region of the credentials that deploy

	Synthesizer          Synthesizer  `yaml:"synthesizer"`
	FunctionArchitecture Architecture `yaml:"functionArchitecture"`
	EmrEventSource       string       `yaml:"emrEventSource"` // who sends EMR's events: aws.emr, or localemr's name
	EnforceTLS           bool         `yaml:"enforceTLS"`     // refuse plain http in bucket, queue and topic policies
	Tracing              bool         `yaml:"tracing"`        // X-Ray
	CoarseRights         bool         `yaml:"coarseRights"`   // also allow what the emulator mistakes calls for when it enforces IAM
	Retain               bool         `yaml:"retain"`         // data outlives its stack, stacks are protected
	Emails               []string     `yaml:"emails"`         // told of alarms and of every run's outcome

	Logs   Logs                       `yaml:"logs"`
	Intake Intake                     `yaml:"intake"`
	Sweep  Sweep                      `yaml:"sweep"`
	Limits Limits                     `yaml:"limits"`
	Query  Query                      `yaml:"query"`
	Zones  map[string]Zone            `yaml:"zones"`    // of the lake
	Shapes map[string]profile.Profile `yaml:"profiles"` // of clusters
	Access Access                     `yaml:"access"`   // whom jobs run as
}

// Synthesizer says with whose rights assets are uploaded and stacks deployed.
type Synthesizer string

// The synthesizers: the bootstrap stack's roles, or the caller's own credentials.
const (
	BootstrapRoles Synthesizer = "default"
	CallerRights   Synthesizer = "cli"
)

// Architecture of the functions' binaries, and of the clusters' with host.
type Architecture string

// The architectures: Graviton, or whatever this machine is (the emulator runs
// the binaries as processes of its own).
const (
	Arm64 Architecture = "arm64"
	Host  Architecture = "host"
)

// Logs says how long logs are kept.
type Logs struct {
	Days       int `yaml:"days"`       // CloudWatch log groups; one of the values that CloudWatch knows
	BucketDays int `yaml:"bucketDays"` // job specs, results and EMR's own logs in S3
}

// Intake bounds the function that reads the queues.
type Intake struct {
	MaxConcurrency int `yaml:"maxConcurrency"` // per queue, 2..1000
}

// Sweep says how often orphans are looked for.
type Sweep struct {
	Every pipeline.Duration `yaml:"every"` // whole minutes
}

// Limits of the stage, where a pipeline sets none; see stage.Limits.
type Limits struct {
	MaxActive         int               `yaml:"maxActive"`
	TeamMaxActive     int               `yaml:"teamMaxActive"` // 0 = as many as the stage
	Teams             map[string]int    `yaml:"teams"`         // where a team differs
	PipelineMaxActive int               `yaml:"pipelineMaxActive"`
	Deadline          pipeline.Duration `yaml:"deadline"`
	ClusterReady      pipeline.Duration `yaml:"clusterReady"`
	EMR               stage.Buckets     `yaml:"emr"` // only what differs from AWS's defaults
	Pool              stage.Pool        `yaml:"pool"`
}

// Zone is a part of the lake: one bucket.
type Zone struct {
	Versioned   bool `yaml:"versioned"`
	Events      bool `yaml:"events"`      // uploads are triggers
	ArchiveDays int  `yaml:"archiveDays"` // to Glacier Instant Retrieval after so many days; 0 = never
	ExpireDays  int  `yaml:"expireDays"`  // deleted after so many days; 0 = never
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
		return Config{}, fmt.Errorf("read stage %q: there is no such stage, only %s", stage, strings.Join(Stages(), ", "))
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
	if err := c.Validate(); err != nil {
		return Config{}, fmt.Errorf("%s: %w", file, err)
	}
	return c, nil
}

func locate(file string, err error) error {
	var located yaml.Error
	if !errors.As(err, &located) || located.GetToken() == nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	at := located.GetToken().Position
	return fmt.Errorf("%s:%d:%d: %s", file, at.Line, at.Column, located.GetMessage())
}
