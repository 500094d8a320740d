package emrbehaviour_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/aws/aws-sdk-go-v2/service/emr/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"ephemr/internal/local/localemr"
	"ephemr/internal/proof/awsfake"
)

// patience bounds every wait for localemr; it is never slept through.
const patience = 30 * time.Second

// emulation is an EMR, and the control of it that the API does not give.
type emulation struct {
	*emr.Client
	events *events
	// looks is the polling interval, and patience the timeout.
	looks, patience time.Duration
	// deaf returns when a step that ignores interrupts does so.
	deaf func(cluster string)
	// supply gives EC2 the scarce type.
	supply func()
	// hold keeps later resizes from ending.
	hold func()
}

// Instance types that clusters do not get.
const (
	scarce  = "m9.scarce"  // EC2 has none
	foreign = "m9.foreign" // not supported in the zone
)

// settings are the options of an emulation.
type settings struct {
	stuck    bool // clusters stay in STARTING
	lasting  bool // clusters stay in TERMINATING as long as a step ignores interrupts
	late     bool // interrupted steps are reported when all their processes have ended
	throttle bool
	bad      bool // bootstrap actions fail
	protects bool // something in the account protects clusters that are ready
	dies     bool // the primary instance dies under the first step
}

// emulations runs a test on each of the two, in a world of its own.
func emulations(t *testing.T, set settings, test func(*world)) {
	t.Helper()
	t.Run("awsfake", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) { test(newWorld(t, newFake(t, set))) })
	})
	t.Run("localemr", func(t *testing.T) {
		t.Parallel()
		test(newWorld(t, newLocal(t, set)))
	})
}

// Names of steps that both emulations run in the same way.
const (
	completes = "completes"
	fails     = "fails"
	blocks    = "blocks" // until it is interrupted
	deaf      = "deaf"   // until it is killed
)

// scripts are what localemr runs for them.
var scripts = map[string]string{
	completes: "true",
	fails:     "exit 1",
	blocks:    "exec sleep 600",
	deaf:      "trap '' TERM; touch $HOME/deaf; while true; do sleep 0.02; done",
}

func newFake(t *testing.T, set settings) *emulation {
	t.Helper()
	seen := &events{}
	config := awsfake.EMRConfig{
		OnEvent: func(detailType string, detail json.RawMessage) { seen.add(detailType, detail) },
		Script: func(_, step string) (time.Duration, types.StepState) {
			switch step {
			case completes:
				return time.Minute, types.StepStateCompleted
			case fails:
				return time.Minute, types.StepStateFailed
			}
			return 1000 * time.Hour, types.StepStateCompleted
		},
		Deaf:           func(_, step string) bool { return step == deaf },
		BootstrapFails: func(string) bool { return set.bad },
		Protects:       func(string) bool { return set.protects },
		Throttle:       set.throttle,
	}
	if set.stuck {
		config.Starting = 1000 * time.Hour
	}
	if set.lasting {
		config.Terminating = 1000 * time.Hour
	}
	if set.dies {
		config.DiesAfter = func(string) time.Duration { return 10 * time.Second }
	}
	f := awsfake.NewEMR(config)
	f.SetCapacity(scarce, false)
	f.SetSupported(foreign, false)
	t.Cleanup(func() {
		f.Close()
		calls.add(f.AllCalls())
	})
	return &emulation{
		Client: f.Client(), events: seen, looks: time.Second, patience: 500 * time.Hour,
		supply: func() { f.SetCapacity(scarce, true) },
		deaf:   func(string) { synctest.Wait() }, hold: func() {}, // time passes only while the test polls
	}
}

func newLocal(t *testing.T, set settings) *emulation {
	t.Helper()
	seen := &events{}
	const short = localemr.Duration(30 * time.Millisecond)
	config := localemr.Config{
		Data: t.TempDir(), Environ: os.Environ(), Objects: nowhere{}, Events: seen, Logger: slog.New(slog.DiscardHandler),
		Settings: localemr.Settings{
			Provision: short, Bootstrap: short, TerminateGrace: localemr.Duration(300 * time.Millisecond),
			IdleSecond: localemr.Duration(200 * time.Microsecond), Throttle: set.throttle,
		},
		Faults: []localemr.Fault{{Kind: "capacity", InstanceType: scarce}, {Kind: "unsupportedType", InstanceType: foreign}},
	}
	for _, s := range []struct {
		set  bool
		last *localemr.Duration
	}{{set.stuck, &config.Settings.Provision}, {set.lasting, &config.Settings.TerminateGrace}, {set.late, &config.Settings.CancelReport}} {
		if s.set {
			*s.last = localemr.Duration(time.Hour)
		}
	}
	if set.bad {
		config.Faults = append(config.Faults, localemr.Fault{Kind: "bootstrapFailure"})
	}
	if set.protects {
		config.Faults = append(config.Faults, localemr.Fault{Kind: "protected"})
	}
	if set.dies {
		config.Faults = append(config.Faults, localemr.Fault{Kind: "instanceFailure", Count: 1})
	}
	server, err := localemr.New(config)
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(server.Handler())
	t.Cleanup(func() {
		web.Close()
		if err := server.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	e := &emulation{
		Client: emr.New(emr.Options{
			BaseEndpoint: &web.URL, Region: "us-east-1", Credentials: aws.AnonymousCredentials{}, Retryer: aws.NopRetryer{},
		}),
		events: seen, looks: 3 * time.Millisecond, patience: patience,
	}
	e.deaf = func(cluster string) {
		until(t, e, "the step ignores interrupts", func() bool {
			_, err := os.Stat(filepath.Join(config.Data, cluster, "deaf"))
			return err == nil
		})
	}
	e.hold = func() { admin(t, http.MethodPut, web.URL+"/_localemr/settings", `{"provision": "1h"}`) }
	e.supply = func() { admin(t, http.MethodDelete, web.URL+"/_localemr/faults", "") }
	return e
}

// admin calls localemr's admin API.
func admin(t *testing.T, method, url, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if err := res.Body.Close(); err != nil || res.StatusCode/100 != 2 {
		t.Fatalf("%s %s: %s, %v", method, url, res.Status, err)
	}
}

// until polls until check is true.
func until(t *testing.T, e *emulation, what string, check func() bool) {
	t.Helper()
	for began := time.Now(); !check(); time.Sleep(e.looks) {
		if time.Since(began) > e.patience {
			t.Fatalf("gave up waiting until %s", what)
		}
	}
}

// nowhere is an S3 that stores nothing.
type nowhere struct{}

func (nowhere) GetObject(context.Context, *s3.GetObjectInput, ...func(*s3.Options)) (*s3.GetObjectOutput, error) {
	return nil, errors.New("no objects here")
}

func (nowhere) PutObject(_ context.Context, in *s3.PutObjectInput, _ ...func(*s3.Options)) (*s3.PutObjectOutput, error) {
	_, err := io.Copy(io.Discard, in.Body)
	return &s3.PutObjectOutput{}, err
}

// events keeps the details of the events that an emulation sent, by type.
type events struct {
	mu   sync.Mutex
	seen map[string][]map[string]string
}

func (e *events) add(detailType string, detail []byte) {
	fields := map[string]string{}
	if err := json.Unmarshal(detail, &fields); err != nil {
		panic(err)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.seen == nil {
		e.seen = map[string][]map[string]string{}
	}
	e.seen[detailType] = append(e.seen[detailType], fields)
}

// PutEvents receives localemr's events.
func (e *events) PutEvents(_ context.Context, in *eventbridge.PutEventsInput, _ ...func(*eventbridge.Options)) (*eventbridge.PutEventsOutput, error) {
	for _, entry := range in.Entries {
		e.add(*entry.DetailType, []byte(*entry.Detail))
	}
	return &eventbridge.PutEventsOutput{}, nil
}

func (e *events) of(detailType string) []map[string]string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.seen[detailType])
}
