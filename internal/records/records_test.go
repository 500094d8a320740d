package records_test

import (
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"ephemr/internal/proof/awsfake"
	"ephemr/internal/records"
)

var at = time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)

// TestKeys holds the stored format: tables of deployed stages contain these keys.
func TestKeys(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		key  records.Key
		want records.Key
	}{
		{"run", records.RunKey("r"), records.Key{Partition: "r", Sort: "RUN"}},
		{"spec", records.SpecKey("r"), records.Key{Partition: "r", Sort: "SPEC"}},
		{"waiter", records.WaiterKey("r"), records.Key{Partition: "r", Sort: "WAIT"}},
		{"job", records.JobKey("r", "clean"), records.Key{Partition: "r", Sort: "JOB#clean"}},
		{"cluster attempt", records.ClusterAttemptKey("r", 2), records.Key{Partition: "r", Sort: "CLUSTER#002"}},
		{"request", records.RequestKey("AROA1:session", "x:1"), records.Key{Partition: "REQUEST#AROA1#x:1", Sort: "REQUEST"}},
		{"request of a person", records.RequestKey("AROA1:ann@example.com", "x"), records.Key{Partition: "REQUEST#AROA1:ann@example.com#x", Sort: "REQUEST"}},
		{"team", records.TeamKey("data"), records.Key{Partition: "TEAMS", Sort: "data"}},
		{"cluster", records.ClusterKey("j-1"), records.Key{Partition: "j-1"}},
		{"pool", records.PoolKey("data", "nightly"), records.Key{Partition: "POOL#data#nightly"}},
		{"pools", records.PoolsKey(), records.Key{Partition: "POOLS"}},
		{"slots of the stage", records.StageSlotsKey(), records.Key{Partition: "SLOTS#stage"}},
		{"slots of a team", records.TeamSlotsKey("data"), records.Key{Partition: "SLOTS#team#data"}},
		{"slots of a pipeline", records.PipelineSlotsKey("daily"), records.Key{Partition: "SLOTS#pipeline#daily"}},
		{"pass", records.PassKey(), records.Key{Partition: "PASS"}},
		{"budget", records.BudgetKey("ListSteps"), records.Key{Partition: "BUDGET#ListSteps"}},
		{"size", records.SizeKey("j-1"), records.Key{Partition: "SIZE#j-1"}},
		{"current version", records.CurrentVersionKey("daily"), records.Key{Partition: "daily", Sort: "CURRENT"}},
		{"version", records.VersionKey("daily", 12), records.Key{Partition: "daily", Sort: "V#000012"}},
		{"watch", records.WatchKey("raw", "daily"), records.Key{Partition: "S3#raw", Sort: "daily"}},
	} {
		if diff := cmp.Diff(tt.want, tt.key); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", tt.name, diff)
		}
		if _, sorted := tt.key.Attributes()[records.SortName]; sorted != (tt.want.Sort != "") {
			t.Errorf("%s: attributes %v", tt.name, tt.key.Attributes())
		}
	}
}

func TestOrder(t *testing.T) {
	t.Parallel()
	if got, want := records.QueueOrder("p", 9, at, "r"), "p#0#2026-01-02T03:04:05.000000006Z#r"; got != want {
		t.Errorf("order %s, want %s", got, want)
	}
	if got := records.QueuePartition("data"); got != "QUEUED#data" {
		t.Errorf("queue %s", got)
	}
	sorted := []string{
		records.QueuePlace(0, at, "earlier"), records.EarlierQueues,
		records.QueueOrder("p", 5, at.Add(time.Hour), "a"), records.QueueOrder("p", 0, at.Add(-time.Hour), "a"),
		records.QueueOrder("p", 0, at, "a"), records.QueueOrder("p", 0, at, "b"), records.QueueEnd("p"),
		records.QueueOrder("p-1", 9, at, "a"), records.QueueOrder("p1", 9, at, "a"),
	}
	for i := range sorted[1:] {
		if sorted[i] >= sorted[i+1] {
			t.Errorf("%s does not sort before %s", sorted[i], sorted[i+1])
		}
	}
}

func table() *awsfake.DynamoDB {
	return awsfake.NewDynamoDB(awsfake.Table{Name: "t", PK: "pk", SK: "sk"})
}

// TestConditional goes through what a conditional write can meet.
func TestConditional(t *testing.T) {
	t.Parallel()
	db, key := table(), records.RunKey("r")
	set := func(v string) expression.UpdateBuilder {
		return expression.Set(expression.Name("v"), expression.Value(v))
	}
	item := key.Attributes()
	item["v"] = records.String("a")
	for _, step := range []struct {
		name string
		do   func() (bool, error)
		want bool
	}{
		{"update a missing item", func() (bool, error) {
			return records.Update(t.Context(), db, "t", key, set("b"), records.Present())
		}, false},
		{"put", func() (bool, error) { return records.Put(t.Context(), db, "t", item, records.Absent()) }, true},
		{"put again", func() (bool, error) { return records.Put(t.Context(), db, "t", item, records.Absent()) }, false},
		{"update", func() (bool, error) {
			return records.Update(t.Context(), db, "t", key, set("b"), records.Is("v", "a"))
		}, true},
		{"update too late", func() (bool, error) {
			return records.Update(t.Context(), db, "t", key, set("c"), records.Is("v", "a"))
		}, false},
		{"delete too late", func() (bool, error) { return records.Delete(t.Context(), db, "t", key, records.Is("v", "a")) }, false},
		{"delete", func() (bool, error) { return records.Delete(t.Context(), db, "t", key, records.Is("v", "b")) }, true},
		{"update a deleted item", func() (bool, error) {
			return records.Update(t.Context(), db, "t", key, set("b"), records.Present())
		}, false},
	} {
		if got, err := step.do(); got != step.want || err != nil {
			t.Errorf("%s: changed %v, error %v", step.name, got, err)
		}
	}
}

// TestApply returns the item as it is, changed or not.
func TestApply(t *testing.T) {
	t.Parallel()
	db, key := table(), records.RunKey("r")
	for _, want := range []struct {
		v       string
		changed bool
		item    string
	}{{"a", true, "a"}, {"b", false, "a"}} {
		in, err := records.UpdateInput("t", key, expression.Set(expression.Name("v"), expression.Value(want.v)), records.Absent())
		if err != nil {
			t.Fatal(err)
		}
		in.ReturnValues, in.ReturnValuesOnConditionCheckFailure = types.ReturnValueAllNew, types.ReturnValuesOnConditionCheckFailureAllOld
		it, changed, err := records.Apply(t.Context(), db, in)
		if changed != want.changed || records.Text(it["v"]) != want.item || err != nil {
			t.Errorf("changed %v, item %v, error %v", changed, it, err)
		}
	}
	_, changed, err := records.Apply(t.Context(), db, &dynamodb.UpdateItemInput{})
	if changed || err == nil {
		t.Errorf("a wrong call: changed %v, error %v", changed, err)
	}
}

func TestConditionFailed(t *testing.T) {
	t.Parallel()
	failed := "ConditionalCheckFailed"
	other := "TransactionConflict"
	for _, tt := range []struct {
		name string
		err  error
		want bool
	}{
		{"none", nil, false},
		{"another", errors.New("x"), false},
		{"single write", &types.ConditionalCheckFailedException{}, true},
		{"transaction", &types.TransactionCanceledException{CancellationReasons: []types.CancellationReason{{}, {Code: &failed}}}, true},
		{"conflict", &types.TransactionCanceledException{CancellationReasons: []types.CancellationReason{{Code: &other}}}, false},
	} {
		if got := records.ConditionFailed(tt.err); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}
