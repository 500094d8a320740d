package cli_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ephemr/internal/cli/exit"
	"ephemr/internal/cli/terminate"
	"ephemr/internal/emr/cluster"
	"ephemr/internal/fault"
	"ephemr/internal/operation"
)

func TestTerminate(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		answer  cluster.ManualOutput
		refusal error
		code    int
		out     string
		err     string
	}{
		"unused": {answer: cluster.ManualOutput{ClusterID: "j-1", State: "TERMINATING"}, out: "terminating cluster j-1\n"},
		"used": {
			answer: cluster.ManualOutput{ClusterID: "j-1", State: "TERMINATING", Runs: []string{"r"}},
			out:    "terminating cluster j-1\n", err: "run r loses its cluster; check it with: ephemr show r\n",
		},
		"leased once": {
			answer: cluster.ManualOutput{ClusterID: "j-1", State: "DRAINING", Runs: []string{"r"}},
			out:    "draining cluster j-1: it terminates when the run that leases it has returned it\n", err: "r\n",
		},
		"leased": {
			answer: cluster.ManualOutput{ClusterID: "j-1", State: "DRAINING", Runs: []string{"r", "q"}},
			out:    "draining cluster j-1: it terminates when the 2 runs that lease it have returned it\n", err: "r\nq\n",
		},
		"refused": {refusal: fault.New(fault.InvalidInput, "cluster j-1 is used by run r"), code: exit.CodeUsage},
		"broken":  {refusal: fault.New(fault.Internal, "no route"), code: exit.CodeFailed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			var asked cluster.ManualRequest
			w.controls(operation.Handler{Terminate: operation.Of(func(_ context.Context, in cluster.ManualRequest) (cluster.ManualOutput, error) {
				asked = in
				return tt.answer, tt.refusal
			})})
			err := terminate.Run(t.Context(), terminate.Options{Cluster: "j-1", Force: true, Why: "by a test"}, w.io, w.settings, w.lambda)
			if exit.CodeOf(err) != tt.code || tt.refusal != nil && !strings.Contains(err.Error(), tt.refusal.Error()) {
				t.Errorf("%v, want exit code %d", err, tt.code)
			}
			if diff := cmp.Diff(cluster.ManualRequest{ClusterID: "j-1", Force: true, Why: "by a test"}, asked); diff != "" {
				t.Errorf("asked for -want +got:\n%s", diff)
			}
			if w.out.String() != tt.out || w.err.String() != tt.err {
				t.Errorf("stdout %q, stderr %q", w.out.String(), w.err.String())
			}
		})
	}
}

func TestTerminateJSON(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.handle("control", func(context.Context, json.RawMessage) (any, error) {
		return cluster.ManualOutput{ClusterID: "j-1", State: "TERMINATING", Runs: []string{}}, nil
	})
	w.no(terminate.Run(t.Context(), terminate.Options{Cluster: "j-1", JSON: true}, w.io, w.settings, w.lambda))
	if got := w.out.String(); got != "{\n  \"clusterId\": \"j-1\",\n  \"state\": \"TERMINATING\",\n  \"runs\": []\n}\n" {
		t.Errorf("got %s", got)
	}
}
