package cli_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"ephemr/internal/cli/exit"
	cliresize "ephemr/internal/cli/resize"
	"ephemr/internal/emr/resize"
	"ephemr/internal/fault"
	"ephemr/internal/operation"
)

// growth is a resize function that returns these results in order, and then the
// last one.
type growth struct {
	asked   []resize.Input
	answers []any // resize.Output or error
}

func (w *world) resizes(answers ...any) *growth {
	g := &growth{answers: answers}
	w.controls(operation.Handler{Resize: operation.Of(func(_ context.Context, in resize.Input) (any, error) {
		g.asked = append(g.asked, in)
		now := g.answers[0]
		if len(g.answers) > 1 {
			g.answers = g.answers[1:]
		}
		if err, failed := now.(error); failed {
			return nil, err
		}
		return now, nil
	})})
	return g
}

// coreOf is a cluster with a requested core fleet of four units.
func coreOf(has int, state string) resize.Output {
	four := 4
	done := has == four && state == "RUNNING"
	return resize.Output{
		ClusterID: "j-1ABC", RunID: "r", State: "WAITING", Steps: 1, Changed: []string{}, Done: done,
		Fleets: []resize.Part{{Kind: "core", ID: "if-1", Types: []string{"m5.xlarge"}, Asked: &four, Target: 4, Has: has, Spot: has, State: state, Done: done}},
	}
}

func fourCores(more func(*cliresize.Options)) cliresize.Options {
	o := cliresize.Options{Target: "r", Ask: resize.Ask{Core: &resize.Size{Units: 4}}, By: "ada", Timeout: 15 * time.Minute}
	if more != nil {
		more(&o)
	}
	return o
}

func TestResizeWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		first := coreOf(2, "RESIZING")
		first.Changed = []string{"core 4"}
		throttled := fault.New(fault.Throttled, "the EMR call budget is used up")
		g := w.resizes(throttled, first, coreOf(2, "RESIZING"), throttled, coreOf(3, "RESIZING"), coreOf(4, "RUNNING"))
		began := time.Now()
		w.no(cliresize.Run(t.Context(), fourCores(nil), w.io, w.settings, w.lambda))
		if got, want := w.out.String(), "core: requested 4, running 4 (m5.xlarge; 4 Spot)\n"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		if w.err.String() != "" {
			t.Errorf("stderr %q", w.err.String())
		}
		if took, want := time.Since(began), 5*time.Second+(1+2+3+5)*time.Second; took != want {
			t.Errorf("took %s, want %s", took, want)
		}
		want := []resize.Input{
			{RunID: "r", Ask: g.asked[0].Ask, By: "ada"}, {RunID: "r", Ask: g.asked[0].Ask, By: "ada"},
		}
		for range 4 {
			want = append(want, resize.Input{ClusterID: "j-1ABC", Ask: g.asked[0].Ask, By: "ada", Look: true})
		}
		if d := cmp.Diff(want, g.asked); d != "" {
			t.Error(d)
		}
	})
}

func TestResizeEnds(t *testing.T) {
	t.Parallel()
	suspended := coreOf(3, "SUSPENDED")
	suspended.Fleets[0].Reason, suspended.Stuck = "insufficient Spot capacity for instance type(s) [m5.xlarge].", "core: SUSPENDED, insufficient Spot capacity"
	already := coreOf(4, "RUNNING")
	for name, tt := range map[string]struct {
		options  func(*cliresize.Options)
		answers  []any
		code     int
		out, err string
		asked    int
	}{
		"no capacity": {
			answers: []any{coreOf(2, "RESIZING"), suspended}, code: 1, asked: 3,
			out: "core: requested 4, running 3 (m5.xlarge; 3 Spot): insufficient Spot capacity for instance type(s) [m5.xlarge].\n",
			err: "not completed: core: SUSPENDED, insufficient Spot capacity\nrepeat the command to retry",
		},
		"stuck for a moment only": {answers: []any{coreOf(2, "RESIZING"), suspended, coreOf(4, "RUNNING")}, asked: 3, out: "core: requested 4, running 4"},
		"not in time": {
			options: func(o *cliresize.Options) { o.Timeout = 10 * time.Second }, answers: []any{coreOf(3, "RESIZING")}, code: 1, asked: 4,
			out: "core: requested 4, running 3 (m5.xlarge; 3 Spot), RESIZING\n", err: "not completed: not within 10.0s; the resize continues\ncheck it with: ephemr resize r\n",
		},
		"does not wait": {
			options: func(o *cliresize.Options) { o.NoWait = true }, answers: []any{coreOf(2, "RESIZING")}, asked: 1,
			out: "core: requested 4, running 2 (m5.xlarge; 2 Spot), RESIZING\n", err: "resize in progress; check it with: ephemr resize r\n",
		},
		"was so already": {answers: []any{already}, asked: 1, out: "core: requested 4, running 4", err: "no change: the cluster already has this size\n"},
		"refused":        {answers: []any{fault.New(fault.InvalidInput, "cluster j-1ABC: core: EMR keeps at least one")}, code: 2, asked: 1},
		"breaks":         {answers: []any{coreOf(2, "RESIZING"), fault.New(fault.Internal, "boom")}, code: 1, asked: 2},
		"never wait":     {options: func(o *cliresize.Options) { o.Timeout = 0 }, answers: []any{already}, code: 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				g := w.resizes(tt.answers...)
				err := cliresize.Run(t.Context(), fourCores(tt.options), w.io, w.settings, w.lambda)
				if got := exit.CodeOf(err); got != tt.code {
					t.Errorf("exit code %d, want %d: %v", got, tt.code, err)
				}
				contains(t, w.out.String(), tt.out)
				contains(t, w.err.String(), tt.err)
				if len(g.asked) != tt.asked {
					t.Errorf("asked %d times, want %d", len(g.asked), tt.asked)
				}
			})
		})
	}
}

func TestResizeShows(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	now := coreOf(4, "RUNNING")
	now.Fleets[0].Asked = nil
	now.Fleets = append(now.Fleets, resize.Part{Kind: "task", Types: []string{"m5.xlarge", "m5a.xlarge"}, Target: 2, Has: 1, OnDemand: 1, State: "SUSPENDED", Reason: "no capacity"})
	now.Limits = &resize.Limits{Min: 1, Max: 9, MaxOnDemand: new(2)}
	g := w.resizes(now)
	w.no(cliresize.Run(t.Context(), cliresize.Options{Target: "j-1ABC", Timeout: time.Minute}, w.io, w.settings, w.lambda))
	w.golden("resize")
	if len(g.asked) != 1 || !g.asked[0].Look || g.asked[0].ClusterID != "j-1ABC" {
		t.Errorf("asked %+v", g.asked)
	}
	w.out = buffer{}
	w.no(cliresize.Run(t.Context(), cliresize.Options{Target: "j-1ABC", Timeout: time.Minute, JSON: true}, w.io, w.settings, w.lambda))
	var out resize.Output
	w.no(json.Unmarshal([]byte(w.out.String()), &out))
	if d := cmp.Diff(now, out); d != "" {
		t.Error(d)
	}
}

// A terminal shows the progress; an interrupt ends only the waiting.
func TestResizeOnTerminal(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.io.ErrTTY, w.io.Color = true, true
		w.resizes(coreOf(2, "RESIZING"))
		ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
		defer cancel()
		if err := cliresize.Run(ctx, fourCores(nil), w.io, w.settings, w.lambda); err == nil {
			t.Error("an interrupt is no error")
		}
		contains(t, w.err.String(), "core 2 of 4 resizing, waiting up to 15m00s", "the resize continues; check it with: ephemr resize r")
		if w.out.String() != "" {
			t.Errorf("stdout %q", w.out.String())
		}
		if tail := w.err.String()[strings.LastIndex(w.err.String(), "\r"):]; strings.Contains(tail, "resizing") {
			t.Errorf("the line stays: %q", tail)
		}
	})
}

func TestResizeFlags(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]struct {
		code int
		err  string
	}{
		"resize":                              {2, "ephemr resize requires CLUSTER|RUN"},
		"resize j-1 --stage dev --core many":  {2, `invalid --core "many": expected a whole number`},
		"resize j-1 --stage dev --steps 2 x":  {2, `not "j-1 x"`},
		"resize j-1 --task-on-demand 2":       {2, "--task-on-demand requires --task"},
		"resize j-1 --core-on-demand 2":       {2, "--core-on-demand requires --core"},
		"resize j-1 --stage dev --task 4":     {1, "connect to dev"},
		"resize j-1 --stage dev --timeout 1x": {2, `invalid --timeout "1x": expected a duration such as 90s`},
	} {
		code, _, stderr := main(t, nil, strings.Fields(line)...)
		if code != want.code {
			t.Errorf("%s: exit code %d, want %d", line, code, want.code)
		}
		contains(t, stderr, want.err)
	}
}
