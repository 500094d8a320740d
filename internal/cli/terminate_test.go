package cli_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ephemr/internal/cli/exit"
	"ephemr/internal/cli/terminate"
	"ephemr/internal/control"
	"ephemr/internal/emr/cluster"
	"ephemr/internal/entry"
	"ephemr/internal/fault"
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
		"unused": {answer: cluster.ManualOutput{ClusterID: "j-1", State: "TERMINATING"}, out: "j-1 is being terminated\n"},
		"used": {
			answer: cluster.ManualOutput{ClusterID: "j-1", State: "TERMINATING", Runs: []string{"r"}},
			out:    "j-1 is being terminated\n", err: "run r loses its cluster: ephemr show r tells how it ends\n",
		},
		"leased once": {
			answer: cluster.ManualOutput{ClusterID: "j-1", State: "DRAINING", Runs: []string{"r"}},
			out:    "j-1 takes no more runs, and is terminated when the run that leases it has given it back\n", err: "r\n",
		},
		"leased": {
			answer: cluster.ManualOutput{ClusterID: "j-1", State: "DRAINING", Runs: []string{"r", "q"}},
			out:    "j-1 takes no more runs, and is terminated when the 2 runs that lease it have given it back\n", err: "r\nq\n",
		},
		"refused": {refusal: fault.New(fault.InvalidInput, "cluster j-1 is used by run r"), code: exit.Usage},
		"broken":  {refusal: fault.New(fault.Internal, "no route"), code: exit.Failed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			var asked control.TerminateRequest
			w.handle("end", func(ctx context.Context, payload json.RawMessage) (any, error) {
				return entry.Wrap(func(_ context.Context, in control.TerminateRequest) (cluster.ManualOutput, error) {
					asked = in
					return tt.answer, tt.refusal
				})(ctx, payload)
			})
			s := w.settings
			s.TerminateFunction = "end"
			err := terminate.Run(t.Context(), terminate.Options{Cluster: "j-1", Force: true, Why: "by a test"}, w.io, s, w.lambda)
			if exit.CodeOf(err) != tt.code || tt.refusal != nil && !strings.Contains(err.Error(), tt.refusal.Error()) {
				t.Errorf("%v, want exit code %d", err, tt.code)
			}
			if diff := cmp.Diff(control.TerminateRequest{Hand: &cluster.ManualRequest{ClusterID: "j-1", Force: true, Why: "by a test"}}, asked); diff != "" {
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
	w.handle("", func(context.Context, json.RawMessage) (any, error) {
		return cluster.ManualOutput{ClusterID: "j-1", State: "TERMINATING", Runs: []string{}}, nil
	})
	w.no(terminate.Run(t.Context(), terminate.Options{Cluster: "j-1", JSON: true}, w.io, w.settings, w.lambda))
	if got := w.out.String(); got != "{\n  \"clusterId\": \"j-1\",\n  \"state\": \"TERMINATING\",\n  \"runs\": []\n}\n" {
		t.Errorf("got %s", got)
	}
}
