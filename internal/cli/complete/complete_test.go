package complete_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"

	"ephemr/internal/cli/complete"
	"ephemr/internal/cli/session"
	"ephemr/internal/job"
	"ephemr/internal/pipeline"
	"ephemr/internal/proof/awsfake"
	"ephemr/internal/register"
	"ephemr/internal/run"
	"ephemr/internal/run/store"
	"ephemr/internal/view/runview"
)

var (
	_ runview.Lister  = (*store.Runs)(nil)
	_ complete.Loader = (*store.Runs)(nil)
)

func newStore() *store.Runs {
	return &store.Runs{Table: "runs", DB: awsfake.NewDynamoDB(awsfake.Table{Name: "runs", PK: "pk", SK: "sk", Indexes: []awsfake.Index{
		{Name: store.ByState, PK: "gsState", SK: "gsOrder"}, {Name: store.ByPipeline, PK: "gpPipeline", SK: "gpOrder"},
	}})}
}

// fill makes runs of two pipelines, a minute apart, and returns the oldest
// first.
func fill(t *testing.T, runs *store.Runs) []string {
	t.Helper()
	var ids []string
	for i, state := range []run.State{run.Failed, run.Succeeded, run.Cancelled} {
		for _, name := range []string{"flights", "airports"} {
			at := time.Now()
			r := run.Run{ID: run.ID(name, at, fmt.Sprint(i)), Pipeline: name, State: state, LogicalTime: at, RequestedAt: at, EndedAt: at}
			if _, _, err := runs.Create(t.Context(), r, nil); err != nil {
				t.Fatal(err)
			}
			ids = append(ids, r.ID)
			time.Sleep(time.Minute)
		}
	}
	return ids
}

// The newest runs come first, with their states.
func TestRunIDs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		runs := newStore()
		ids := fill(t, runs)
		for name, tt := range map[string]struct {
			begun  string
			given  []string
			states []run.State
			want   []string
		}{
			"all": {want: []string{
				ids[5] + "\tCANCELLED, 1m00s ago", ids[4] + "\tCANCELLED, 2m00s ago", ids[3] + "\tSUCCEEDED, 3m00s ago",
				ids[2] + "\tSUCCEEDED, 4m00s ago", ids[1] + "\tFAILED, 5m00s ago", ids[0] + "\tFAILED, 6m00s ago",
			}},
			"retry":          {states: []run.State{run.Failed}, want: []string{ids[1] + "\tFAILED, 5m00s ago", ids[0] + "\tFAILED, 6m00s ago"}},
			"given already":  {states: []run.State{run.Failed}, given: ids[:1], want: []string{ids[1] + "\tFAILED, 5m00s ago"}},
			"of a pipeline":  {begun: ids[0][:len("flights-20000101")], states: []run.State{run.Failed}, want: []string{ids[0] + "\tFAILED, 6m00s ago"}},
			"a whole id":     {begun: ids[3], want: []string{ids[3] + "\tSUCCEEDED, 3m00s ago"}},
			"nothing begins": {begun: "x", want: []string{}},
		} {
			got, err := complete.RunIDs(t.Context(), runs, tt.begun, tt.given, tt.states)
			if d := cmp.Diff(tt.want, got); d != "" || err != nil {
				t.Errorf("%s: %v (-want +got):\n%s", name, err, d)
			}
		}
	})
}

func TestJobNames(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		runs := newStore()
		spec := pipeline.Spec{Jobs: []pipeline.Job{{Name: "clean", Type: job.Spark}, {Name: "publish", Type: job.Hive}}}
		if _, _, err := runs.Create(t.Context(), run.Run{ID: "r", Pipeline: "flights", State: run.Queued, LogicalTime: time.Now(), RequestedAt: time.Now()}, &spec); err != nil {
			t.Fatal(err)
		}
		got, err := complete.JobNames(t.Context(), runs, "r")
		if d := cmp.Diff([]string{"clean\tspark", "publish\thive"}, got); d != "" || err != nil {
			t.Errorf("%v (-want +got):\n%s", err, d)
		}
		if got, err := complete.JobNames(t.Context(), runs, "x"); err == nil {
			t.Errorf("jobs of a run that is not there: %q", got)
		}
	})
}

func TestPipelineNames(t *testing.T) {
	t.Parallel()
	db := awsfake.NewDynamoDB(awsfake.Table{Name: "pipelines", PK: "pk", SK: "sk"})
	pipelines := &register.Store{DB: db, Table: "pipelines"}
	for _, name := range []string{"flights", "airports"} {
		if _, _, err := pipelines.Add(t.Context(), pipeline.Spec{Name: name, Description: "All of the " + name}, "digest", time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	got, err := complete.PipelineNames(t.Context(), db, "pipelines")
	if d := cmp.Diff([]string{"airports\tAll of the airports", "flights\tAll of the flights"}, got); d != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, d)
	}
}

func TestParameters(t *testing.T) {
	t.Parallel()
	params := map[string]string{"/ephemr/dev/settings": "{}", "/ephemr/prod/settings": "{}", "/other/x/settings": "{}"}
	for i := range 15 {
		params[fmt.Sprintf("/ephemr/dev/profiles/p%02d", i)] = "{}"
	}
	api := awsfake.NewSSM(params)
	stages, err := complete.StageNames(t.Context(), api)
	if d := cmp.Diff([]string{"dev", "prod"}, stages); d != "" || err != nil {
		t.Errorf("stages: %v (-want +got):\n%s", err, d)
	}
	profiles, err := complete.ProfileNames(t.Context(), api, "dev")
	if err != nil || len(profiles) != 15 || profiles[14] != "p14" {
		t.Errorf("profiles: %q, %v", profiles, err)
	}
}

// A completion ends at its time limit and prints no errors.
func TestInTime(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		find  func(context.Context) ([]cobra.Completion, error)
		limit string
		want  int
		took  time.Duration
	}{
		"found":           {func(context.Context) ([]cobra.Completion, error) { return []string{"a", "b", "ab\tsecond"}, nil }, "", 2, 0},
		"error":           {func(context.Context) ([]cobra.Completion, error) { return []string{"a"}, errors.New("no") }, "", 0, 0},
		"too late":        {func(context.Context) ([]cobra.Completion, error) { time.Sleep(time.Minute); return []string{"a"}, nil }, "", 0, time.Second},
		"a longer limit":  {func(context.Context) ([]cobra.Completion, error) { time.Sleep(time.Minute); return []string{"a"}, nil }, "2m", 1, time.Minute},
		"a limit of none": {func(context.Context) ([]cobra.Completion, error) { time.Sleep(time.Minute); return []string{"a"}, nil }, "0s", 0, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				app := &session.App{Getenv: func(name string) string {
					return map[string]string{"EPHEMR_COMPLETION_TIMEOUT": tt.limit}[name]
				}}
				cmd := &cobra.Command{}
				cmd.SetContext(t.Context())
				began := time.Now()
				f := complete.InTime(app, func(ctx context.Context, _ []string, _ string) ([]cobra.Completion, error) { return tt.find(ctx) })
				got, directive := f(cmd, nil, "a")
				if took := time.Since(began); len(got) != tt.want || took != tt.took || directive&cobra.ShellCompDirectiveNoFileComp == 0 {
					t.Errorf("got %q, %d after %s", got, directive, took)
				}
				time.Sleep(time.Minute) // let late goroutines end
			})
		})
	}
}

// Without a stage nothing is requested.
func TestWithoutStage(t *testing.T) {
	t.Parallel()
	app := &session.App{Getenv: func(string) string { return "" }, Connect: func(context.Context, string) (*session.Session, error) {
		t.Error("connects")
		return nil, errors.New("no")
	}}
	cmd := &cobra.Command{}
	cmd.SetContext(t.Context())
	for _, f := range []complete.Func{complete.Runs(app), complete.Jobs(app), complete.Pipelines(app), complete.Profiles(app)} {
		if got, _ := complete.Args(f)(cmd, nil, ""); len(got) != 0 {
			t.Errorf("got %s", strings.Join(got, " "))
		}
		if got, _ := complete.Args(f)(cmd, []string{"one"}, ""); len(got) != 0 {
			t.Errorf("a second argument is offered: %s", strings.Join(got, " "))
		}
	}
}
