package localemr

import (
	"context"
	"encoding"
	"fmt"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// ObjectAPI is the part of S3 that localemr uses: it reads scripts and writes logs.
type ObjectAPI interface {
	GetObject(ctx context.Context, in *s3.GetObjectInput, opts ...func(*s3.Options)) (*s3.GetObjectOutput, error)
	PutObject(ctx context.Context, in *s3.PutObjectInput, opts ...func(*s3.Options)) (*s3.PutObjectOutput, error)
}

// EventAPI is the part of EventBridge that localemr uses.
type EventAPI interface {
	PutEvents(ctx context.Context, in *eventbridge.PutEventsInput, opts ...func(*eventbridge.Options)) (*eventbridge.PutEventsOutput, error)
}

// Config cannot be changed while a Server runs.
type Config struct {
	Data    string   // directory of the state and of the clusters' work directories
	Bin     string   // directory prepended to the steps' PATH; may be empty
	Environ []string // environment of steps and bootstrap actions, KEY=value
	Region  string   // us-east-1 when empty
	Account string   // 000000000000 when empty
	URL     string   // at which the server will be reached; empty: processes have the keys of Environ

	Objects     ObjectAPI  // nil: s3:// scripts fail, logs stay on disk
	Events      EventAPI   // nil: no events
	Roles       RoleAPI    // nil: steps with a runtime role have the environment's credentials
	Network     NetworkAPI // nil: the tags of networks are not checked
	EventSource string     // source of the events; local.emr when empty

	Settings Settings
	Faults   []Fault

	// Adopts says that the process is the parent of orphans (processtree.AdoptOrphans)
	// and starts no others than the server's.
	Adopts bool

	Logger *slog.Logger // slog.Default when nil
}

func (c *Config) setDefaults() {
	setDefault(&c.Region, "us-east-1")
	setDefault(&c.Account, "000000000000")
	setDefault(&c.EventSource, "local.emr")
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
}

// resolve makes the directories absolute: processes run in others.
func (c *Config) resolve() error {
	for _, dir := range []*string{&c.Data, &c.Bin} {
		if *dir == "" {
			continue
		}
		abs, err := filepath.Abs(*dir)
		if err != nil {
			return fmt.Errorf("find directory %s: %w", *dir, err)
		}
		*dir = abs
	}
	return nil
}

func setDefault(s *string, value string) {
	if *s == "" {
		*s = value
	}
}

// Settings may be changed while the server runs, by PUT /_localemr/settings.
type Settings struct {
	Provision      Duration `json:"provision"`      // time in STARTING
	Jitter         Duration `json:"jitter"`         // maximum random time added to it
	Bootstrap      Duration `json:"bootstrap"`      // time in BOOTSTRAPPING, without the bootstrap actions
	TerminateGrace Duration `json:"terminateGrace"` // between SIGTERM and SIGKILL when a cluster terminates
	CancelReport   Duration `json:"cancelReport"`   // from the end of an interrupted step's JVM to CANCELLED, if its processes still run
	IdleSecond     Duration `json:"idleSecond"`     // duration of one second of an auto-termination policy
	Throttle       bool     `json:"throttle"`       // throttle API calls by EMR's token buckets
	Seed           uint64   `json:"seed"`           // of jitter, faults by chance and the choice of subnets
}

// DefaultSettings are short, for interactive use.
func DefaultSettings() Settings {
	return Settings{
		Provision:      Duration(3 * time.Second),
		TerminateGrace: Duration(2 * time.Second),
		CancelReport:   Duration(time.Second),
		IdleSecond:     Duration(time.Second),
	}
}

func (s *Settings) validate() error {
	for _, x := range []struct {
		name string
		d    Duration
	}{
		{"provision", s.Provision},
		{"jitter", s.Jitter},
		{"bootstrap", s.Bootstrap},
		{"terminateGrace", s.TerminateGrace},
		{"idleSecond", s.IdleSecond},
		{"cancelReport", s.CancelReport},
	} {
		if x.d < 0 {
			return fmt.Errorf("check setting %s: %s is negative", x.name, time.Duration(x.d))
		}
	}
	return nil
}

// Duration is a time.Duration that JSON writes as "1m30s".
type Duration time.Duration

var (
	_ encoding.TextMarshaler   = Duration(0)
	_ encoding.TextUnmarshaler = (*Duration)(nil)
)

// MarshalText writes d as time.Duration does.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText reads what time.ParseDuration reads.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf("read duration: %w", err)
	}
	*d = Duration(v)
	return nil
}
