package events_test

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ephemr/events"
	"ephemr/internal/notify"
)

func sample(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name + ".json") //nolint:gosec // of this package
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// Events of AWS are decoded into the fields that ephemr uses; others are ignored.
func TestEventsOfAWS(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, source, detailType string
		into, want               any
	}{
		{"s3-object-created", events.SourceS3, events.TypeObjectCreated, &events.ObjectCreated{}, func() any {
			var e events.ObjectCreated
			e.Bucket.Name, e.Reason = "ephemr-dev-raw-111122223333", "PutObject"
			e.Object.Key, e.Object.Size, e.Object.ETag = "flights/a b+c.csv.gz", 5, "b1946ac92492d2347c6235b4d2611184"
			e.Object.VersionID, e.Object.Sequencer = "IYV3p45BT0ac8hjHg1houSdS1a.Mro8e", "00617F08299329D189"
			return &e
		}()},
		{"emr-cluster-state-change", events.SourceEMR, events.TypeClusterState, &events.ClusterState{}, &events.ClusterState{
			ClusterID: "j-123456789ABCD", Name: "flights-daily-20261116T0300-0a1b2c3d.1", State: "TERMINATED", Message: "for people",
			StateChangeReason: `{"code":"USER_REQUEST","message":"Terminated by user request"}`,
		}},
		{"emr-step-status-change", events.SourceEMR, events.TypeStepStatus, &events.StepStatus{}, &events.StepStatus{
			ClusterID: "j-123456789ABCD", StepID: "s-ZYXWVUTSRQPON", Name: "clean#1", State: "FAILED", Message: "for people",
		}},
		{"emr-instance-fleet-provisioning", events.SourceEMR, events.TypeProvisioning, &events.FleetProvisioning{}, &events.FleetProvisioning{
			ClusterID: "j-123456789ABCD", Name: "flights-daily-20261116T0300-0a1b2c3d.1", EventCode: events.CodeInsufficientCapacity, State: "CREATING",
			InstanceFleetID: "if-123456789ABCD", InstanceFleetType: "CORE", Message: "for people",
		}},
		{"execution-status-change", events.SourceStates, events.TypeExecution, &events.ExecutionStatus{}, &events.ExecutionStatus{
			ExecutionARN: "arn:aws:states:eu-west-1:111122223333:execution:ephemr-dev-run:flights-daily-20261116T0300-0a1b2c3d",
			Name:         "flights-daily-20261116T0300-0a1b2c3d", Status: "ABORTED", StartDate: 1794798000123,
			Input: `{"runId":"flights-daily-20261116T0300-0a1b2c3d"}`,
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var e events.Envelope
			if err := json.Unmarshal(sample(t, tt.name), &e); err != nil {
				t.Fatal(err)
			}
			if e.Source != tt.source || e.DetailType != tt.detailType || e.Time.IsZero() {
				t.Errorf("envelope %s %q at %s", e.Source, e.DetailType, e.Time)
			}
			if err := json.Unmarshal(e.Detail, tt.into); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, tt.into); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// Our own events and messages encode to exactly their samples.
func TestOurEvents(t *testing.T) {
	t.Parallel()
	five, three := 5, 3
	id := "flights-daily-20261116T0300-0a1b2c3d"
	message, err := json.Marshal(notify.Message{
		ID: "dev-flights-daily-7", Thread: "dev/flights-daily/job", Kind: notify.Failure, Headline: "FAILED " + id, Stage: "dev", Pipeline: "flights-daily",
		Team: "data", RunID: id, State: "FAILED", Class: "job", Job: "clean", Attempt: 1, ExitCode: &three, Reason: "job clean: spark-submit main.py exited 3",
		Cost: "about 0.12 USD", Next: []string{"ephemr logs " + id + " clean"}, Count: 1, At: time.Date(2026, 11, 16, 3, 21, 9, 0, time.UTC),
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]any{
		"schedule-tick": &events.ScheduleTick{Kind: events.KindSchedule, Pipeline: "flights-daily", ScheduledTime: "2026-11-16T03:00:00Z"},
		"request": &events.Request{
			RequestID: "etl-2026-11-16", Pipeline: "flights-daily", User: "etl", LogicalTime: "2026-11-16", Priority: &five,
			Params: map[string]string{"input": "flights/2013-01.csv.gz"},
		},
		"run-finished": &events.RunFinished{
			RunID: "flights-daily-20261116T0300-0a1b2c3d", Pipeline: "flights-daily", State: "FAILED", Class: "job",
			Reason: "job clean: spark-submit main.py exited 3", ClusterID: "j-123456789ABCD", CostUSD: 0.12,
			EndedAt: time.Date(2026, 11, 16, 3, 21, 9, 0, time.UTC),
		},
		"notice": &events.Notice{Destination: "webhook:ops", MessageID: "dev-flights-daily-7", Body: message},
		"repaired": &events.Repaired{
			What: "cluster-terminated", RunID: "flights-daily-20261116T0300-0a1b2c3d", ClusterID: "j-123456789ABCD", Reason: "its run is FAILED",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			data, err := json.Marshal(want)
			if err != nil {
				t.Fatal(err)
			}
			var compact bytes.Buffer
			if err := json.Compact(&compact, sample(t, name)); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(compact.String(), string(data)); diff != "" {
				t.Errorf("the sample differs from what is sent (-want +got):\n%s", diff)
			}
		})
	}
}
