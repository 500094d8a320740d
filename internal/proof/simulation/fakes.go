package simulation

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	emrtypes "github.com/aws/aws-sdk-go-v2/service/emr/types"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"ephemr/events"
	"ephemr/internal/pipeline"
	"ephemr/internal/profile"
	"ephemr/internal/proof/awsfake"
	"ephemr/internal/proof/instant"
	"ephemr/internal/records"
	"ephemr/internal/run"
	"ephemr/internal/run/store"
	"ephemr/internal/stage"
)

const (
	account     = "123456789012"
	region      = "us-east-1"
	machineName = "run"
)

// Settings are those of a stage called test.
func Settings(machineARN string) stage.Settings {
	queue := func(name string) string { return "https://sqs." + region + ".amazonaws.com/" + account + "/" + name }
	return stage.Settings{
		Stage: "test", Account: account, Region: region,
		RunsTable: "runs", PipelinesTable: "pipelines", ClustersTable: "clusters", LedgerTable: "ledger", Namespace: "ns-test",
		Lake:            map[string]string{"raw": "test-raw", "curated": "test-curated"},
		ArtifactsBucket: "test-artifacts", LogsBucket: "test-logs", RunLogGroup: "/ephemr/test/runs",
		EventsQueue: queue("events"), RequestsQueue: queue("requests"),
		EventsDLQ: queue("events-dlq"), RequestsDLQ: queue("requests-dlq"), TargetsDLQ: queue("targets-dlq"),
		EventBus: "test", Topic: "arn:aws:sns:" + region + ":" + account + ":test", StateMachine: machineARN,
		Functions:      stage.Functions{AdmitFunction: "admit", ControlFunction: "control", CalendarFunction: "calendar", RegisterFunction: "register"},
		SecurityConfig: withoutUsers, ServiceRole: "service", InstanceProfile: "instances", UserInstances: "user-instances", Bootstrap: "s3://test-artifacts/install-runner.sh",
		Runners: map[string]string{"x86_64": "s3://test-artifacts/runner"},
		Limits: stage.Limits{
			MaxActive: 10, PipelineMaxActive: 5,
			Deadline: pipeline.Duration(2 * time.Hour), ClusterReady: pipeline.Duration(20 * time.Minute),
			Pool: stage.Pool{KeepAlive: pipeline.Duration(15 * time.Minute), Life: pipeline.Duration(12 * time.Hour), Steps: 4},
		},
	}
}

func queueARN(name string) string { return "arn:aws:sqs:" + region + ":" + account + ":" + name }

// withoutUsers is the security configuration of clusters for runs without a user.
const withoutUsers = "clusters"

// access is what settings say of users.
func (c Config) access() stage.Access {
	a := stage.Access{Required: c.UserRequired, Users: slices.Sorted(maps.Keys(c.Users))}
	if len(c.Users) > 0 {
		a.SecurityConfig = "users"
	}
	return a
}

// LadderTypes are the instance types of the profile "ladder", by rung.
var LadderTypes = []string{"m5.xlarge", "m5a.xlarge", "m6i.xlarge"}

// parameters are the stage's profiles and users.
func (c Config) parameters() map[string]string {
	small := profile.Profile{
		Release: "emr-7.14.0", Applications: []string{"Spark"}, IdleTimeout: pipeline.Duration(time.Hour),
		Primary: profile.Fleet{Types: LadderTypes[:1], OnDemand: 1},
	}
	ladder := small
	ladder.Fallbacks = []profile.Fallback{{Types: LadderTypes[1:2]}, {Types: LadderTypes[2:]}}
	wide := small
	wide.Core, wide.Task = &profile.Fleet{Types: LadderTypes[:1], Spot: 2}, &profile.Fleet{Types: LadderTypes[1:2]}
	wide.Fallbacks = []profile.Fallback{{OnDemand: true}}
	all := map[string]profile.Profile{"small": small, "ladder": ladder, "wide": wide}
	maps.Copy(all, c.Profiles)
	parameters := map[string]string{}
	for name, p := range all {
		data, err := json.Marshal(p)
		if err != nil {
			panic(fmt.Sprintf("encode profile %s: %v", name, err))
		}
		parameters[stage.ProfileParameter("test", name)] = string(data)
	}
	for name, u := range c.Users {
		data, err := json.Marshal(u)
		if err != nil {
			panic(fmt.Sprintf("encode user %s: %v", name, err))
		}
		parameters[stage.UserParameter("test", name)] = string(data)
	}
	parameters[stage.QueryParameter("test")] = `{"database": "ephemr_test", "workgroups": {"default": {"name": "` + workgroup + `"}}}`
	return parameters
}

// workgroup is that of all teams.
const workgroup = "ephemr-test-default"

// fakes makes the services.
func (w *World) fakes() {
	s := w.Settings
	w.DB = awsfake.NewDynamoDB(
		awsfake.Table{Name: s.RunsTable, PK: "pk", SK: "sk", Indexes: []awsfake.Index{
			{Name: store.ByState, PK: "gsState", SK: "gsOrder"}, {Name: store.ByPipeline, PK: "gpPipeline", SK: "gpOrder"},
		}},
		awsfake.Table{Name: s.PipelinesTable, PK: "pk", SK: "sk", Indexes: []awsfake.Index{{Name: records.ByDue, PK: records.DueName, SK: records.DueOrderName}}},
		awsfake.Table{Name: s.ClustersTable, PK: "pk"},
		awsfake.Table{Name: s.LedgerTable, PK: "pk", SK: "sk", Indexes: []awsfake.Index{{Name: records.ByClosing, PK: records.ClosingName, SK: records.ClosingOrderName}}},
	)
	w.EC2 = awsfake.NewEC2(map[string][]float64{"m5.xlarge": {0.05, 0.07, 0.06}})
	w.S3 = awsfake.NewS3("test-raw", "test-curated", s.ArtifactsBucket, s.LogsBucket)
	w.SQS = awsfake.NewSQS(s.EventsQueue, s.RequestsQueue, s.EventsDLQ, s.RequestsDLQ)
	w.SQS.OnSend = w.sent
	w.SNS, w.SSM, w.Lambda = awsfake.NewSNS(s.Topic), awsfake.NewSSM(w.config.parameters()), awsfake.NewLambda()
	w.Secrets = awsfake.NewSecretsManager()
	w.Glue = awsfake.NewGlue(s.Database())
	w.DataZone = awsfake.NewDataZone()
	w.Athena = awsfake.NewAthena(map[string]int64{workgroup: 0})
	w.Metrics, w.Logs = awsfake.NewCloudWatch(), awsfake.NewLogs(s.RunLogGroup)
	w.CloudMap = awsfake.NewServiceDiscovery(map[string]string{s.Namespace: "ephemr-test"})
	w.CloudMap.Takes = time.Second
	w.SFN = awsfake.NewStepFunctions(w.Engine)
	w.Bus = awsfake.NewEventBridge()
	w.Bus.OnEvent = w.onEvent
	w.EMR = awsfake.NewEMR(awsfake.EMRConfig{
		WithoutRoles: []string{withoutUsers},
		Starting:     w.config.Starting, Bootstrapping: w.config.Bootstrapping, Terminating: w.config.Terminating,
		Script: w.script, Deaf: w.isDeaf, OnCancel: w.cancelled, BootstrapFails: w.config.BootstrapFails, DiesAfter: w.diesAfter, Protects: w.config.Protects,
		OnEvent: w.onEMR, EventDelays: w.config.EventDelays, Throttle: w.config.Throttle, Quotas: w.config.Quotas,
	})
	w.Instant = instant.New()
	w.Instant.Script = func(capacity, attempt string) (time.Duration, bool) {
		takes, state := w.script(capacity, attempt)
		return takes, state == emrtypes.StepStateCompleted
	}
	w.Instant.Ignores, w.Instant.OnCancel, w.Instant.OnEvent = w.isDeaf, w.cancelled, w.onInstant
	crash := &awsfake.Hooks{
		Before: func(op string) error { w.maybeCrash(op, false); return nil },
		After:  func(op string) error { w.maybeCrash(op, true); return nil },
	}
	for _, f := range []interface{ Use(*awsfake.Hooks) }{w.DB, w.EMR, w.S3, w.SFN, w.SSM, w.CloudMap, w.EC2, w.Glue, w.Athena} {
		f.Use(crash)
	}
}

// onEvent are the rules on the stage's bus: one wakes admission after every run, the other
// sends successes to the events queue.
func (w *World) onEvent(e ebtypes.PutEventsRequestEntry) {
	if *e.DetailType != events.TypeRunFinished {
		return
	}
	var d events.RunFinished
	if err := json.Unmarshal([]byte(*e.Detail), &d); err != nil {
		panic(fmt.Sprintf("decode RunFinished: %v", err))
	}
	w.closeOnce(d.RunID)
	body := envelope(events.Source, *e.DetailType, json.RawMessage(*e.Detail))
	w.busy.Go(func() { w.async("admit", body) })
	w.busy.Go(func() {
		select {
		case <-w.life.Done():
		case <-time.After(time.Second): // EventBridge is slower than the write that follows
			w.async("notify", body)
		}
	})
	if d.State == string(run.Succeeded) {
		w.busy.Go(func() { w.Deliver("events", string(body)) })
	}
}

// onEMR is the rule that brings EMR's events to watch.
func (w *World) onEMR(detailType string, detail json.RawMessage) {
	var d struct{ State, EventCode string }
	if err := json.Unmarshal(detail, &d); err != nil {
		panic(fmt.Sprintf("decode event of EMR: %v", err))
	}
	wanted := slices.Contains(events.AwaitedStates, d.State)
	if detailType == awsfake.FleetProvisioning {
		wanted = d.EventCode == events.CodeInsufficientCapacity
	}
	if !wanted {
		return // no rule is for it
	}
	w.async("watch", envelope(events.SourceEMR, detailType, detail))
}

// onInstant brings the second engine's events to watch.
func (w *World) onInstant(detailType string, detail json.RawMessage) {
	delays := []time.Duration{0}
	if w.config.EventDelays != nil {
		delays = w.config.EventDelays(detailType)
	}
	for _, d := range delays {
		time.AfterFunc(d, func() { w.async("watch", envelope("instant", detailType, detail)) })
	}
}

func envelope(source, detailType string, detail json.RawMessage) json.RawMessage {
	data, err := json.Marshal(events.Envelope{
		ID: "e-" + strings.ToLower(source), Source: source, DetailType: detailType, Account: account, Region: region,
		Time: time.Now().UTC().Truncate(time.Second), Resources: []string{}, Detail: detail,
	})
	if err != nil {
		panic(fmt.Sprintf("encode event: %v", err))
	}
	return data
}

// Mails are the notices on the stage's topic, after those that are due were sent.
func (w *World) Mails() []sns.PublishInput {
	w.async("notify", json.RawMessage(`{"detail-type":"Scheduled Event"}`))
	return w.SNS.Published(w.Settings.Topic)
}
